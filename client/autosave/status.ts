export type SaveStatus =
  | { readonly phase: "loading" }
  /** There are unsaved changes. `reason` says what they wait for, if that is not a pause in typing. */
  | { readonly phase: "editing"; readonly reason?: "offline" | "retrying"; readonly retryAt?: Date }
  | { readonly phase: "saving" }
  /** The server has everything that was typed here. */
  | { readonly phase: "saved"; readonly revision: number; readonly at: Date }
  /** Unsaved changes are in this device's journal, where a reload finds them. */
  | { readonly phase: "kept"; readonly reason: "offline" | "retrying"; readonly retryAt?: Date }
  | { readonly phase: "signIn" }
  | { readonly phase: "conflict" }
  | { readonly phase: "completed" }
  /** The server refuses the content. It is sent again after the next change. */
  | { readonly phase: "refused"; readonly code: string; readonly message: string }
  | { readonly phase: "missing" };

/** A state in which nothing is sent. Only `refused` ends, with the next change. */
export type Terminal = Extract<SaveStatus, { phase: "missing" | "completed" | "refused" }>;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The text for a status, to show and to announce. */
export function statusText(status: SaveStatus, now: Date): string {
  switch (status.phase) {
    case "loading":
      return "Loading…";
    case "editing":
      if (status.reason === "offline") return "Not saved. You are offline. Keep this page open.";
      if (status.reason === "retrying")
        return `Not saved. The server can’t be reached. Keep this page open. ${again(status.retryAt, now)}`;
      return "Not saved yet";
    case "saving":
      return "Saving…";
    case "saved":
      return `Saved ${ago(now.getTime() - status.at.getTime())}`;
    case "kept":
      if (status.reason === "offline")
        return "Offline. Your changes are kept on this device and will be saved when you are back online.";
      return `The server can’t be reached. Your changes are kept on this device. ${again(status.retryAt, now)}`;
    case "signIn":
      return "Not saved. Sign in again to save your changes.";
    case "conflict":
      return "Not saved. The same fields were changed somewhere else. Choose which values to keep.";
    case "completed":
      return "Completed. It can no longer be changed.";
    case "refused":
      return `Not saved. ${status.message}`;
    case "missing":
      return "This draft no longer exists, or it belongs to another user.";
  }
}

function again(retryAt: Date | undefined, now: Date): string {
  const seconds = retryAt ? Math.ceil((retryAt.getTime() - now.getTime()) / SECOND) : 0;
  return seconds > 1 ? `Trying again in ${seconds} seconds.` : "Trying again…";
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
