import type { Json, JsonObject } from "../../json/equality.ts";
import { isEqual } from "../../json/equality.ts";
import { type Choices, isClean, type Pending, type Save } from "./pending.ts";
import type { Terminal } from "./status.ts";
import type { Timing } from "./timing.ts";
import { isTokenOf } from "./token.ts";
import type { CompleteResult, SaveAnswer, SaveError, Snapshot } from "./transport.ts";
import type { UndoStack } from "./undoStack.ts";

/** The complete state of one session's autosaver. `reduce` returns the next state, `plan` the next effect. */
export interface State {
  readonly config: Config;
  /** The page's state at the last event, and its time. */
  readonly page: { readonly at: number; readonly isOnline: boolean; readonly token: string | undefined };
  readonly isStopped: boolean;
  /** Whether this tab has released its locks, so that another tab can send what is in the journal. */
  readonly hasLetGo: boolean;

  /** The changes of this tab. Undefined until the session is loaded, or changes of a closed tab are found. */
  readonly pending: Pending | undefined;
  /** Changes made before `pending` exists. */
  readonly early: readonly (Edit & Stamp)[];
  /** The newest session that the server has returned, and when it was saved. */
  readonly session: Snapshot | undefined;
  readonly savedAt: number;
  /** The stage that this tab shows, once the user has chosen one or typed something. Other saves don't change it. */
  readonly ownStage: number | undefined;
  /** When the draft was started and last changed. If undefined, it is sent without waiting for a pause in typing. */
  readonly typed: { readonly first: number; readonly last: number } | undefined;
  readonly undoStack: UndoStack;
  readonly terminal: Terminal | undefined;

  /** The serial effect under way. `token` is the page's token when it started. */
  readonly busy: { readonly effect: SerialEffect; readonly token: string | undefined } | undefined;
  /** This tab's turn to send a save. Only one tab of a browser has it at a time. */
  readonly turn: "none" | "waiting" | "held" | "used";
  readonly keepalive:
    | { readonly is: "wanted" }
    | { readonly is: "sent"; readonly saveId: string; readonly token: string | undefined }
    | undefined;
  readonly failures: number;
  /** When the pause after a failed request ends. */
  readonly retryAt: number | undefined;
  readonly lastFailure: SaveError | undefined;
  /** The token that the server has refused. */
  readonly refusedToken: { readonly token: string | undefined; readonly at: number } | undefined;
  readonly readWanted: boolean;
  /** Whether the last request was a read. Reads and saves of orphans alternate. */
  readonly readLast: boolean;
  /** Keys of this tab's latest saves. A notification of one of them is not news. */
  readonly ownSaves: readonly string[];
  readonly watch: "off" | "wanted" | "on";

  /** Keys of the waiting `flush` calls. While there are any, the draft is sent at once. */
  readonly flushes: readonly string[];
  readonly tasks: readonly Task[];
  readonly replies: readonly Reply[];

  readonly journal: JournalState;
  /** The other tabs that this one has heard of. */
  readonly tabs: readonly string[];
  readonly tabsToWatch: readonly string[];
  readonly orphans: readonly Orphan[];
  readonly posts: readonly Message[];
}

export interface Config {
  readonly userId: string;
  /** The id of this tab. */
  readonly tab: string;
  readonly timing: Timing;
  /** Whether the option `getToken` is set. */
  readonly readsToken: boolean;
  /** Whether the transport can notify of saves made elsewhere. */
  readonly canWatch: boolean;
}

export interface JournalState {
  readonly is: "closed" | "opening" | "open";
  /** Whether what is written survives a reload. */
  readonly isDurable: boolean;
  readonly isWriting: boolean;
  /** The changes of the last write, even if it failed. */
  readonly written: Pending | undefined;
  /** Whether the last write was of unsaved changes. If there are none, a write removes the record. */
  readonly hasRecord: boolean;
  /** Whether the last write failed. */
  readonly hasFailed: boolean;
}

/** Changes left by a closed tab, whose lock this tab holds. */
export interface Orphan {
  readonly tab: string;
  /** Undefined until they are read from the journal. */
  readonly pending: Pending | undefined;
  /** Whether their record can be removed: all are saved or dropped, or have become changes of this tab. */
  readonly isDone: boolean;
}

/** A call of `restore` or `complete`. It runs once every change of this tab is saved. */
export type Task =
  | { readonly kind: "restore"; readonly key: string; readonly revision: number }
  | { readonly kind: "complete"; readonly key: string };

/** The outcome of waiting calls. */
export interface Reply {
  readonly keys: readonly string[];
  readonly error: SaveError | undefined;
}

/** A message to the other tabs of the browser. */
export interface Message {
  readonly tab: string;
  readonly revision?: number;
}

/** A save, the revision that it is based on, and the values of that revision that it replaces. */
export interface SaveOnBase {
  readonly save: Save;
  readonly baseRevision: number;
  /** Left out of a keepalive request that would be too large with them. The server then compares with the history. */
  readonly baseValues: JsonObject | undefined;
}

export type Request =
  | { readonly kind: "start" | "read" }
  | ({ readonly kind: "save" } & SaveOnBase)
  | ({ readonly kind: "orphanSave"; readonly tab: string } & SaveOnBase)
  | { readonly kind: "restore"; readonly key: string; readonly revision: number; readonly baseRevision: number }
  | { readonly kind: "complete"; readonly key: string; readonly baseRevision: number };

/** Effects that run one at a time. The result of each comes back as an event. */
export type SerialEffect =
  | { readonly type: "openJournal" }
  | { readonly type: "readOrphan"; readonly tab: string }
  | { readonly type: "removeOrphan"; readonly tab: string }
  | { readonly type: "request"; readonly request: Request };

export type Effect =
  | SerialEffect
  | { readonly type: "writeJournal"; readonly pending: Pending }
  | { readonly type: "takeTurn" }
  | { readonly type: "releaseTurn" }
  | ({ readonly type: "keepalive" } & SaveOnBase)
  | { readonly type: "closeDraft" }
  | { readonly type: "watch" }
  | { readonly type: "watchTab"; readonly tab: string }
  | { readonly type: "post"; readonly message: Message }
  | { readonly type: "reply"; readonly reply: Reply }
  | { readonly type: "letGo" };

/** What is read from the page once per event. It keeps `reduce` pure: no clock, no random numbers. */
export interface Stamp {
  readonly at: number;
  readonly isOnline: boolean;
  readonly token: string | undefined;
  /** A new id, for a save that the event may create. */
  readonly id: string;
  /** From 0 to 1. */
  readonly random: number;
}

/** Changes made by the user. */
export type Edit =
  | {
      readonly type: "fieldsSet";
      readonly changes: readonly { readonly path: readonly string[]; readonly value: Json | undefined }[];
    }
  | { readonly type: "stageChosen"; readonly stage: number }
  | { readonly type: "conflictsResolved"; readonly choices: Choices }
  | { readonly type: "undone" };

/** An event without its stamp. */
export type Happening =
  | Edit
  // Calls of the autosaver's methods.
  | { readonly type: "flushCalled"; readonly key: string }
  | { readonly type: "taskCalled"; readonly task: Task }
  | { readonly type: "stopped" }
  // Events of the browser, of the server's notifications, and of other tabs.
  | { readonly type: "cameOnline" | "wentOffline" | "shown" | "hidden" | "timerEnded" }
  | { readonly type: "changeHeard"; readonly revision: number | undefined; readonly saveId: string | undefined }
  | { readonly type: "tabHeard"; readonly tab: string; readonly revision: number | undefined }
  | { readonly type: "tabClosed"; readonly tab: string }
  | { readonly type: "orphanFound"; readonly tab: string }
  // The start of any effect, and the results.
  | { readonly type: "effectStarted"; readonly effect: Effect }
  | {
      readonly type: "journalOpened";
      readonly isDurable: boolean;
      readonly closedTabs: readonly string[];
      readonly openTabs: readonly string[];
    }
  | {
      readonly type: "journalWritten";
      readonly pending: Pending;
      readonly isDurable: boolean;
      readonly hasFailed: boolean;
    }
  | { readonly type: "orphanRead"; readonly tab: string; readonly pending: Pending | undefined }
  | { readonly type: "orphanRemoved"; readonly tab: string }
  | { readonly type: "turnTaken" }
  | { readonly type: "snapshotAnswered"; readonly request: Request; readonly snapshot: Snapshot }
  | { readonly type: "saveAnswered"; readonly request: Request; readonly answer: SaveAnswer }
  | { readonly type: "completeAnswered"; readonly request: Request; readonly result: CompleteResult }
  | { readonly type: "requestFailed"; readonly request: Request; readonly error: SaveError }
  | { readonly type: "keepaliveAnswered"; readonly save: Save; readonly answer: SaveAnswer }
  | { readonly type: "keepaliveFailed"; readonly save: Save; readonly error: SaveError };

export type SaverEvent = Happening & Stamp;

export function initialState(config: Config): State {
  return {
    config,
    page: { at: 0, isOnline: true, token: undefined },
    isStopped: false,
    hasLetGo: false,
    pending: undefined,
    early: [],
    session: undefined,
    savedAt: 0,
    ownStage: undefined,
    typed: undefined,
    undoStack: [],
    terminal: undefined,
    busy: undefined,
    turn: "none",
    keepalive: undefined,
    failures: 0,
    retryAt: undefined,
    lastFailure: undefined,
    refusedToken: undefined,
    readWanted: false,
    readLast: false,
    ownSaves: [],
    watch: "off",
    flushes: [],
    tasks: [],
    replies: [],
    journal: {
      is: "closed",
      isDurable: false,
      isWriting: false,
      written: undefined,
      hasRecord: false,
      hasFailed: false,
    },
    tabs: [],
    tabsToWatch: [],
    orphans: [],
    posts: [],
  };
}

/** Reasons why this tab does not send its changes, the most important to the user first. */
export const BLOCKS = [
  "missing",
  "completed",
  "signedOut",
  "otherUser",
  "conflict",
  "refused",
  "notLoaded",
  "journalClosed",
  "offline",
  "retryPause",
  "stopped",
] as const;

export type Block = (typeof BLOCKS)[number];

/** The reasons that apply now. The status, `flush`, `plan` and the keepalive request depend on them. */
export function blockedBy(state: State, now: number): readonly Block[] {
  const { pending, terminal, journal, page, retryAt, isStopped } = state;
  const applies: Record<Block, boolean> = {
    missing: terminal?.phase === "missing",
    completed: terminal?.phase === "completed",
    signedOut: isSignedOut(state, now),
    otherUser: isOtherUser(state),
    conflict: pending !== undefined && pending.conflicts.length > 0,
    refused: terminal?.phase === "refused",
    notLoaded: pending === undefined,
    journalClosed: journal.is !== "open",
    offline: !page.isOnline,
    retryPause: retryAt !== undefined && now < retryAt,
    stopped: isStopped,
  };
  return BLOCKS.filter((block) => applies[block]);
}

function isOtherUser({ config, page }: State): boolean {
  return page.token !== undefined && !isTokenOf(page.token, config.userId);
}

function isSignedOut({ config, page, refusedToken }: State, now: number): boolean {
  if (config.readsToken) return page.token === undefined || refusedToken?.token === page.token;
  return refusedToken !== undefined && now < refusedToken.at + SIGN_IN_ATTEMPT_MS;
}

const SIGN_IN_POLL_MS = 1_000;
const SIGN_IN_ATTEMPT_MS = 30_000;

/** When to check for a sign-in again. Without `getToken`, only another request can show whether there was one. */
export function signInCheckAt({ config, refusedToken }: State, now: number): number {
  return config.readsToken || !refusedToken ? now + SIGN_IN_POLL_MS : refusedToken.at + SIGN_IN_ATTEMPT_MS;
}

/** Whether the server has all changes of this tab and of the closed tabs that it takes care of. */
export function isSaved({ pending, orphans }: State): boolean {
  return pending !== undefined && isClean(pending) && orphans.length === 0;
}

export function isSending({ busy, turn, keepalive }: State): boolean {
  const isSave = busy?.effect.type === "request" && ["save", "orphanSave"].includes(busy.effect.request.kind);
  return isSave || turn === "waiting" || turn === "held" || keepalive !== undefined;
}

/** Whether the journal is up to date, or there is nothing to write. */
export function isJournaled({ pending, journal }: State): boolean {
  if (journal.isWriting) return false;
  return !pending || isEqual(journal.written, pending) || (isClean(pending) && !journal.hasRecord);
}

/** Whether a reload would find all unsaved changes. */
export function isKept(state: State): boolean {
  const { is, isDurable, hasFailed } = state.journal;
  return is === "open" && isDurable && !hasFailed && isJournaled(state);
}
