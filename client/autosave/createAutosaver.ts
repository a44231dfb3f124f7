import type { Json } from "../../json/equality.ts";
import { segmentsOf } from "../../json/pointer.ts";
import { makeEffects } from "./effects.ts";
import { browserEnvironment, type Environment } from "./environment.ts";
import { type Journal, ownerOf } from "./journal.ts";
import type { Choices } from "./pending.ts";
import { plan } from "./plan.ts";
import { reduce } from "./reduce.ts";
import { report } from "./report.ts";
import { type Happening, initialState, type Stamp, type Task } from "./state.ts";
import { TIMING, type Timing } from "./timing.ts";
import { type CompleteResult, SaveError, type Transport } from "./transport.ts";
import { storable } from "./values.ts";
import { type AutosaverView, makePublisher } from "./view.ts";

export interface AutosaveOptions extends Partial<Timing> {
  /** The user whose changes these are. They are journaled under this id, and never sent with another user's token. */
  readonly userId: string;
  readonly sessionId: string;
  readonly transport: Transport;
  /**
   * The token that requests are sent with; undefined if no user is signed in. With this option a new sign-in is noticed
   * within a second, without it only by the next attempt.
   */
  readonly getToken?: (() => string | undefined) | undefined;
  /** Where changes are kept until they are saved. The default is the browser's IndexedDB. */
  readonly journal?: Journal | Promise<Journal> | undefined;
  readonly environment?: Environment | undefined;
}

/** A new value for a field, which is named by its JSON Pointer; undefined removes the field. */
export interface FieldChange {
  readonly pointer: string;
  readonly value: Json | undefined;
}

export interface Autosaver {
  getView(): AutosaverView;
  /** Calls `listener` after each change of the view, until the returned function is called. */
  subscribe(listener: () => void): () => void;
  setField(pointer: string, value: Json | undefined): void;
  /** Changes several fields at once. `undo` takes them back together. */
  setFields(changes: readonly FieldChange[]): void;
  goTo(stage: number): void;
  resolve(choices: Choices): void;
  undo(): void;
  restore(revision: number): Promise<void>;
  complete(): Promise<CompleteResult>;
  flush(): Promise<void>;
  /** Sends what is unsaved, and releases everything. Another tab, or the next visit, saves what is left. */
  stop(): void;
}

// A browser's timer that is set for longer than this goes off at once.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Saves one session for one user. It starts at once. docs/autosave.md explains how it works. */
export function createAutosaver(options: AutosaveOptions): Autosaver {
  const { userId, sessionId, transport, getToken } = options;
  const env = options.environment ?? browserEnvironment();
  const timing = withDefaults(options);
  const tab = env.newId();
  const publisher = makePublisher();
  const effects = makeEffects({
    owner: ownerOf(userId, sessionId),
    tab,
    transport,
    journal: options.journal,
    env,
    timeoutMs: timing.requestTimeoutMs,
    dispatch,
  });
  const readsToken = getToken !== undefined;
  let state = initialState({ userId, tab, timing, readsToken, canWatch: transport.watch !== undefined });
  let stamp = readPage();
  let isRunning = false;
  let cancelTimer = () => {};

  function dispatch(happening: Happening): void {
    stamp = readPage();
    state = reduce(state, { ...happening, ...stamp });
    if (!isRunning) run();
  }

  /** Starts one effect after the other until there is nothing to do at present, then sets the timer for the rest. */
  function run(): void {
    cancelTimer();
    isRunning = true;
    let next = plan(state, stamp.at);
    while ("effect" in next) {
      state = reduce(state, { type: "effectStarted", effect: next.effect, ...stamp });
      effects.run(next.effect);
      next = plan(state, stamp.at);
    }
    isRunning = false;
    if ("wakeAt" in next) {
      const ms = Math.max(0, Math.ceil(next.wakeAt - stamp.at));
      cancelTimer = env.setTimer(() => dispatch({ type: "timerEnded" }), Math.min(ms, LONGEST_TIMER_MS));
    }
    publisher.publish(state, stamp.at);
  }

  function readPage(): Stamp {
    return { at: env.now(), isOnline: env.isOnline(), token: tokenNow(), id: env.newId(), random: env.random() };
  }

  function tokenNow(): string | undefined {
    try {
      return getToken?.();
    } catch (error) {
      report(error);
      return undefined;
    }
  }

  function call<T>(happening: (key: string) => Happening): Promise<T> {
    if (state.isStopped) return Promise.reject(new SaveError("NETWORK", "The page was left."));
    const key = env.newId();
    const outcome = effects.outcomeOf<T>(key);
    dispatch(happening(key));
    return outcome;
  }

  const setFields: Autosaver["setFields"] = (changes) =>
    dispatch({
      type: "fieldsSet",
      changes: changes.map(({ pointer, value }) => {
        return { path: segmentsOf(pointer), value: storable(value === null ? undefined : value) };
      }),
    });
  const runTask = <T>(task: (key: string) => Task) => call<T>((key) => ({ type: "taskCalled", task: task(key) }));

  run();
  return {
    getView: publisher.getView,
    subscribe: publisher.subscribe,
    setField: (pointer, value) => setFields([{ pointer, value }]),
    setFields,
    goTo: (stage) => dispatch({ type: "stageChosen", stage }),
    resolve: (choices) => dispatch({ type: "conflictsResolved", choices }),
    undo: () => dispatch({ type: "undone" }),
    restore: (revision) => runTask((key) => ({ kind: "restore", key, revision })),
    complete: () => runTask((key) => ({ kind: "complete", key })),
    flush: () => call((key) => ({ type: "flushCalled", key })),
    stop: () => {
      if (state.isStopped) return;
      effects.stop();
      dispatch({ type: "stopped" });
    },
  };
}

function withDefaults(options: Partial<Timing>): Timing {
  const given = Object.entries(TIMING).map(([name, usual]) => [name, options[name as keyof Timing] ?? usual]);
  return Object.fromEntries(given) as unknown as Timing;
}
