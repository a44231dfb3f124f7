import type { Channel, Environment } from "./environment.ts";
import { type Journal, memoryJournal, openJournal } from "./journal.ts";
import { isClean } from "./pending.ts";
import { report } from "./report.ts";
import { ask } from "./requests.ts";
import type { Effect, Happening, Message, Request, SaveOnBase } from "./state.ts";
import { acquireLock, lifeLock, saveLock } from "./tabLocks.ts";
import { asSaveError, SaveError, type Transport } from "./transport.ts";

// A tab that is being reloaded releases its lock a moment later.
const RELOAD_MS = 300;

/** Stopped savers of this page that still hold their locks. A new saver waits for them, to find their changes. */
const stopping = new Set<Promise<void>>();

export interface Effects {
  /** Starts an effect. Its result comes as an event. */
  run(effect: Effect): void;
  /** The outcome of a call, under its key. */
  outcomeOf<T>(key: string): Promise<T>;
  /** Stops listening to the server and to other tabs. */
  stop(): void;
}

interface EffectsOptions {
  readonly owner: string;
  readonly tab: string;
  readonly transport: Transport;
  readonly journal: Journal | Promise<Journal> | undefined;
  readonly env: Environment;
  readonly timeoutMs: number;
  readonly dispatch: (happening: Happening) => void;
}

type Answered = Extract<Happening, { type: "snapshotAnswered" | "saveAnswered" | "completeAnswered" }>;

interface Call {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Performs what `plan` has decided: requests, the journal, locks, and messages between tabs. */
export function makeEffects(options: EffectsOptions): Effects {
  const { owner, tab, transport, env, timeoutMs, dispatch } = options;
  const stopped = new AbortController();
  const calls = new Map<string, Call>();
  /** Releases the locks of closed tabs whose changes this one has. */
  const releaseTab = new Map<string, () => void>();
  let journal: Journal = memoryJournal();
  let opening: Promise<void> = Promise.resolve();
  let releaseLife: (() => void) | undefined;
  let releaseTurn: (() => void) | undefined;
  let stopWatching: (() => void) | undefined;
  let finish = () => {};
  let channel: Channel | undefined = env.openChannel?.(`stagekeep ${owner}`, heard);

  const stopListening = [
    env.on("online", () => dispatch({ type: "cameOnline" })),
    env.on("offline", () => dispatch({ type: "wentOffline" })),
    env.on("visible", () => dispatch({ type: "shown" })),
    env.on("hidden", () => dispatch({ type: "hidden" })),
    env.on("leaving", () => dispatch({ type: "hidden" })),
  ];

  function heard(message: unknown): void {
    const { tab: from, revision } = (message ?? {}) as { tab?: unknown; revision?: unknown };
    if (typeof from !== "string") return;
    dispatch({ type: "tabHeard", tab: from, revision: typeof revision === "number" ? revision : undefined });
  }

  async function open(): Promise<void> {
    // Those of this moment: this saver itself may be added while it waits.
    const before = [...stopping];
    journal = await Promise.resolve(options.journal ?? openJournal()).catch(() => memoryJournal());
    await Promise.all(before);
    releaseLife = await acquireLock(env.locks, lifeLock(tab), stopped.signal);
    const closedTabs: string[] = [];
    const openTabs: string[] = [];
    const patience = new AbortController();
    const cancel = env.setTimer(() => patience.abort(), RELOAD_MS);
    try {
      for (const { tab: other } of await journal.all(owner)) {
        const release = await acquireLock(env.locks, lifeLock(other), patience.signal);
        if (release) releaseTab.set(other, release);
        (release ? closedTabs : openTabs).push(other);
      }
    } catch {
      // A journal that cannot be read does not keep the session from loading.
    }
    cancel();
    dispatch({ type: "journalOpened", isDurable: journal.durable, closedTabs, openTabs });
  }

  /** Waits until a tab is closed. */
  async function watchTab(other: string): Promise<void> {
    // Without locks a closed tab cannot be noticed.
    if (!env.locks) return;
    const release = await acquireLock(env.locks, lifeLock(other), stopped.signal);
    if (!release) return;
    await opening;
    const record = await journal.get(owner, other).catch(() => undefined);
    if (record && !stopped.signal.aborted) {
      releaseTab.set(other, release);
      dispatch({ type: "orphanFound", tab: other });
    } else {
      release();
      dispatch({ type: "tabClosed", tab: other });
    }
  }

  async function writeJournal({ pending }: Extract<Effect, { type: "writeJournal" }>): Promise<void> {
    // A failed write does not keep the changes from being sent.
    const hasFailed = await (isClean(pending)
      ? journal.remove(owner, tab)
      : journal.put({ owner, tab, at: env.now(), pending })
    ).then(
      () => false,
      () => true,
    );
    dispatch({ type: "journalWritten", pending, isDurable: journal.durable, hasFailed });
  }

  async function readOrphan(other: string): Promise<void> {
    const record = await journal.get(owner, other).catch(() => undefined);
    dispatch({ type: "orphanRead", tab: other, pending: record?.pending });
  }

  async function removeOrphan(other: string): Promise<void> {
    await journal.remove(owner, other).catch(() => {});
    releaseTab.get(other)?.();
    releaseTab.delete(other);
    dispatch({ type: "orphanRemoved", tab: other });
  }

  /** Waits for this tab's turn, up to a limit. The server merges saves that come at the same time. */
  async function takeTurn(): Promise<void> {
    const patience = new AbortController();
    const cancel = env.setTimer(() => patience.abort(), timeoutMs);
    releaseTurn = await acquireLock(env.locks, saveLock(owner), patience.signal);
    cancel();
    dispatch({ type: "turnTaken" });
  }

  async function request(request: Request): Promise<void> {
    const key = "key" in request ? request.key : undefined;
    const answer = await answerTo(request).catch(asSaveError);
    const failure = answer instanceof SaveError ? answer : undefined;
    dispatch(answer instanceof SaveError ? { type: "requestFailed", request, error: answer } : answer);
    // After the view is published, which the caller looks at next.
    if (key !== undefined) settle(key, failure, "result" in answer ? answer.result : undefined);
  }

  async function answerTo(request: Request): Promise<Answered> {
    const how = { env, timeoutMs, keepalive: false };
    switch (request.kind) {
      case "start":
      case "read": {
        const snapshot = await ask((options) => transport[request.kind](options), how);
        return { type: "snapshotAnswered", request, snapshot };
      }
      case "restore": {
        const { key: saveId, revision, baseRevision } = request;
        const snapshot = await ask((options) => transport.restore({ saveId, revision, baseRevision }, options), how);
        return { type: "snapshotAnswered", request, snapshot };
      }
      case "save":
      case "orphanSave": {
        const { save, baseRevision, baseValues } = request;
        const answer = await ask((options) => transport.save({ ...save, baseRevision, baseValues }, options), how);
        return { type: "saveAnswered", request, answer };
      }
      case "complete": {
        const { complete } = transport;
        if (!complete) throw new SaveError("INVALID_INPUT", "This transport cannot complete a session.");
        const result = await ask((options) => complete(request.baseRevision, options), how);
        return { type: "completeAnswered", request, result };
      }
    }
  }

  async function keepalive({ save, baseRevision, baseValues }: SaveOnBase): Promise<void> {
    try {
      const how = { env, timeoutMs, keepalive: true };
      const answer = await ask((options) => transport.save({ ...save, baseRevision, baseValues }, options), how);
      dispatch({ type: "keepaliveAnswered", save, answer });
    } catch (error) {
      dispatch({ type: "keepaliveFailed", save, error: asSaveError(error) });
    }
  }

  function watch(): void {
    stopWatching = transport.watch?.(({ revision, saveId }) =>
      dispatch({ type: "changeHeard", revision, saveId: saveId ?? undefined }),
    );
  }

  function post(message: Message): void {
    channel?.post(message);
  }

  function settle(key: string, error: Error | undefined, value?: unknown): void {
    const call = calls.get(key);
    calls.delete(key);
    if (error) call?.reject(error);
    else call?.resolve(value);
  }

  /** Releases the locks. Other tabs may then send what is in the journal. */
  function letGo(): void {
    for (const stop of stopListening) stop();
    releaseLife?.();
    for (const release of releaseTab.values()) release();
    releaseTab.clear();
    finish();
  }

  function start(effect: Effect): Promise<void> | undefined {
    switch (effect.type) {
      case "openJournal":
        opening = open();
        return opening;
      case "watchTab":
        return watchTab(effect.tab);
      case "writeJournal":
        return writeJournal(effect);
      case "readOrphan":
        return readOrphan(effect.tab);
      case "removeOrphan":
        return removeOrphan(effect.tab);
      case "takeTurn":
        return takeTurn();
      case "releaseTurn":
        releaseTurn?.();
        releaseTurn = undefined;
        return undefined;
      case "request":
        return request(effect.request);
      case "keepalive":
        return keepalive(effect);
      case "watch":
        watch();
        return undefined;
      case "post":
        post(effect.message);
        return undefined;
      case "reply":
        for (const key of effect.reply.keys) settle(key, effect.reply.error);
        return undefined;
      case "letGo":
        letGo();
        return undefined;
      case "closeDraft":
        // Nothing to perform: the reducer has closed it.
        return undefined;
    }
  }

  return {
    run: (effect) => {
      try {
        start(effect)?.catch(report);
      } catch (error) {
        report(error);
      }
    },
    outcomeOf: <T>(key: string) =>
      new Promise<T>((resolve, reject) => calls.set(key, { resolve: resolve as Call["resolve"], reject })),
    stop: () => {
      stopped.abort();
      stopWatching?.();
      // Posting to a closed channel throws.
      channel?.close();
      channel = undefined;
      const done = new Promise<void>((resolve) => {
        finish = resolve;
      }).then(() => void stopping.delete(done));
      stopping.add(done);
    },
  };
}
