import type { Environment } from "./environment.ts";
import type { Save } from "./pending.ts";

// A longer timer would go off at once.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Something to do now, or else when to ask again: at `wakeAt`, without it only when something happens. */
export interface Next {
  readonly work?: () => Promise<void>;
  readonly save?: Save;
  readonly wakeAt?: number | undefined;
}

interface LoopOptions {
  /** The one place that knows what comes next, from the time that it is given. */
  readonly nextStep: (now: number) => Next;
  /** Called when the work of a step was rejected; `save` is what it was sending. */
  readonly failed: (error: unknown, save: Save | undefined) => void;
  /** Called when something may have changed. */
  readonly publish: () => void;
  /** Called when there is nothing more to do at present. */
  readonly rest: () => void;
  readonly env: Pick<Environment, "now" | "setTimer">;
  readonly signal: AbortSignal;
}

/**
 * Does one thing after the other until the signal comes. What it gives back is to be called after everything that
 * happens: it does what there is to do, then sets the timer for the rest.
 */
export function makeLoop({ nextStep, failed, publish, rest, env, signal }: LoopOptions): () => Promise<void> {
  let running = false;
  let cancelTimer = () => {};
  signal.addEventListener("abort", () => cancelTimer());

  const attempt = async (work: () => Promise<void>, save: Save | undefined) => {
    try {
      await work();
    } catch (error) {
      failed(error, save);
    }
  };
  return async function run() {
    publish();
    // Whoever runs asks what comes next after each thing done, and nothing comes between that and the timer.
    if (running || signal.aborted) return;
    running = true;
    cancelTimer();
    let next = nextStep(env.now());
    while (next.work && !signal.aborted) {
      await attempt(next.work, next.save);
      publish();
      next = nextStep(env.now());
    }
    running = false;
    if (signal.aborted) return;
    if (next.wakeAt !== undefined) {
      const ms = Math.max(0, Math.ceil(next.wakeAt - env.now()));
      cancelTimer = env.setTimer(run, Math.min(ms, LONGEST_TIMER_MS));
    }
    rest();
    publish();
  };
}
