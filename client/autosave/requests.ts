import type { Environment } from "./environment.ts";
import { report } from "./report.ts";
import { isOver } from "./timing.ts";
import { isTokenOf } from "./token.ts";
import { asSaveError, type RequestOptions, SaveError } from "./transport.ts";

const SIGN_IN_POLL_MS = 1_000;
const SIGN_IN_ATTEMPT_MS = 30_000;

/** Requests with a time limit, and what they tell about whether somebody is signed in. */
export interface Requests {
  /** Rejects when there is no answer in time. `keepalive`: it has to outlive its page. */
  ask<T>(request: (how: RequestOptions) => Promise<T>, keepalive?: boolean): Promise<T>;
  /** When to look again for a sign-in; undefined where there is one, as far as that can be known. */
  signInAt(now: number): number | undefined;
  /** Something was answered: who was refused before is signed in by now. */
  succeeded(): void;
  /** Somebody is here again, and may have signed in: where no token tells, only an attempt does. */
  comeBack(): void;
}

interface RequestsOptions {
  readonly userId: string;
  readonly getToken: (() => string | undefined) | undefined;
  readonly timeoutMs: number;
  readonly env: Pick<Environment, "now" | "setTimer">;
}

export function makeRequests({ userId, getToken, timeoutMs, env }: RequestsOptions): Requests {
  let refused: { readonly token: string | undefined; readonly at: number } | undefined;

  const tokenNow = () => {
    try {
      return getToken?.();
    } catch (error) {
      report(error);
      return undefined;
    }
  };
  return {
    ask: async (request, keepalive = false) => {
      const token = tokenNow();
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
      } catch (error) {
        // The token that it was sent with: there may be a new one by now.
        if (asSaveError(error).code === "UNAUTHENTICATED") refused = { token, at: env.now() };
        throw error;
      } finally {
        cancel();
      }
    },
    signInAt: (now) => {
      if (getToken) {
        const token = tokenNow();
        const isGood = token !== undefined && isTokenOf(token, userId) && refused?.token !== token;
        return isGood ? undefined : now + SIGN_IN_POLL_MS;
      }
      if (!refused) return undefined;
      const attempt = { from: refused.at, until: refused.at + SIGN_IN_ATTEMPT_MS };
      return isOver(attempt, now) ? undefined : attempt.until;
    },
    succeeded: () => {
      refused = undefined;
    },
    comeBack: () => {
      if (!getToken) refused = undefined;
    },
  };
}
