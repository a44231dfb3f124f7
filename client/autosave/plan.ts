import { valuesBefore } from "../../json/mergePatch.ts";
import { isClean, type Pending, type Save } from "./pending.ts";
import { fitsKeepalive } from "./reduce.ts";
import {
  type Block,
  blockedBy,
  type Effect,
  isJournaled,
  isSaved,
  type Reply,
  type SaveOnBase,
  type State,
  signInCheckAt,
} from "./state.ts";
import { dueAt } from "./timing.ts";
import { SaveError } from "./transport.ts";

export type Plan =
  /** Start this effect now, then ask again. */
  | { readonly effect: Effect }
  /** Ask again at this time. */
  | { readonly wakeAt: number }
  /** Something is under way, and an event will follow. */
  | { readonly waitsFor: "effect" | "journal" | "keepalive" }
  /** Nothing to do until an event comes from outside. */
  | { readonly isIdle: true };

const IDLE: Plan = { isIdle: true };
const AT_ONCE = Number.NEGATIVE_INFINITY;

/** Blocks that prevent every request. The other blocks only prevent sending the changes of this tab. */
const BLOCKS_REQUESTS: readonly Block[] = [
  "missing",
  "signedOut",
  "otherUser",
  "journalClosed",
  "offline",
  "retryPause",
  "stopped",
];

/**
 * Decides what to do next. The clock is read once, as `now`: with two reads, something could become due between them,
 * and nothing would happen until the next event.
 */
export function plan(state: State, now: number): Plan {
  const effect = parallelEffect(state);
  if (effect) return { effect };
  if (state.isStopped) return lastEffect(state);
  if (state.busy || state.turn === "waiting") return { waitsFor: "effect" };
  const next = nextStep(state, now);
  const sendsSave = "effect" in next && next.effect.type === "request" && next.effect.request.kind === "save";
  if (state.turn === "held" && !sendsSave) return { effect: { type: "releaseTurn" } };
  const isAtRest = "wakeAt" in next || "isIdle" in next;
  if (isAtRest && (state.flushes.length > 0 || state.tasks.length > 0)) {
    return { effect: { type: "reply", reply: replyAtRest(state, now) } };
  }
  return next;
}

/** An effect that need not wait for the serial effect under way. */
function parallelEffect(state: State): Effect | undefined {
  const { pending, journal, keepalive, turn, hasLetGo } = state;
  const [reply] = state.replies;
  if (reply) return { type: "reply", reply };
  if (pending && journal.is === "open" && !journal.isWriting && !isJournaled(state) && !hasLetGo) {
    return { type: "writeJournal", pending };
  }
  const [save] = pending?.saves ?? [];
  if (pending && save && keepalive?.is === "wanted") {
    const sent = onBase(save, pending);
    return { type: "keepalive", ...sent, baseValues: fitsKeepalive(sent) ? sent.baseValues : undefined };
  }
  if (turn === "used") return { type: "releaseTurn" };
  if (state.isStopped) return turn === "held" ? { type: "releaseTurn" } : undefined;
  const [message] = state.posts;
  if (message) return { type: "post", message };
  const [tab] = state.tabsToWatch;
  if (tab !== undefined) return { type: "watchTab", tab };
  if (state.watch === "wanted") return { type: "watch" };
  return undefined;
}

/** After `stop`: releases the locks once the journal is written, so that other tabs can send what it holds. */
function lastEffect(state: State): Plan {
  if (state.hasLetGo) return IDLE;
  if (state.journal.is === "opening") return { waitsFor: "effect" };
  return state.journal.isWriting ? { waitsFor: "journal" } : { effect: { type: "letGo" } };
}

function nextStep(state: State, now: number): Plan {
  const { pending, terminal, journal, orphans, keepalive, retryAt, readWanted, readLast } = state;
  if (journal.is === "closed") return { effect: { type: "openJournal" } };

  // Work on the journal needs no network. An orphan is removed only after this tab's own journal has its changes.
  const done = orphans.find(({ isDone }) => isDone);
  if (done) return isJournaled(state) ? { effect: { type: "removeOrphan", tab: done.tab } } : { waitsFor: "journal" };
  const unread = orphans.find((orphan) => orphan.pending === undefined);
  if (unread && terminal?.phase !== "missing") return { effect: { type: "readOrphan", tab: unread.tab } };

  const block = blockedBy(state, now).find((reason) => BLOCKS_REQUESTS.includes(reason));
  if (block === "signedOut" || block === "otherUser") return { wakeAt: signInCheckAt(state, now) };
  if (block === "retryPause" && retryAt !== undefined) return { wakeAt: retryAt };
  if (block) return IDLE;

  if (!pending) return terminal ? IDLE : request({ kind: "start" });
  if (keepalive) return { waitsFor: "keepalive" };
  const [save] = pending.saves;
  if (save) return sendStep(state, pending, save);
  const due = draftDue(state, pending);
  if (due !== undefined && due <= now) return { effect: { type: "closeDraft" } };
  const [task] = state.tasks;
  if (task && isClean(pending)) {
    return request({ ...task, baseRevision: pending.base.revision });
  }
  const [orphan] = orphans;
  if (readWanted && !(orphan && readLast)) return request({ kind: "read" });
  const [orphanSave] = orphan?.pending?.saves ?? [];
  if (orphan?.pending && orphanSave) {
    return request({ kind: "orphanSave", tab: orphan.tab, ...onBase(orphanSave, orphan.pending) });
  }
  return due === undefined ? IDLE : { wakeAt: due };
}

/** A save is sent in three steps: write it to the journal, take this tab's turn, send the request. */
function sendStep(state: State, pending: Pending, save: Save): Plan {
  const isWritten = state.journal.written?.saves.some(({ saveId }) => saveId === save.saveId);
  if (!isWritten) return { waitsFor: "journal" };
  if (state.turn !== "held") return { effect: { type: "takeTurn" } };
  return request({ kind: "save", ...onBase(save, pending) });
}

function onBase(save: Save, { base }: Pending): SaveOnBase {
  return { save, baseRevision: base.revision, baseValues: valuesBefore(base.state, save.patch) };
}

/** When to send the draft; undefined if there is none, or if the user has to act first. */
function draftDue(
  { typed, flushes, tasks, terminal, config }: State,
  { draft, conflicts }: Pending,
): number | undefined {
  if (!draft || conflicts.length > 0 || terminal) return undefined;
  if (flushes.length > 0 || tasks.length > 0 || !typed) return AT_ONCE;
  return dueAt(typed.first, typed.last, config.timing);
}

function request(request: Extract<Effect, { type: "request" }>["request"]): Plan {
  return { effect: { type: "request", request } };
}

/** The reply to waiting calls when nothing can be done now. `flush` resolves only if everything is saved. */
function replyAtRest(state: State, now: number): Reply {
  const { flushes, tasks } = state;
  const error = obstacle(state, now);
  const taskKeys = tasks.map(({ key }) => key);
  if (error) return { keys: [...flushes, ...taskKeys], error };
  return flushes.length > 0 ? { keys: flushes, error: undefined } : { keys: taskKeys, error: unreachable(state) };
}

/** Why changes are unsaved, as an error for `flush`, `restore` and `complete`; undefined if there are none. */
function obstacle(state: State, now: number): SaveError | undefined {
  const { terminal } = state;
  for (const block of blockedBy(state, now)) {
    switch (block) {
      case "completed":
        return undefined;
      case "missing":
        return new SaveError("NOT_FOUND", "This session does not exist, or it belongs to another user.");
      case "signedOut":
      case "otherUser":
        return new SaveError("UNAUTHENTICATED", "Sign in again to save your changes.");
      case "conflict":
        return new SaveError("CONFLICT", "Resolve the conflicts first: choose which values to keep.");
      case "refused":
        if (terminal?.phase === "refused") return new SaveError(terminal.code, terminal.message);
    }
  }
  return isSaved(state) ? undefined : unreachable(state);
}

function unreachable({ page, lastFailure }: State): SaveError {
  if (!page.isOnline) return new SaveError("NETWORK", "You are offline.");
  return lastFailure ?? new SaveError("NETWORK", "The server cannot be reached.");
}
