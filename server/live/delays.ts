export const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;

/** How long to wait after an attempt that failed once more. */
export function nextDelay(delay: number): number {
  return Math.min(delay * 2, LONGEST_DELAY_MS);
}
