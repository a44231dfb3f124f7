import type { JsonObject } from "../../json/equality.ts";
import { type FieldConflict, shownStage, shownState } from "./pending.ts";
import { report } from "./report.ts";
import { blockedBy, isKept, isSaved, isSending, type State } from "./state.ts";
import type { SaveStatus } from "./status.ts";
import type { StageProgress, WizardProblem } from "./transport.ts";
import { newestStep } from "./undoStack.ts";
import { share } from "./values.ts";

/** What a page shows of a session: one object, replaced when something in it changes. */
export interface AutosaverView {
  readonly state: JsonObject;
  readonly stage: number;
  readonly revision: number | undefined;
  readonly eventId: string | null;
  readonly status: SaveStatus;
  readonly problems: readonly WizardProblem[];
  readonly progress: readonly StageProgress[];
  readonly conflicts: readonly FieldConflict[];
  readonly canUndo: boolean;
}

export const LOADING_VIEW: AutosaverView = {
  state: {},
  stage: 1,
  revision: undefined,
  eventId: null,
  status: { phase: "loading" },
  problems: [],
  progress: [],
  conflicts: [],
  canUndo: false,
};

export function statusOf(state: State, now: number): SaveStatus {
  const { pending, terminal, retryAt } = state;
  const blocks = blockedBy(state, now);
  switch (blocks[0]) {
    case "missing":
    case "completed":
    case "refused":
      if (terminal) return terminal;
      break;
    case "signedOut":
    case "otherUser":
      return { phase: "signIn" };
    case "conflict":
      return { phase: "conflict" };
  }
  if (!pending) return { phase: "loading" };
  if (isSaved(state)) return { phase: "saved", revision: pending.base.revision, at: new Date(state.savedAt) };
  if (isSending(state)) return { phase: "saving" };
  const phase = isKept(state) ? "kept" : "editing";
  if (blocks.includes("offline")) return { phase, reason: "offline" };
  if (blocks.includes("retryPause") && retryAt !== undefined) {
    return { phase, reason: "retrying", retryAt: new Date(retryAt) };
  }
  return { phase: "editing" };
}

/** The present view. It is `previous` itself if nothing has changed, and has the same parts where they have not. */
function viewOf(previous: AutosaverView, state: State, now: number): AutosaverView {
  const { pending, session, terminal, ownStage, undoStack } = state;
  const shown = pending ? shownState(pending) : {};
  const next: AutosaverView = {
    state: share(previous.state, shown),
    stage: ownStage ?? (pending ? shownStage(pending) : 1),
    revision: pending?.base.revision,
    eventId: session?.eventId ?? null,
    status: sameStatus(previous.status, statusOf(state, now)),
    problems: share(previous.problems, session?.problems ?? []),
    progress: share(previous.progress, session?.progress ?? []),
    conflicts: share(previous.conflicts, pending?.conflicts ?? []),
    canUndo: terminal?.phase !== "completed" && newestStep(undoStack, shown) !== undefined,
  };
  const keys = Object.keys(next) as (keyof AutosaverView)[];
  return keys.every((key) => Object.is(next[key], previous[key])) ? previous : next;
}

function sameStatus(previous: SaveStatus, next: SaveStatus): SaveStatus {
  return JSON.stringify(previous) === JSON.stringify(next) ? previous : next;
}

export interface Publisher {
  getView(): AutosaverView;
  /** Calls `listener` after each change of the view, until the returned function is called. */
  subscribe(listener: () => void): () => void;
  /** Publishes the view of a state, unless the saver has been stopped. */
  publish(state: State, now: number): void;
}

export function makePublisher(): Publisher {
  const listeners = new Set<() => void>();
  let view = LOADING_VIEW;
  return {
    getView: () => view,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    publish: (state, now) => {
      if (state.isStopped) return;
      const next = viewOf(view, state, now);
      if (next === view) return;
      view = next;
      for (const listener of [...listeners]) {
        try {
          listener();
        } catch (error) {
          // An error in the page must not stop saving.
          report(error);
        }
      }
    },
  };
}
