import { withEarly } from "./edits.ts";
import { changeLeft } from "./orphans.ts";
import { answered, baseOf, freeze, isClean, nothingPending, refused, type Save, takeOver } from "./pending.ts";
import type { Request, SaverEvent, Stamp, State } from "./state.ts";
import { retryDelay } from "./timing.ts";
import { type CompleteResult, isRefusal, isTransient, type SaveAnswer, SaveError, type Snapshot } from "./transport.ts";

const OWN_SAVES_KEPT = 200;

/** Clears what the failures before this answer have left. */
export function succeeded(state: State): State {
  // There is a session to watch once the server has answered.
  const watch = state.watch === "off" && state.config.canWatch ? "wanted" : state.watch;
  return { ...state, failures: 0, retryAt: undefined, lastFailure: undefined, refusedToken: undefined, watch };
}

/** Takes over a session that was started, read or restored. */
export function snapshotAnswered(
  state: State,
  { request, snapshot, at, id }: Extract<SaverEvent, { type: "snapshotAnswered" }>,
): State {
  if (request.kind === "start") {
    const pending = state.pending ?? nothingPending(baseOf(snapshot));
    return withEarly(received({ ...state, pending }, snapshot, { at, id }));
  }
  if (request.kind !== "restore") return received(state, snapshot, { at, id });
  const posts = [...state.posts, { tab: state.config.tab, revision: snapshot.revision }];
  return received({ ...state, ownStage: undefined, undoStack: [], posts }, snapshot, { at, id });
}

/** Takes over a session that was not written by a save of this tab, unless it is older than the known one. */
function received(state: State, snapshot: Snapshot, { at, id }: Pick<Stamp, "at" | "id">): State {
  const { pending } = state;
  if (!pending || snapshot.revision < pending.base.revision) return state;
  if (snapshot.completed) {
    return completed(withSession(state, snapshot, at), baseOf(snapshot));
  }
  // The base of a save has to stay. Its answer will be newer than this snapshot.
  if (pending.saves.length > 0) return { ...state, readWanted: true };
  return withSession({ ...state, pending: takeOver(pending, baseOf(snapshot), () => id) }, snapshot, at);
}

function withSession(state: State, session: Snapshot, at: number, savedAt = new Date(session.lastSavedAt).getTime()) {
  return { ...state, session, savedAt: Math.min(savedAt, at) };
}

/** Takes over the answer to a save of this tab or of an orphan. */
export function saveAnswered(state: State, event: Extract<SaverEvent, { type: "saveAnswered" }>): State {
  const { request, answer, id } = event;
  if (request.kind === "save") return took(state, { ...event, save: request.save });
  if (request.kind !== "orphanSave") return state;
  const ownSaves = [...state.ownSaves, request.save.saveId].slice(-OWN_SAVES_KEPT);
  return changeLeft({ ...succeeded(state), ownSaves }, request.tab, (left) =>
    freeze(answered(left, { ...answer, base: baseOf(answer.session) }, () => id)),
  );
}

/** Takes over the answer to a save, unless another request has brought it before. */
export function took(
  state: State,
  { save, answer, at, id }: Stamp & { readonly save: Save; readonly answer: SaveAnswer },
): State {
  const { pending, config } = state;
  if (!pending || pending.saves[0]?.saveId !== save.saveId) return state;
  const { session, outcome } = answer;
  const after: State = {
    ...succeeded(state),
    pending: answered(pending, { ...answer, base: baseOf(session) }, () => id),
    ownSaves: [...state.ownSaves, save.saveId].slice(-OWN_SAVES_KEPT),
    posts: [...state.posts, { tab: config.tab, revision: session.revision }],
  };
  const taken = withSession(after, session, at, outcome === "CONFLICT" ? undefined : at);
  return session.completed ? completed(taken) : taken;
}

/** Completes the session, unless the answer lists problems. */
export function completeAnswered(
  state: State,
  { request, result }: { readonly request: Request; readonly result: CompleteResult },
): State {
  if (!result.ok || request.kind !== "complete") return state;
  return completed({
    ...state,
    session: state.session && { ...state.session, eventId: result.eventId },
    readWanted: true,
    posts: [...state.posts, { tab: state.config.tab, revision: request.baseRevision + 1 }],
  });
}

/** A completed session takes no more changes: those that are not saved by now are dropped, and `flush` says so. */
function completed(state: State, base = state.pending?.base): State {
  const { pending, flushes } = state;
  const isLate = pending !== undefined && !isClean(pending) && flushes.length > 0;
  const error = new SaveError("SESSION_COMPLETED", "The session was completed before these changes could be saved.");
  return {
    ...state,
    terminal: { phase: "completed" },
    pending: base && nothingPending(base),
    typed: undefined,
    undoStack: [],
    flushes: isLate ? [] : flushes,
    replies: isLate ? [...state.replies, { keys: flushes, error }] : state.replies,
    orphans: state.orphans.map((orphan) => ({ ...orphan, isDone: true })),
  };
}

/** What follows from a failure depends on the request, and on the code of the error. */
export function requestFailed(state: State, event: Extract<SaverEvent, { type: "requestFailed" }>): State {
  const { request, error, id } = event;
  switch (request.kind) {
    case "restore":
    case "complete":
      return ["SESSION_COMPLETED", "REVISION_CONFLICT"].includes(error.code) ? { ...state, readWanted: true } : state;
    case "save":
      // Otherwise the keepalive request has brought the answer meanwhile.
      return state.pending?.saves[0]?.saveId === request.save.saveId ? failed(state, event) : state;
    case "orphanSave":
      if (isRefusal(error)) return changeLeft(state, request.tab, (left) => refused(left, () => id));
      return failed(state, event);
    case "read":
      return failed({ ...state, readWanted: true }, event);
    case "start":
      return failed(state, event);
  }
}

function failed(state: State, { error, at, random, id }: Stamp & { readonly error: SaveError }): State {
  const { pending, config } = state;
  const after = { ...state, lastFailure: error };
  if (error.code === "UNAUTHENTICATED") return after;
  if (error.code === "SESSION_COMPLETED") return completed({ ...after, readWanted: true });
  if (error.code === "NOT_FOUND") return { ...after, terminal: { phase: "missing" } };
  if (isTransient(error) || (pending && pending.saves.length === 0)) {
    const failures = state.failures + 1;
    const pause = retryDelay(failures, config.timing, () => random, error.retryAfterMs);
    return { ...after, failures, retryAt: at + pause };
  }
  const terminal = { phase: "refused", code: error.code, message: error.message } as const;
  return { ...after, terminal, pending: pending && refused(pending, () => id) };
}

/** Notes the token that a refused request was sent with. There may be a new one by now. */
export function withRefusedToken(
  state: State,
  { error, at }: { readonly error: SaveError; readonly at: number },
  token: string | undefined,
): State {
  return error.code === "UNAUTHENTICATED" ? { ...state, refusedToken: { token, at } } : state;
}
