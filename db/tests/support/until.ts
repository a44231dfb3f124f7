import { setTimeout as sleep } from "node:timers/promises";

const ATTEMPTS = 1_000;
const PAUSE_MS = 20;

/** Asks again and again until the answer is something, and gives it back; fails after a while. */
export async function until<T>(ask: () => T | Promise<T>, what = "what was waited for"): Promise<NonNullable<T>> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = await ask();
    if (answer) return answer;
    await sleep(PAUSE_MS);
  }
  throw new Error(`There was no ${what} in time.`);
}
