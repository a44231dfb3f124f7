import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import type { Logger } from "pino";
import { SafeError } from "postgraphile/grafast";
import { WebSocket } from "ws";
import { type Claims, pgSettingsFor } from "../../graphql/claims.ts";
import { isTransient } from "../../graphql/errors.ts";
import type { SessionChange } from "../../graphql/live.ts";
import { FIRST_DELAY_MS, nextDelay } from "./backoff.ts";
import { makeFairSemaphore } from "./fairSemaphore.ts";
import type { Notice, SessionListener } from "./listener.ts";

export interface WatchOptions {
  /** Connects as authenticator. */
  readonly pool: Pool;
  readonly listener: SessionListener;
  readonly logger: Logger;
}

// After the listener reconnects, every subscription reads at once. This leaves connections of the pool for saves.
const CONCURRENT_READS = 4;
const DRAIN_CHECK_MS = 10;

/**
 * Makes the function that starts a subscription's stream. Each event is read as the subscriber, under RLS. The stream
 * ends when the subscriber can no longer read the session.
 */
export function makeWatchSession({ pool, listener, logger }: WatchOptions) {
  const limited = makeFairSemaphore(CONCURRENT_READS);
  return async (id: string, claims: Claims, socket: object): Promise<AsyncIterableIterator<SessionChange>> => {
    const session = await readChange(pool, claims, id, { kind: "REFETCH" });
    if (!session) throw new SafeError("This session does not exist or is not yours.", { code: "NOT_FOUND" });
    const notices = listener.watch(session.sessionId, session.key);

    /** Retries while the database is unavailable and the stream is open. */
    const readWithRetry = async (given: Notice): Promise<SessionChange | undefined> => {
      let notice = given;
      for (let delay = FIRST_DELAY_MS; ; delay = nextDelay(delay)) {
        try {
          const read = notice;
          return await limited(claims.sub, async () =>
            notices.ended ? undefined : readChange(pool, claims, session.sessionId, read),
          );
        } catch (error) {
          if (!isTransient(error)) {
            // Grafast does not call `return` on a stream whose `next` rejected.
            await notices.return();
            throw error;
          }
          logger.warn({ err: error }, "cannot read a session for a subscriber; retrying");
          notice = { kind: "REFETCH" };
          await sleep(delay, undefined, { ref: false });
        }
      }
    };
    const changes: AsyncIterableIterator<SessionChange> = {
      async next() {
        // Grafast asks for the next event before the last one is sent. Until it is, notices wait in the bounded queue.
        await drained(socket);
        const notice = await notices.next();
        const change = notice.done ? undefined : await readWithRetry(notice.value);
        if (change) return { done: false, value: change };
        return notices.return() as Promise<IteratorReturnResult<undefined>>;
      },
      return: () => notices.return() as Promise<IteratorReturnResult<undefined>>,
      [Symbol.asyncIterator]() {
        return changes;
      },
    };
    return changes;
  };
}

/** Waits until the client has received everything sent so far, or is gone. ws has no event for it. */
async function drained(socket: object): Promise<void> {
  if (!(socket instanceof WebSocket)) return;
  while (socket.readyState === socket.OPEN && socket.bufferedAmount > 0) await sleep(DRAIN_CHECK_MS);
}

// A notice has only the revision. The details of the save are in its history, which has the same policies.
const READ = `
  select s.id as "sessionId", coalesce(r.revision, $2, s.revision) as revision, r.save_id as "saveId",
         coalesce(r.stage, s.stage) as stage, r.saved_by as "savedBy", app_private.wizard_session_watch_key(s.id) as key
    from public.wizard_sessions s
    left join public.wizard_session_revisions r on r.session_id = s.id and r.revision = coalesce($2, s.revision)
   where s.id = $1`;

async function readChange(pool: Pool, claims: Claims, id: string, notice: Notice) {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await client.query("begin read only");
    await client.query("select set_config(key, value, true) from json_each_text($1)", [
      JSON.stringify(pgSettingsFor(claims)),
    ]);
    const revision = notice.kind === "SAVED" ? notice.revision : null;
    const { rows } = await client.query<Omit<SessionChange, "kind"> & { readonly key: string }>(READ, [id, revision]);
    await client.query("commit");
    return rows[0] && { ...rows[0], kind: notice.kind };
  } catch (error) {
    await client.query("rollback").catch((lost: Error) => {
      failure = lost;
    });
    throw error;
  } finally {
    client.release(failure);
  }
}
