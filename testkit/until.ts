import { setTimeout as sleep } from "node:timers/promises";

const ATTEMPTS = 1_000;
const PAUSE_MS = 20;

/**
 * Asks again and again until the answer is something, and gives it back; fails after a while. Where `what` tells how
 * things stand, it has to be a function: what it says is wanted when the wait is over, not when it begins.
 */
export async function until<T>(
  ask: () => T | Promise<T>,
  what: string | (() => string) = "what was waited for",
): Promise<NonNullable<T>> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = await ask();
    if (answer) return answer;
    await sleep(PAUSE_MS);
  }
  throw new Error(`There was no ${typeof what === "string" ? what : what()} in time.`);
}
