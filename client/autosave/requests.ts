import type { Environment } from "./environment.ts";
import { type RequestOptions, SaveError } from "./transport.ts";

/** Sends a request. Rejects if it is not answered in time. */
export async function ask<T>(
  request: (how: RequestOptions) => Promise<T>,
  { env, timeoutMs, keepalive }: { env: Pick<Environment, "setTimer">; timeoutMs: number; keepalive: boolean },
): Promise<T> {
  const giveUp = new AbortController();
  let cancel = () => {};
  const timeout = new Promise<never>((_, reject) => {
    cancel = env.setTimer(() => {
      giveUp.abort();
      reject(new SaveError("NETWORK", "The server did not answer in time."));
    }, timeoutMs);
  });
  try {
    return await Promise.race([request({ signal: giveUp.signal, keepalive }), timeout]);
  } finally {
    cancel();
  }
}
