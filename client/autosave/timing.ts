/** The delays of the autosaver, in milliseconds. */
export interface Timing {
  /** The pause in typing after which a save is sent. */
  readonly debounceMs: number;
  /** After this time a save is sent even without a pause in typing. */
  readonly maxWaitMs: number;
  /** The pause after the first failure. It doubles with each further one. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** After this time a request without an answer counts as lost. */
  readonly requestTimeoutMs: number;
}

export const TIMING: Timing = {
  debounceMs: 800,
  maxWaitMs: 5_000,
  firstRetryMs: 1_000,
  maxRetryMs: 60_000,
  requestTimeoutMs: 20_000,
};

/**
 * The pause after a number of failures: it doubles up to a maximum, and half of it is random, so that clients which
 * failed together do not retry together. It is never shorter than `retryAfterMs`, which the server has asked for.
 */
export function retryDelay(
  failures: number,
  { firstRetryMs, maxRetryMs }: Pick<Timing, "firstRetryMs" | "maxRetryMs">,
  random: () => number,
  retryAfterMs = 0,
): number {
  const pause = Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(failures - 1, 30));
  return pause / 2 <= retryAfterMs ? retryAfterMs + (random() * firstRetryMs) / 2 : pause / 2 + (random() * pause) / 2;
}

/** When to send changes that were typed from `first` to `last`. */
export function dueAt(
  first: number,
  last: number,
  { debounceMs, maxWaitMs }: Pick<Timing, "debounceMs" | "maxWaitMs">,
) {
  return Math.min(last + debounceMs, first + maxWaitMs);
}
