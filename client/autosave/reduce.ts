import {
  completeAnswered,
  requestFailed,
  saveAnswered,
  snapshotAnswered,
  succeeded,
  took,
  withRefusedToken,
} from "./answers.ts";
import { edited } from "./edits.ts";
import { mergeOrphans, orphanRead } from "./orphans.ts";
import { freeze, isClean, type Pending } from "./pending.ts";
import { blockedBy, type Effect, type Orphan, type Request, type SaverEvent, type Stamp, type State } from "./state.ts";
import { SaveError } from "./transport.ts";

/** The most that a keepalive request may hold: browsers allow 64 KiB for all of them together. */
export const KEEPALIVE_BYTES = 60 * 1024;

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
  // The timer has run for long enough.
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
  if (!save || closed.keepalive || !fitsKeepalive(save)) return closed;
  return { ...closed, keepalive: { is: "wanted" } };
}

/** Whether a keepalive request can hold what is sent. */
export function fitsKeepalive(sent: object): boolean {
  return new TextEncoder().encode(JSON.stringify(sent)).length <= KEEPALIVE_BYTES;
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

function tokenOfKeepalive({ keepalive }: State): string | undefined {
  return keepalive?.is === "sent" ? keepalive.token : undefined;
}

const orphanOf = (tab: string): Orphan => ({ tab, pending: undefined, isDone: false });
