/** Every delay of the saver, in milliseconds. */
export interface Timing {
  /** How long nobody has to type before a save goes out. */
  readonly debounceMs: number;
  /** How long it may take at most, while somebody types without a pause. */
  readonly maxWaitMs: number;
  /** The first pause after a failure; it doubles with each one. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** After how long a request without an answer counts as lost. */
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
 * The pause before an attempt, `failures` after the first one: doubling up to a ceiling, half of it by chance, so that
 * those who failed together don't come back together. Never shorter than what the server asked for.
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

/** When a change is sent that was begun at `first` and last typed at `last`. */
export function dueAt(
  first: number,
  last: number,
  { debounceMs, maxWaitMs }: Pick<Timing, "debounceMs" | "maxWaitMs">,
) {
  return Math.min(last + debounceMs, first + maxWaitMs);
}
