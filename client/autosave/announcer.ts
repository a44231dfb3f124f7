import { type SaveStatus, statusText } from "./status.ts";

const CALM_MS = 2_000;
/** Announced at once, since the user has to act or to know. */
const URGENT: readonly SaveStatus["phase"][] = ["conflict", "refused", "signIn", "missing", "completed"];
/** Not announced: they come with every few letters, or only lead to another status. */
const SILENT: readonly SaveStatus["phase"][] = ["loading", "editing", "saving"];

export interface Announcer {
  /** To be called with each status. */
  hear(status: SaveStatus): void;
  stop(): void;
}

/**
 * Decides what a screen reader announces. A user who types must not hear "Saving… Saved" at every pause: a success is
 * announced once it has lasted for a moment, and again only after another status. What needs the user is announced at
 * once. Put the text into an element with `aria-live="polite"`.
 */
export function makeAnnouncer(
  announce: (text: string) => void,
  { calmMs = CALM_MS, now = () => new Date() }: { calmMs?: number; now?: () => Date } = {},
): Announcer {
  let announced: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const announceOnce = (status: SaveStatus) => {
    const kind = kindOf(status);
    if (kind === announced) return;
    announced = kind;
    announce(status.phase === "saved" ? "Saved" : statusText(status, now()));
  };
  return {
    hear: (status) => {
      clearTimeout(timer);
      // Changes that wait without a journal are not a pause in typing.
      const waits = status.phase === "editing" && status.reason !== undefined;
      if (SILENT.includes(status.phase) && !waits) return;
      if (URGENT.includes(status.phase)) announceOnce(status);
      else timer = setTimeout(() => announceOnce(status), calmMs);
    },
    stop: () => clearTimeout(timer),
  };
}

function kindOf(status: SaveStatus): string {
  return JSON.stringify([status.phase, "reason" in status && status.reason, "code" in status && status.code]);
}
