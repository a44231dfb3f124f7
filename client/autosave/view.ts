import type { JsonObject } from "../../json/equality.ts";
import { type FieldConflict, isClean, type Pending, shownStage, shownState } from "./pending.ts";
import { report } from "./report.ts";
import type { Halt, SaveStatus } from "./status.ts";
import type { Wait } from "./timing.ts";
import type { Snapshot, StageProgress, WizardProblem } from "./transport.ts";
import { share } from "./values.ts";

/** What is to be seen, as one object that is replaced when something in it changes. */
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

/** What a view is made of. What stands as a question is asked only where the answer matters. */
export interface Facts {
  readonly pending: Pending | undefined;
  readonly session: Snapshot | undefined;
  readonly savedAt: number;
  readonly ownStage: number | undefined;
  readonly halt: Halt | undefined;
  readonly retry: Wait | undefined;
  readonly isSending: boolean;
  /** Whether something is still to be sent that another tab has left. */
  readonly hasOrphans: boolean;
  isSignedOut(): boolean;
  isOnline(): boolean;
  keepsAll(): boolean;
  canUndo(state: JsonObject): boolean;
}

export function statusOf(facts: Facts): SaveStatus {
  const { pending, halt, retry } = facts;
  if (halt && halt.phase !== "refused") return halt;
  if (facts.isSignedOut()) return { phase: "signIn" };
  if (!pending) return halt ?? { phase: "loading" };
  if (pending.conflicts.length > 0) return { phase: "conflict" };
  if (halt) return halt;
  if (isClean(pending) && !facts.hasOrphans) {
    return { phase: "saved", revision: pending.known.revision, at: new Date(facts.savedAt) };
  }
  if (facts.isSending) return { phase: "saving" };
  const phase = facts.keepsAll() ? "kept" : "editing";
  if (!facts.isOnline()) return { phase, reason: "offline" };
  if (retry) return { phase, reason: "retrying", retryAt: new Date(retry.until) };
  return { phase: "editing" };
}

/** The view by now: `previous` itself where nothing has changed, and its parts where they have not. */
function viewOf(previous: AutosaverView, facts: Facts): AutosaverView {
  const { pending, session, halt, ownStage } = facts;
  const state = pending ? shownState(pending) : {};
  const next: AutosaverView = {
    state: share(previous.state, state),
    stage: ownStage ?? (pending ? shownStage(pending) : 1),
    revision: pending?.known.revision,
    eventId: session?.eventId ?? null,
    status: sameStatus(previous.status, statusOf(facts)),
    problems: share(previous.problems, session?.problems ?? []),
    progress: share(previous.progress, session?.progress ?? []),
    conflicts: share(previous.conflicts, pending?.conflicts ?? []),
    canUndo: halt?.phase !== "completed" && facts.canUndo(state),
  };
  const keys = Object.keys(next) as (keyof AutosaverView)[];
  return keys.every((key) => Object.is(next[key], previous[key])) ? previous : next;
}

function sameStatus(previous: SaveStatus, next: SaveStatus): SaveStatus {
  return JSON.stringify(previous) === JSON.stringify(next) ? previous : next;
}

export interface Publisher {
  getView(): AutosaverView;
  /** Calls `listener` after each change of the view, until the function that is given back is called. */
  subscribe(listener: () => void): () => void;
  /** To be called when one of the facts may have changed. */
  publish(): void;
}

/** Shows who listens what there is to be seen, until the signal comes. */
export function makePublisher(facts: () => Facts, signal: AbortSignal): Publisher {
  const listeners = new Set<() => void>();
  let view = LOADING_VIEW;
  signal.addEventListener("abort", () => listeners.clear());
  return {
    getView: () => view,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    publish: () => {
      if (signal.aborted) return;
      const next = viewOf(view, facts());
      if (next === view) return;
      view = next;
      for (const listener of [...listeners]) {
        try {
          listener();
        } catch (error) {
          // What goes wrong in the page is no reason to stop saving.
          report(error);
        }
      }
    },
  };
}
