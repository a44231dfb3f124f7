export const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;

/** The delay after one more failed attempt. */
export function nextDelay(delay: number): number {
  return Math.min(delay * 2, LONGEST_DELAY_MS);
}
