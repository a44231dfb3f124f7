import type { Json } from "../../json/equality.ts";
import { isEqual } from "../../json/equality.ts";
import { type Choices, isClean, type Pending, type Save } from "./pending.ts";
import type { Terminal } from "./status.ts";
import type { Timing } from "./timing.ts";
import { isTokenOf } from "./token.ts";
import type { CompleteResult, SaveAnswer, SaveError, Snapshot } from "./transport.ts";
import type { UndoStack } from "./undoStack.ts";

/** Everything that the saver of one session knows. `reduce` makes the next state, `plan` the next effect. */
export interface State {
  readonly config: Config;
  /** What the page said at the last event, and when that was. */
  readonly page: { readonly at: number; readonly isOnline: boolean; readonly token: string | undefined };
  readonly isStopped: boolean;
  /** Whether this tab has released its locks. Another tab may then send what is in the journal. */
  readonly hasLetGo: boolean;

  /** Undefined until the session is loaded, or changes of a closed tab are found. */
  readonly pending: Pending | undefined;
  /** Changes made before `pending` exists. */
  readonly early: readonly (Edit & Stamp)[];
  /** The newest session that the server has answered with, and when it was saved. */
  readonly session: Snapshot | undefined;
  readonly savedAt: number;
  /** The stage of this tab, once its user has chosen one or typed something. Other saves do not change it. */
  readonly ownStage: number | undefined;
  /** When the draft was started and last changed; undefined if it need not wait for a pause in typing. */
  readonly typed: { readonly first: number; readonly last: number } | undefined;
  readonly undoStack: UndoStack;
  readonly terminal: Terminal | undefined;

  /** The one thing under way, apart from journal writes and keepalive requests. `token` is what it was sent with. */
  readonly busy: { readonly effect: SerialEffect; readonly token: string | undefined } | undefined;
  /** This tab's turn to send a save, which tabs take one at a time. */
  readonly turn: "none" | "waiting" | "held" | "used";
  readonly keepalive:
    | { readonly is: "wanted" }
    | { readonly is: "sent"; readonly saveId: string; readonly token: string | undefined }
    | undefined;
  readonly failures: number;
  /** When the pause after a failure ends. */
  readonly retryAt: number | undefined;
  readonly lastFailure: SaveError | undefined;
  /** The token that the server has refused. */
  readonly refusedToken: { readonly token: string | undefined; readonly at: number } | undefined;
  readonly readWanted: boolean;
  /** Whether the last of "read the session" and "send changes of a closed tab" was the read. They take turns. */
  readonly readLast: boolean;
  /** Keys of the newest saves of this tab, by which it recognises news of them. */
  readonly ownSaves: readonly string[];
  readonly watch: "off" | "wanted" | "on";

  /** Calls of `flush` that wait, by key. While there are any, the draft is sent at once. */
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
  /** Whether the page says which token requests are sent with. */
  readonly readsToken: boolean;
  readonly canWatch: boolean;
}

export interface JournalState {
  readonly is: "closed" | "opening" | "open";
  /** Whether a reload finds what is written. */
  readonly isDurable: boolean;
  readonly isWriting: boolean;
  /** What the last write has left there, or has tried to. */
  readonly written: Pending | undefined;
  readonly hasRecord: boolean;
  readonly hasFailed: boolean;
}

/** Changes left by a closed tab, whose lock this tab holds. */
export interface Orphan {
  readonly tab: string;
  /** Undefined until they are read from the journal. */
  readonly pending: Pending | undefined;
  /** Whether their record can be removed: they are saved, or part of this tab's own changes. */
  readonly isDone: boolean;
}

/** A call of `restore` or `complete`. It runs when everything typed here is saved. */
export type Task =
  | { readonly kind: "restore"; readonly key: string; readonly revision: number }
  | { readonly kind: "complete"; readonly key: string };

/** The outcome of waiting calls. */
export interface Reply {
  readonly keys: readonly string[];
  readonly error: SaveError | undefined;
}

/** What the tabs of a browser tell each other. */
export interface Message {
  readonly tab: string;
  readonly revision?: number;
}

export type Request =
  | { readonly kind: "start" | "read" }
  | { readonly kind: "save"; readonly save: Save; readonly baseRevision: number }
  | { readonly kind: "orphanSave"; readonly tab: string; readonly save: Save; readonly baseRevision: number }
  | { readonly kind: "restore"; readonly key: string; readonly revision: number }
  | { readonly kind: "complete"; readonly key: string; readonly baseRevision: number };

/** Effects of which one at a time is under way. An event follows each of them. */
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
  | { readonly type: "keepalive"; readonly save: Save; readonly baseRevision: number }
  | { readonly type: "closeDraft" }
  | { readonly type: "watch" }
  | { readonly type: "watchTab"; readonly tab: string }
  | { readonly type: "post"; readonly message: Message }
  | { readonly type: "reply"; readonly reply: Reply }
  | { readonly type: "letGo" };

/** What is read from the page once per event. `reduce` itself reads no clock and uses no random numbers. */
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

export type Happening =
  | Edit
  // Calls of the page.
  | { readonly type: "flushCalled"; readonly key: string }
  | { readonly type: "taskCalled"; readonly task: Task }
  | { readonly type: "stopped" }
  // The page and its surroundings.
  | { readonly type: "cameOnline" | "wentOffline" | "shown" | "hidden" | "timerEnded" }
  | { readonly type: "changeHeard"; readonly revision: number | undefined; readonly saveId: string | undefined }
  | { readonly type: "tabHeard"; readonly tab: string; readonly revision: number | undefined }
  | { readonly type: "tabClosed"; readonly tab: string }
  | { readonly type: "orphanFound"; readonly tab: string }
  // Effects.
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

/** Reasons why this tab sends nothing of its own, the most important for its user first. */
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

/** Every reason why nothing is sent at present. The status, `flush`, `plan` and the keepalive request follow from it. */
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

/** When to look again for a sign-in. If the page does not say its token, only an attempt can show one. */
export function signInCheckAt({ config, refusedToken }: State, now: number): number {
  return config.readsToken || !refusedToken ? now + SIGN_IN_POLL_MS : refusedToken.at + SIGN_IN_ATTEMPT_MS;
}

/** Whether the server has everything that was typed here or left by closed tabs. */
export function isSaved({ pending, orphans }: State): boolean {
  return pending !== undefined && isClean(pending) && orphans.length === 0;
}

export function isSending({ busy, turn, keepalive }: State): boolean {
  const isSave = busy?.effect.type === "request" && ["save", "orphanSave"].includes(busy.effect.request.kind);
  return isSave || turn === "waiting" || turn === "held" || keepalive !== undefined;
}

/** Whether the journal has the present changes, or there is nothing to write. */
export function isJournaled({ pending, journal }: State): boolean {
  if (journal.isWriting) return false;
  return !pending || isEqual(journal.written, pending) || (isClean(pending) && !journal.hasRecord);
}

/** Whether a reload would find everything that is unsaved. */
export function isKept(state: State): boolean {
  const { is, isDurable, hasFailed } = state.journal;
  return is === "open" && isDurable && !hasFailed && isJournaled(state);
}
