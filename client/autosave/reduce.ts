import type { JsonObject } from "../../json/equality.ts";
import { isEqual } from "../../json/equality.ts";
import { checkIndexes, valueAt, withValueAt } from "../../json/pointer.ts";
import {
  answered,
  baseOf,
  edit,
  expectedState,
  freeze,
  isClean,
  nothingPending,
  type Pending,
  refused,
  resolve,
  restored,
  type Save,
  shownStage,
  shownState,
  takeOver,
  withDraftOf,
} from "./pending.ts";
import {
  blockedBy,
  type Edit,
  type Effect,
  type Orphan,
  type Request,
  type SaverEvent,
  type Stamp,
  type State,
} from "./state.ts";
import { retryDelay } from "./timing.ts";
import { type CompleteResult, isRefusal, isTransient, type SaveAnswer, SaveError, type Snapshot } from "./transport.ts";
import { undone, withStep } from "./undoStack.ts";

/** The most that a keepalive request may hold: browsers allow 64 KiB for all of them together. */
export const KEEPALIVE_BYTES = 60 * 1024;

const OWN_SAVES_KEPT = 200;

/** The state after an event. docs/autosave.md has the table. */
export function reduce(before: State, event: SaverEvent): State {
  const { at, isOnline, token } = event;
  const state: State = {
    ...(at < before.page.at ? clockSetBack(before, event) : before),
    page: { at, isOnline, token },
  };
  return before.isStopped ? afterStop(state, event) : mergeOrphans(next(state, event), event);
}

/** After the clock was set back, nothing may wait until it is that late again. */
function clockSetBack(state: State, { type, at }: SaverEvent): State {
  const { typed, retryAt, refusedToken, page, config } = state;
  // The timer has waited long enough, whatever the clock says.
  if (type === "timerEnded") {
    return {
      ...state,
      typed: undefined,
      retryAt: undefined,
      refusedToken: config.readsToken ? refusedToken : undefined,
    };
  }
  const back = page.at - at;
  return {
    ...state,
    typed: typed && { first: typed.first - back, last: typed.last - back },
    retryAt: retryAt === undefined ? undefined : retryAt - back,
    refusedToken: refusedToken && { ...refusedToken, at: refusedToken.at - back },
  };
}

function next(state: State, event: SaverEvent): State {
  switch (event.type) {
    case "fieldsSet":
    case "stageChosen":
    case "conflictsResolved":
    case "undone":
      return edited(state, event);
    case "flushCalled":
      return { ...state, flushes: [...state.flushes, event.key], retryAt: undefined };
    case "taskCalled":
      return { ...state, tasks: [...state.tasks, event.task], retryAt: undefined };
    case "stopped":
      return stopped(hidden(state, event));
    case "cameOnline":
      return shown({ ...state, retryAt: undefined, failures: 0 });
    case "wentOffline":
    case "timerEnded":
      return state;
    case "shown":
      return shown(state);
    case "hidden":
      return hidden(state, event);
    case "changeHeard":
      return isNews(state, event) ? { ...state, readWanted: true } : state;
    case "tabHeard":
      return tabHeard(state, event);
    case "tabClosed":
      return { ...state, tabs: state.tabs.filter((tab) => tab !== event.tab) };
    case "orphanFound":
      return {
        ...state,
        tabs: state.tabs.filter((tab) => tab !== event.tab),
        orphans: [...state.orphans, orphanOf(event.tab)],
      };
    case "effectStarted":
      return started(state, event.effect);
    case "journalOpened":
      return {
        ...idle(state),
        journal: { ...state.journal, is: "open", isDurable: event.isDurable },
        tabs: [...state.tabs, ...event.openTabs],
        tabsToWatch: [...state.tabsToWatch, ...event.openTabs],
        orphans: [...state.orphans, ...event.closedTabs.map(orphanOf)],
        posts: [...state.posts, { tab: state.config.tab }],
      };
    case "journalWritten":
      return journalWritten(state, event);
    case "orphanRead":
      return orphanRead(idle(state), event);
    case "orphanRemoved":
      return { ...idle(state), orphans: state.orphans.filter(({ tab }) => tab !== event.tab) };
    case "turnTaken":
      return { ...state, turn: "held" };
    case "snapshotAnswered":
      return snapshotAnswered(succeeded(idle(state)), event);
    case "saveAnswered":
      return saveAnswered(idle(state), event);
    case "completeAnswered":
      return completeAnswered(succeeded(idle(state)), event);
    case "requestFailed":
      return requestFailed(withRefusedToken(idle(state), event, state.busy?.token), event);
    case "keepaliveAnswered":
      return took({ ...state, keepalive: undefined }, event);
    case "keepaliveFailed":
      // The ordinary request sends the save again, and its failures count.
      return { ...withRefusedToken(state, event, tokenOfKeepalive(state)), keepalive: undefined };
  }
}

/** After `stop` only what is under way is brought to its end. Answers do not count: the journal still has the save. */
function afterStop(state: State, event: SaverEvent): State {
  switch (event.type) {
    case "effectStarted":
      return started(state, event.effect);
    case "journalOpened":
      return { ...idle(state), journal: { ...state.journal, is: "open", isDurable: event.isDurable } };
    case "journalWritten":
      return journalWritten(state, event);
    case "turnTaken":
      return { ...state, turn: "held" };
    case "orphanRead":
    case "orphanRemoved":
    case "snapshotAnswered":
    case "saveAnswered":
    case "completeAnswered":
    case "requestFailed":
      return idle(state);
    case "keepaliveAnswered":
    case "keepaliveFailed":
      return { ...state, keepalive: undefined };
    default:
      return state;
  }
}

// Changes made by the user

function edited(state: State, event: Edit & Stamp): State {
  const { pending, terminal } = state;
  if (!pending) return { ...state, early: [...state.early, event] };
  if (terminal?.phase === "completed") return state;
  const after = editedPending(state, pending, event);
  if (isEqual(after.pending, pending)) return { ...after, pending };
  return { ...after, terminal: terminal?.phase === "refused" ? undefined : terminal };
}

function editedPending(state: State, pending: Pending, event: Edit & Stamp): State {
  switch (event.type) {
    case "fieldsSet":
      return fieldsSet(state, pending, event);
    case "stageChosen":
      return typed({ ...state, ownStage: event.stage }, pending, event, { stage: event.stage });
    case "conflictsResolved":
      return { ...state, typed: undefined, pending: resolve(pending, event.choices, () => event.id) };
    case "undone": {
      const after = undone(state.undoStack, shownState(pending), expectedState(pending));
      if (after.stack === state.undoStack) return state;
      return typed({ ...state, undoStack: after.stack }, pending, event, { state: after.state });
    }
  }
}

function fieldsSet(state: State, pending: Pending, event: Extract<Edit, { type: "fieldsSet" }> & Stamp): State {
  const group = event.changes.length > 1 ? event.id : undefined;
  const before = shownState(pending);
  let { undoStack } = state;
  let after = before;
  for (const { path, value } of event.changes) {
    checkIndexes(after, path);
    const changed = withValueAt(after, path, value);
    if (isEqual(after, changed)) continue;
    const step = { path, before: valueAt(after, path), after: valueAt(changed, path), at: event.at, group };
    undoStack = withStep(undoStack, step);
    after = changed;
  }
  return after === before ? state : typed({ ...state, undoStack }, pending, event, { state: after });
}

function typed(
  state: State,
  pending: Pending,
  { at, id }: Stamp,
  to: { readonly state?: JsonObject; readonly stage?: number },
): State {
  const stage = to.stage ?? shownStage(pending);
  const after = edit(pending, to.state ?? shownState(pending), stage, () => id);
  return {
    ...state,
    pending: after,
    ownStage: state.ownStage ?? stage,
    typed: after.draft && { first: state.typed?.first ?? at, last: at },
  };
}

function withEarly(state: State): State {
  return state.early.reduce<State>(
    (now, event) => {
      try {
        return edited(now, event);
      } catch {
        // A change that does not fit the loaded state, such as a name in what turns out to be a list.
        return now;
      }
    },
    { ...state, early: [] },
  );
}

// The page and the other tabs

function shown(state: State): State {
  // The user may have signed in. If the page does not say its token, only an attempt shows it.
  return { ...state, readWanted: true, refusedToken: state.config.readsToken ? state.refusedToken : undefined };
}

/** The page may be gone in a moment: the draft is closed, and sent in a keepalive request. The journal has the rest. */
function hidden(state: State, { at }: Stamp): State {
  const isBlocked = blockedBy(state, at).some((block) => block !== "retryPause");
  if (isBlocked || !state.pending) return state;
  const closed = state.pending.saves.length === 0 ? closeDraft(state) : state;
  const [save] = closed.pending?.saves ?? [];
  if (!save || closed.keepalive || !fitsKeepalive(save, state.pending.base.revision)) return closed;
  return { ...closed, keepalive: { is: "wanted" } };
}

function fitsKeepalive(save: Save, baseRevision: number): boolean {
  return new TextEncoder().encode(JSON.stringify({ ...save, baseRevision })).length <= KEEPALIVE_BYTES;
}

function stopped(state: State): State {
  const keys = [...state.flushes, ...state.tasks.map(({ key }) => key)];
  const reply = { keys, error: new SaveError("NETWORK", "The page was left.") };
  return { ...state, isStopped: true, flushes: [], tasks: [], replies: [...state.replies, reply] };
}

function isNews(
  { pending, ownSaves }: State,
  { revision, saveId }: { readonly revision?: number | undefined; readonly saveId?: string | undefined },
): boolean {
  const isOwn = saveId !== undefined && [...ownSaves, ...keysOf(pending)].includes(saveId);
  return !isOwn && !(revision !== undefined && pending && revision <= pending.base.revision);
}

function keysOf(pending: Pending | undefined): string[] {
  return pending?.saves.map(({ saveId }) => saveId) ?? [];
}

function tabHeard(state: State, { tab, revision }: { readonly tab: string; readonly revision: number | undefined }) {
  const isNew = tab !== state.config.tab && !state.tabs.includes(tab);
  const heard: State = isNew
    ? {
        ...state,
        tabs: [...state.tabs, tab],
        tabsToWatch: [...state.tabsToWatch, tab],
        posts: [...state.posts, { tab: state.config.tab }],
      }
    : state;
  return revision !== undefined && isNews(heard, { revision }) ? { ...heard, readWanted: true } : heard;
}

// Effects

function started(state: State, effect: Effect): State {
  switch (effect.type) {
    case "openJournal":
      return { ...busyWith(state, effect), journal: { ...state.journal, is: "opening" } };
    case "readOrphan":
    case "removeOrphan":
      return busyWith(state, effect);
    case "request":
      return requestStarted(busyWith(state, effect), effect.request);
    case "writeJournal":
      return { ...state, journal: { ...state.journal, isWriting: true } };
    case "takeTurn":
      return { ...state, turn: "waiting" };
    case "releaseTurn":
      return { ...state, turn: "none" };
    case "keepalive":
      return { ...state, keepalive: { is: "sent", saveId: effect.save.saveId, token: state.page.token } };
    case "closeDraft":
      return closeDraft(state);
    case "watch":
      return { ...state, watch: "on" };
    case "watchTab":
      return { ...state, tabsToWatch: state.tabsToWatch.filter((tab) => tab !== effect.tab) };
    case "post":
      return { ...state, posts: state.posts.slice(1) };
    case "reply": {
      const isOpen = (key: string) => !effect.reply.keys.includes(key);
      return {
        ...state,
        replies: state.replies.filter((reply) => reply !== effect.reply),
        flushes: state.flushes.filter(isOpen),
        tasks: state.tasks.filter(({ key }) => isOpen(key)),
      };
    }
    case "letGo":
      return { ...state, hasLetGo: true };
  }
}

function busyWith(state: State, effect: Extract<Effect, NonNullable<State["busy"]>["effect"]>): State {
  return { ...state, busy: { effect, token: state.page.token } };
}

function requestStarted(before: State, request: Request): State {
  const state: State = { ...before, retryAt: undefined };
  switch (request.kind) {
    case "read":
      return { ...state, readWanted: false, readLast: true };
    case "orphanSave":
      return { ...state, readLast: false };
    case "restore":
    case "complete":
      return { ...state, tasks: state.tasks.filter(({ key }) => key !== request.key) };
    default:
      return state;
  }
}

function idle(state: State): State {
  return { ...state, busy: undefined, turn: state.turn === "held" ? "used" : state.turn };
}

function closeDraft(state: State): State {
  return { ...state, pending: state.pending && freeze(state.pending), typed: undefined };
}

function journalWritten(state: State, event: Extract<SaverEvent, { type: "journalWritten" }>): State {
  const { pending, isDurable, hasFailed } = event;
  const hasRecord = !isClean(pending);
  return {
    ...state,
    journal: { ...state.journal, isWriting: false, isDurable, hasFailed, hasRecord, written: pending },
  };
}

// Answers

function succeeded(state: State): State {
  // There is a session to watch once the server has answered.
  const watch = state.watch === "off" && state.config.canWatch ? "wanted" : state.watch;
  return { ...state, failures: 0, retryAt: undefined, lastFailure: undefined, refusedToken: undefined, watch };
}

function snapshotAnswered(
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

/** Takes over a session that was read, or that was written by something else than a save. */
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

function saveAnswered(state: State, event: Extract<SaverEvent, { type: "saveAnswered" }>): State {
  const { request, answer, id } = event;
  if (request.kind === "save") return took(state, { ...event, save: request.save });
  if (request.kind !== "orphanSave") return state;
  const ownSaves = [...state.ownSaves, request.save.saveId].slice(-OWN_SAVES_KEPT);
  return changeLeft({ ...succeeded(state), ownSaves }, request.tab, (left) =>
    freeze(answered(left, { ...answer, base: baseOf(answer.session) }, () => id)),
  );
}

/** Takes over the answer to a save, unless another request has brought it before. */
function took(
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

function completeAnswered(
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

function requestFailed(state: State, event: Extract<SaverEvent, { type: "requestFailed" }>): State {
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
function withRefusedToken(
  state: State,
  { error, at }: { readonly error: SaveError; readonly at: number },
  token: string | undefined,
): State {
  return error.code === "UNAUTHENTICATED" ? { ...state, refusedToken: { token, at } } : state;
}

function tokenOfKeepalive({ keepalive }: State): string | undefined {
  return keepalive?.is === "sent" ? keepalive.token : undefined;
}

// Changes left by closed tabs

const orphanOf = (tab: string): Orphan => ({ tab, pending: undefined, isDone: false });

function orphanRead(
  state: State,
  { tab, pending: left }: { readonly tab: string; readonly pending: Pending | undefined },
): State {
  // Another tab may have sent them in the meantime.
  if (!left) return changeOrphan(state, tab, (orphan) => ({ ...orphan, isDone: true }));
  if (state.pending) return changeOrphan(state, tab, (orphan) => ({ ...orphan, pending: restored(left) }));
  // This tab is still loading: it continues where the other one has stopped.
  const pending = restored(left);
  const adopted: State = { ...state, pending, ownStage: shownStage(pending), readWanted: true };
  return withEarly(changeOrphan(adopted, tab, (orphan) => ({ ...orphan, isDone: true })));
}

function changeOrphan(state: State, tab: string, change: (orphan: Orphan) => Orphan): State {
  return { ...state, orphans: state.orphans.map((orphan) => (orphan.tab === tab ? change(orphan) : orphan)) };
}

function changeLeft(state: State, tab: string, change: (left: Pending) => Pending): State {
  return changeOrphan(state, tab, (orphan) => ({ ...orphan, pending: orphan.pending && change(orphan.pending) }));
}

/** What is left of an orphan after its saves is a draft in conflict, which needs this tab's user. */
function mergeOrphans(state: State, { id }: Stamp): State {
  const orphan = state.orphans.find(({ pending, isDone }) => !isDone && pending?.saves.length === 0);
  if (!orphan?.pending) return state;
  const isMerged = isClean(orphan.pending) || state.terminal?.phase === "completed";
  const { pending } = state;
  if (!isMerged && (!pending || pending.saves.length > 0)) return state;
  const merged: State =
    isMerged || !pending
      ? state
      : { ...state, typed: undefined, pending: withDraftOf(pending, orphan.pending, () => id) };
  return changeOrphan({ ...merged, readWanted: true }, orphan.tab, (done) => ({ ...done, isDone: true }));
}
