import { type SaveStatus, statusText } from "./status.ts";

const CALM_MS = 2_000;
/** What has to be done or known at once. */
const URGENT: readonly SaveStatus["phase"][] = ["conflict", "refused", "signIn", "missing", "completed"];
/** Comes with every few letters, or only says that something is about to come. */
const SILENT: readonly SaveStatus["phase"][] = ["loading", "editing", "saving"];

export interface Announcer {
  /** Tells of each status; what is worth it is handed to `announce`. */
  hear(status: SaveStatus): void;
  stop(): void;
}

/**
 * Decides what a screen reader is told. Whoever types must not hear «Saving… Saved» at every pause: a success is told
 * when it has lasted for a moment, and again only after there was something else; what needs somebody is told at once.
 * Hand the words to an element with `aria-live="polite"`.
 */
export function makeAnnouncer(
  announce: (text: string) => void,
  { calmMs = CALM_MS, now = () => new Date() }: { calmMs?: number; now?: () => Date } = {},
): Announcer {
  let told: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = (status: SaveStatus) => {
    const what = kindOf(status);
    if (what === told) return;
    told = what;
    announce(status.phase === "saved" ? "Saved" : statusText(status, now()));
  };
  return {
    hear: (status) => {
      clearTimeout(timer);
      // Waiting without a journal is no pause in typing: it needs to be known.
      const waits = status.phase === "editing" && status.reason !== undefined;
      if (SILENT.includes(status.phase) && !waits) return;
      if (URGENT.includes(status.phase)) tell(status);
      else timer = setTimeout(() => tell(status), calmMs);
    },
    stop: () => clearTimeout(timer),
  };
}

function kindOf(status: SaveStatus): string {
  return JSON.stringify([status.phase, "reason" in status && status.reason, "code" in status && status.code]);
}
