export type SaveStatus =
  | { readonly phase: "loading" }
  /** Typed and not sent yet, or not sent again yet: `reason` says what it waits for where that is not a pause in typing. */
  | { readonly phase: "editing"; readonly reason?: "offline" | "retrying"; readonly retryAt?: Date }
  | { readonly phase: "saving" }
  /** Nothing that was typed here is unsaved. */
  | { readonly phase: "saved"; readonly revision: number; readonly at: Date }
  /** On this device only, where a reload finds it. */
  | { readonly phase: "kept"; readonly reason: "offline" | "retrying"; readonly retryAt?: Date }
  | { readonly phase: "signIn" }
  | { readonly phase: "conflict" }
  | { readonly phase: "completed" }
  /** Sending it again does not help; it is sent when something is changed. */
  | { readonly phase: "refused"; readonly code: string; readonly message: string }
  | { readonly phase: "missing" };

/** A state in which nothing is sent. Only `refused` ends, with the next change. */
export type Terminal = Extract<SaveStatus, { phase: "missing" | "completed" | "refused" }>;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The words for a status, to be shown and announced. */
export function statusText(status: SaveStatus, now: Date): string {
  switch (status.phase) {
    case "loading":
      return "Loading…";
    case "editing":
      if (status.reason === "offline") return "Not saved: you are offline. Keep this page open.";
      if (status.reason === "retrying")
        return `Not saved: the server can’t be reached. Keep this page open. ${again(status.retryAt, now)}`;
      return "Not saved yet";
    case "saving":
      return "Saving…";
    case "saved":
      return `Saved ${ago(now.getTime() - status.at.getTime())}`;
    case "kept":
      if (status.reason === "offline") return "Kept on this device: you are offline. It is saved when you are back.";
      return `Kept on this device: the server can’t be reached. ${again(status.retryAt, now)}`;
    case "signIn":
      return "Not saved: sign in again, then saving goes on.";
    case "conflict":
      return "Not saved: somebody changed the same fields. Choose what to keep.";
    case "completed":
      return "Completed. Nothing can be changed any more.";
    case "refused":
      return `Not saved: ${status.message}`;
    case "missing":
      return "There is no such draft any more, or it is not yours.";
  }
}

function again(retryAt: Date | undefined, now: Date): string {
  const seconds = retryAt ? Math.ceil((retryAt.getTime() - now.getTime()) / SECOND) : 0;
  return seconds > 1 ? `Next attempt in ${seconds} seconds.` : "Trying again…";
}

function ago(ms: number): string {
  if (ms < MINUTE) return "just now";
  if (ms < HOUR) return count(Math.floor(ms / MINUTE), "minute");
  if (ms < DAY) return count(Math.floor(ms / HOUR), "hour");
  return count(Math.floor(ms / DAY), "day");
}

function count(number: number, unit: string): string {
  return `${number} ${unit}${number === 1 ? "" : "s"} ago`;
}
