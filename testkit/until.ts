import { setTimeout as sleep } from "node:timers/promises";

const ATTEMPTS = 1_000;
const PAUSE_MS = 20;

/**
 * Polls until `ask` returns a truthy value, and returns it. Throws after a timeout, with `what` in the message; pass a
 * function to describe the state at that time.
 */
export async function until<T>(
  ask: () => T | Promise<T>,
  what: string | (() => string) = "expected result",
): Promise<NonNullable<T>> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = await ask();
    if (answer) return answer;
    await sleep(PAUSE_MS);
  }
  throw new Error(`Timed out waiting for: ${typeof what === "string" ? what : what()}.`);
}
