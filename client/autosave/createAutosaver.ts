import { isEqual, type Json, type JsonObject } from "../../json/equality.ts";
import { checkIndexes, segmentsOf, valueAt, withValueAt } from "../../json/pointer.ts";
import { browserEnvironment, type Channel, type Environment } from "./environment.ts";
import { type Journal, memoryJournal, openJournal, ownerOf } from "./journal.ts";
import { type Keeper, makeKeeper } from "./keeper.ts";
import { makeLeader } from "./leader.ts";
import { makeLoop, type Next } from "./loop.ts";
import { makeOrphans, type Orphan, sendLeft } from "./orphans.ts";
import {
  answered,
  type Choices,
  edit,
  expectedState,
  freeze,
  isClean,
  knownOf,
  nothingPending,
  type Pending,
  refused,
  resolve,
  restored,
  type Save,
  shownStage,
  shownState,
  takeOver,
  withForeign,
} from "./pending.ts";
import { makeRequests } from "./requests.ts";
import type { Halt } from "./status.ts";
import { dueAt, isOver, retryDelay, TIMING, type Timing, type Wait } from "./timing.ts";
import {
  asSaveError,
  type Change,
  type CompleteResult,
  isPassing,
  type SaveAnswer,
  SaveError,
  type SaveRequest,
  type Snapshot,
  type Transport,
} from "./transport.ts";
import { UndoStack } from "./undoStack.ts";
import { storable } from "./values.ts";
import { type AutosaverView, type Facts, makePublisher, statusOf } from "./view.ts";

export interface AutosaveOptions extends Partial<Timing> {
  /** Whose changes these are. They are journaled under this id, and never sent with the token of another user. */
  readonly userId: string;
  readonly sessionId: string;
  readonly transport: Transport;
  /**
   * The token that requests are sent with, undefined for nobody. With it a new sign-in is noticed at once; without it
   * only an attempt tells.
   */
  readonly getToken?: (() => string | undefined) | undefined;
  /** Where changes are kept until they are saved; the browser's IndexedDB by default. */
  readonly journal?: Journal | Promise<Journal> | undefined;
  readonly environment?: Environment | undefined;
}

/** A field by its JSON pointer, and what it is to hold; undefined removes it. */
export interface FieldChange {
  readonly pointer: string;
  readonly value: Json | undefined;
}

export interface Autosaver {
  getView(): AutosaverView;
  /** Calls `listener` after each change of the view, until the function that is given back is called. */
  subscribe(listener: () => void): () => void;
  setField(pointer: string, value: Json | undefined): void;
  /** Several fields that change together: one thing to undo. */
  setFields(changes: readonly FieldChange[]): void;
  goTo(stage: number): void;
  resolve(choices: Choices): void;
  undo(): void;
  restore(revision: number): Promise<void>;
  complete(): Promise<CompleteResult>;
  flush(): Promise<void>;
  /** Sends what there is, and lets go of everything. What was not saved is taken up by another tab, or the next time. */
  stop(): void;
}

/** The most that a request may hold that has to outlive its page: browsers allow 64 KiB of them together. */
export const KEEPALIVE_BYTES = 60 * 1024;

// A tab that is being reloaded gives its lock back a moment later.
const RELOAD_MS = 300;
const OWN_SAVES_KEPT = 200;

/** Savers of this page that are being stopped: who comes after one of them has to find what it leaves. */
const stopping = new Set<Promise<void>>();

interface Task {
  readonly work: () => Promise<void>;
  readonly reject: (error: Error) => void;
}

/**
 * Saves one session for one user: docs/saving.md from the client's side. It begins at once. What was typed is written
 * to the journal first, then sent, one save at a time, until the server has said what became of it.
 */
export function createAutosaver(options: AutosaveOptions): Autosaver {
  const { userId, sessionId, transport, getToken } = options;
  const timing = withDefaults(options);
  const env = options.environment ?? browserEnvironment();
  const leader = makeLeader(env.locks);
  const requests = makeRequests({ userId, getToken, timeoutMs: timing.requestTimeoutMs, env });
  const { ask, signInAt } = requests;
  const owner = ownerOf(userId, sessionId);
  const tab = env.newId();
  const stopped = new AbortController();
  const cleanUps: (() => void)[] = [];
  const undoStack = new UndoStack();
  const ownSaves: string[] = [];
  const tasks: Task[] = [];
  const flushes: { resolve(): void; reject(error: Error): void }[] = [];
  const early: (() => void)[] = [];
  const orphans = makeOrphans({
    owner,
    tab,
    leader,
    hasLocks: env.locks !== undefined,
    signal: stopped.signal,
    journal: () => opening.catch(() => {}).then(() => journal),
    onFound: () => void run(),
  });

  let journal: Journal | undefined;
  let opening = Promise.resolve();
  let keeper: Keeper | undefined;
  let channel: Channel | undefined;
  let pending: Pending | undefined;
  let session: Snapshot | undefined;
  let savedAt = 0;
  /** Where the user of this tab is, once they have gone somewhere or typed something: nobody else moves them then. */
  let ownStage: number | undefined;
  let typed: { readonly first: number; readonly last: number } | undefined;
  let halt: Halt | undefined;
  let failures = 0;
  /** The pause after a failure. Nothing is sent before it is taken away. */
  let retry: Wait | undefined;
  let lastFailure: SaveError | undefined;
  let readWanted = false;
  let readLast = false;
  let urgent = false;
  let sending = false;
  let beacon: { readonly saveId: string; readonly done: Promise<void> } | undefined;
  let stopWatching: (() => void) | undefined;

  // What is to be seen

  const isSignedOut = () => signInAt(env.now()) !== undefined;

  const facts = (): Facts => ({
    pending,
    session,
    savedAt,
    ownStage,
    halt,
    retry,
    isSending: sending || beacon !== undefined,
    hasOrphans: orphans.first() !== undefined,
    isSignedOut,
    isOnline: () => env.isOnline(),
    keepsAll: () => keeper?.keepsAll() ?? false,
    canUndo: (state) => undoStack.peek(state) !== undefined,
  });

  const { getView, subscribe, publish } = makePublisher(facts, stopped.signal);

  // What changes it from here

  function change(make: (now: Pending) => Pending): void {
    if (!pending) {
      early.push(() => change(make));
      return;
    }
    if (halt?.phase === "completed") return;
    const next = make(pending);
    if (isEqual(next, pending)) return;
    pending = next;
    if (halt?.phase === "refused") halt = undefined;
    keeper?.note(pending);
    run();
  }

  function typeIn(now: Pending, state: JsonObject, stage = shownStage(now)): Pending {
    const next = edit(now, state, stage, env.newId);
    ownStage ??= stage;
    typed = next.draft && { first: typed?.first ?? env.now(), last: env.now() };
    return next;
  }

  const setFields: Autosaver["setFields"] = (changes) => {
    const together = changes.length > 1 ? Symbol() : undefined;
    const fields = changes.map(({ pointer, value }) => {
      return { path: segmentsOf(pointer), after: storable(value === null ? undefined : value) };
    });
    change((now) => {
      const before = shownState(now);
      const state = fields.reduce((state, { path, after }) => {
        checkIndexes(state, path);
        const changed = withValueAt(state, path, after);
        if (isEqual(state, changed)) return state;
        const step = { path, before: valueAt(state, path), after: valueAt(changed, path) };
        undoStack.add({ ...step, at: env.now(), together });
        return changed;
      }, before);
      return state === before ? now : typeIn(now, state);
    });
  };

  const setField: Autosaver["setField"] = (pointer, value) => setFields([{ pointer, value }]);

  const undo: Autosaver["undo"] = () =>
    change((now) => {
      const state = shownState(now);
      const step = undoStack.peek(state);
      if (!step) return now;
      return typeIn(now, undoStack.takeBack(step, state, expectedState(now)));
    });

  const goTo: Autosaver["goTo"] = (stage) =>
    change((now) => {
      ownStage = stage;
      return typeIn(now, shownState(now), stage);
    });

  const choose: Autosaver["resolve"] = (choices) =>
    change((now) => {
      typed = undefined;
      return resolve(now, choices, env.newId);
    });

  // What is to be done: one thing after the other

  const run = makeLoop({
    nextStep,
    failed: (error, save) => {
      // Otherwise another request has brought the answer meanwhile.
      if (!save || pending?.saves[0]?.saveId === save.saveId) failed(asSaveError(error));
    },
    publish,
    rest: () => {
      urgent = false;
      settle();
    },
    env,
    signal: stopped.signal,
  });

  /**
   * The one place that knows what comes next. Whether something is due and when it will be is answered from one look at
   * the clock: with two of them the moment may pass in between, and nobody would ever come back to it.
   */
  function nextStep(now: number): Next {
    if (!journal) {
      return {
        work: () => {
          opening = open();
          return opening;
        },
      };
    }
    if (halt?.phase === "missing") return {};
    const signIn = signInAt(now);
    if (signIn !== undefined) return { wakeAt: signIn };
    if (!env.isOnline()) return {};
    if (retry && !isOver(retry, now)) return { wakeAt: retry.until };
    retry = undefined;
    if (!pending) return halt ? {} : { work: load };
    if (beacon) {
      const { done } = beacon;
      return { work: () => done };
    }
    const [save] = pending.saves;
    if (save) return { work: () => send(save), save };
    const due = draftDue(pending);
    if (due && isOver(due, now)) return { work: close };
    const task = isClean(pending) && tasks.shift();
    if (task) return { work: task.work };
    // In turns, so that neither keeps the other waiting for ever.
    const orphan = orphans.first();
    if (readWanted && !(orphan && readLast)) return { work: read };
    if (orphan) return { work: () => replay(orphan) };
    return { wakeAt: due?.until };
  }

  /** What the draft waits for; undefined where there is none, or it waits for somebody. */
  function draftDue({ draft, conflicts }: Pending): Wait | undefined {
    if (!draft || conflicts.length > 0 || halt) return undefined;
    if (urgent || tasks.length > 0 || !typed) return AT_ONCE;
    return { from: typed.last, until: dueAt(typed.first, typed.last, timing) };
  }

  /** From here on the draft does not grow any more. */
  async function close(): Promise<void> {
    if (!pending) return;
    pending = freeze(pending);
    typed = undefined;
    keeper?.note(pending);
  }

  async function open(): Promise<void> {
    // Those of now: this one may be among those that come later, and they wait for its end.
    const before = [...stopping];
    const opened = await Promise.resolve(options.journal ?? openJournal()).catch(() => memoryJournal());
    await Promise.all(before);
    await orphans.live();
    keeper = makeKeeper({ journal: opened, owner, tab, now: env.now, onKept: publish });
    const patience = new AbortController();
    const cancel = env.setTimer(() => patience.abort(), RELOAD_MS);
    try {
      for (const record of await opened.all(owner)) {
        const orphan = await orphans.claim(record.tab, patience.signal);
        if (orphan && pending) orphans.add(orphan);
        else if (orphan) await adopt(opened, orphan);
      }
    } finally {
      cancel();
      journal = opened;
      if (stopped.signal.aborted) letGo();
      else channel?.post({ tab });
    }
  }

  /** Goes on where a tab that is gone has left off. */
  async function adopt(opened: Journal, { tab: other, giveBack }: Orphan): Promise<void> {
    // It may have been taken by somebody else in the meantime.
    try {
      const left = await opened.get(owner, other);
      if (left) await takeUp(left.pending);
      await opened.remove(owner, other);
    } finally {
      giveBack();
    }
  }

  async function takeUp(left: Pending): Promise<void> {
    pending = restored(left);
    ownStage = shownStage(pending);
    readWanted = true;
    keeper?.note(pending);
    await keeper?.settled();
    applyEarly();
  }

  function applyEarly(): void {
    for (const work of early.splice(0)) work();
  }

  async function load(): Promise<void> {
    const snapshot = await ask((how) => transport.start(how));
    pending ??= nothingPending(snapshot);
    receive(snapshot);
    applyEarly();
  }

  async function read(): Promise<void> {
    readWanted = false;
    readLast = true;
    try {
      receive(await ask((how) => transport.read(how)));
    } catch (error) {
      readWanted = true;
      throw error;
    }
  }

  async function send(save: Save): Promise<void> {
    await keeper?.settled();
    sending = true;
    publish();
    try {
      await leader.exclusively(`stagekeep-save ${owner}`, timing.requestTimeoutMs, async () => {
        // Its turn may have come late: after the page was left, and the save sent past the others.
        if (stopped.signal.aborted || pending?.saves[0]?.saveId !== save.saveId) return;
        const baseRevision = pending.known.revision;
        took(save, await ask((how) => transport.save({ ...save, baseRevision }, how)));
      });
    } finally {
      sending = false;
    }
  }

  /** Takes over the answer to a save, unless it has come before. */
  function took(save: Save, answer: SaveAnswer): void {
    if (stopped.signal.aborted || pending?.saves[0]?.saveId !== save.saveId) return;
    succeeded();
    ownSaves.push(save.saveId);
    ownSaves.splice(0, ownSaves.length - OWN_SAVES_KEPT);
    pending = answered(pending, { ...answer, known: knownOf(answer.session) }, env.newId);
    show(answer.session, answer.outcome === "CONFLICT" ? undefined : env.now());
    keeper?.note(pending);
    channel?.post({ tab, revision: answer.session.revision });
    if (answer.session.completed) finish();
  }

  /** Takes over a session that was read, or was written by something else than a save. */
  function receive(snapshot: Snapshot): void {
    if (!pending || snapshot.revision < pending.known.revision) return;
    succeeded();
    if (snapshot.completed) {
      pending = nothingPending(knownOf(snapshot));
      show(snapshot);
      finish();
    } else if (pending.saves.length > 0) {
      // Its base has to stay. The answer that it gets is newer than this.
      readWanted = true;
    } else {
      pending = takeOver(pending, knownOf(snapshot), env.newId);
      show(snapshot);
      keeper?.note(pending);
    }
  }

  function show(snapshot: Snapshot, at = new Date(snapshot.lastSavedAt).getTime()): void {
    session = snapshot;
    savedAt = Math.min(at, env.now());
  }

  /** A completed session takes nothing any more: what could not be saved before is let go. */
  function finish(): void {
    halt = { phase: "completed" };
    if (pending && !isClean(pending)) {
      const tooLate = new SaveError("SESSION_COMPLETED", "It was completed before this could be saved.");
      for (const { reject } of flushes.splice(0)) reject(tooLate);
    }
    if (pending) pending = nothingPending(pending.known);
    undoStack.clear();
    if (pending) keeper?.note(pending);
    orphans.removeAll(journal);
  }

  /** Saves what a tab that is gone had not, as far as it can be saved without asking anybody. */
  async function replay(orphan: Orphan): Promise<void> {
    readLast = false;
    const record = await journal?.get(owner, orphan.tab);
    sending = true;
    publish();
    let theirs: Pending | undefined;
    try {
      if (journal && record) theirs = await sendLeft(record, journal, sendTheirs, env.newId);
    } finally {
      sending = false;
    }
    if (stopped.signal.aborted) return;
    if (theirs?.draft && pending) {
      // It needs its user, who is here. A save that has just gone out comes first.
      if (pending.saves.length > 0) return;
      pending = withForeign(pending, theirs, env.newId);
      typed = undefined;
      keeper?.note(pending);
      await keeper?.settled();
    }
    readWanted = true;
    await orphans.remove(orphan, journal);
  }

  async function sendTheirs(request: SaveRequest): Promise<SaveAnswer> {
    const answer = await ask((how) => transport.save(request, how));
    // Somebody else may have it by now, and sends it again under the same key.
    if (stopped.signal.aborted) throw gone();
    succeeded();
    ownSaves.push(request.saveId);
    return answer;
  }

  // What became of a request

  function succeeded(): void {
    failures = 0;
    retry = undefined;
    lastFailure = undefined;
    requests.succeeded();
    // Not before: until it was begun there is no session to be told of.
    if (!stopped.signal.aborted) stopWatching ??= transport.watch?.(heard);
  }

  function failed(error: SaveError): void {
    lastFailure = error;
    // `requests` has noted the token.
    if (error.code === "UNAUTHENTICATED") return;
    if (error.code === "SESSION_COMPLETED") {
      readWanted = true;
      finish();
    } else if (error.code === "NOT_FOUND") {
      halt = { phase: "missing" };
    } else if (isPassing(error) || (pending && pending.saves.length === 0)) {
      failures += 1;
      const from = env.now();
      retry = { from, until: from + retryDelay(failures, timing, env.random, error.retryAfterMs) };
    } else {
      halt = { phase: "refused", code: error.code, message: error.message };
      if (!pending) return;
      pending = refused(pending, env.newId);
      keeper?.note(pending);
    }
  }

  /** Answers those who wait until everything is saved: nothing more can be done at present. */
  function settle(): void {
    const why = obstacle();
    for (const { reject } of tasks.splice(0)) reject(why ?? unreachable());
    for (const { resolve: done, reject } of flushes.splice(0)) why ? reject(why) : done();
  }

  function obstacle(): SaveError | undefined {
    const { phase } = statusOf(facts());
    if (phase === "saved" || phase === "completed") return undefined;
    if (phase === "signIn") return new SaveError("UNAUTHENTICATED", "Sign in again; then it is saved.");
    if (phase === "conflict")
      return new SaveError("CONFLICT", "Choose what to keep of the fields that others changed.");
    if (phase === "missing") return new SaveError("NOT_FOUND", "There is no such session, or it is not yours.");
    if (halt?.phase === "refused") return new SaveError(halt.code, halt.message);
    return unreachable();
  }

  function unreachable(): SaveError {
    if (!env.isOnline()) return new SaveError("NETWORK", "You are offline.");
    return lastFailure ?? new SaveError("NETWORK", "The server can’t be reached.");
  }

  function flush(): Promise<void> {
    return new Promise((done, reject) => {
      if (stopped.signal.aborted) return reject(gone());
      flushes.push({ resolve: done, reject });
      urgent = true;
      retry = undefined;
      run();
    });
  }

  /** Runs `work` when everything typed here is saved, and nothing else is under way. */
  function afterSaving<T>(work: (now: Pending) => Promise<T>): Promise<T> {
    return new Promise((done, reject) => {
      if (stopped.signal.aborted) return reject(gone());
      const task = async () => {
        try {
          const result = await work(pending as Pending);
          // Whoever waited for it looks at the view next.
          publish();
          done(result);
        } catch (error) {
          const failure = asSaveError(error);
          if (failure.code === "SESSION_COMPLETED" || failure.code === "REVISION_CONFLICT") readWanted = true;
          reject(failure);
        }
      };
      tasks.push({ work: task, reject });
      retry = undefined;
      run();
    });
  }

  const restore: Autosaver["restore"] = (revision) =>
    afterSaving(async () => {
      const snapshot = await ask((how) => transport.restore(revision, how));
      ownStage = undefined;
      undoStack.clear();
      receive(snapshot);
      channel?.post({ tab, revision: snapshot.revision });
    });

  const complete: Autosaver["complete"] = () =>
    afterSaving(async ({ known }) => {
      if (!transport.complete) throw new SaveError("INVALID_INPUT", "This transport can’t complete a session.");
      const { complete: request } = transport;
      const result = await ask((how) => request(known.revision, how));
      if (result.ok) {
        if (session) session = { ...session, eventId: result.eventId };
        readWanted = true;
        finish();
        channel?.post({ tab, revision: known.revision + 1 });
      }
      return result;
    });

  // What happens around it

  /** The page may be gone in a moment: what was typed goes out in a request that outlives it. The journal has the rest. */
  function leave(): void {
    if (!pending || !keeper || halt || isSignedOut() || !env.isOnline() || pending.conflicts.length > 0) return;
    if (pending.saves.length === 0) void close();
    const [save] = pending.saves;
    if (!save || beacon?.saveId === save.saveId) return;
    const request = { ...save, baseRevision: pending.known.revision };
    if (new TextEncoder().encode(JSON.stringify(request)).length <= KEEPALIVE_BYTES) {
      const done = ask((how) => transport.save(request, how), true).then(
        (answer) => took(save, answer),
        // It is sent again in the ordinary way, whose failures count.
        () => {},
      );
      const sent = { saveId: save.saveId, done };
      beacon = sent;
      done.then(() => {
        if (beacon === sent) beacon = undefined;
        run();
      });
    }
    run();
  }

  /** Other tabs may take up what is left here from now on. */
  function letGo(): void {
    for (const cleanUp of cleanUps.splice(0)) cleanUp();
    keeper?.end();
    orphans.letGo();
  }

  function heard({ revision, saveId }: Change): void {
    if (saveId && (ownSaves.includes(saveId) || pending?.saves.some((save) => save.saveId === saveId))) return;
    if (revision !== undefined && pending && revision <= pending.known.revision) return;
    refresh();
  }

  function refresh(): void {
    readWanted = true;
    run();
  }

  function heardTab(message: unknown): void {
    const { tab: other, revision } = (message ?? {}) as { tab?: unknown; revision?: unknown };
    if (typeof other !== "string") return;
    if (!orphans.knows(other)) {
      orphans.watch(other);
      channel?.post({ tab });
    }
    if (typeof revision === "number") heard({ revision });
  }

  function comeBack(): void {
    requests.comeBack();
    refresh();
  }

  function comeOnline(): void {
    retry = undefined;
    failures = 0;
    comeBack();
  }

  channel = env.openChannel?.(`stagekeep ${owner}`, heardTab);
  cleanUps.push(
    env.on("online", comeOnline),
    env.on("offline", () => void run()),
    env.on("visible", comeBack),
    env.on("hidden", leave),
    env.on("leaving", leave),
  );
  void run();

  return {
    getView,
    subscribe,
    setField,
    setFields,
    goTo,
    resolve: choose,
    undo,
    restore,
    complete,
    flush,
    stop: () => {
      if (stopped.signal.aborted) return;
      leave();
      stopped.abort();
      stopWatching?.();
      // Whoever posts to one that is closed is thrown an error.
      channel?.close();
      channel = undefined;
      for (const { reject } of [...tasks.splice(0), ...flushes.splice(0)]) reject(gone());
      // Whoever takes up what is left has to find all of it, also what this one was just taking up itself.
      const done = opening
        .catch(() => {})
        .then(() => keeper?.settled())
        .then(letGo)
        .finally(() => stopping.delete(done));
      stopping.add(done);
    },
  };
}

const AT_ONCE: Wait = { from: 0, until: 0 };

const gone = () => new SaveError("NETWORK", "This page was left.");

function withDefaults(options: Partial<Timing>): Timing {
  const given = Object.entries(TIMING).map(([name, usual]) => [name, options[name as keyof Timing] ?? usual]);
  return Object.fromEntries(given) as unknown as Timing;
}
