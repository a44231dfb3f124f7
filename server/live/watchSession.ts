import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import type { Logger } from "pino";
import { SafeError } from "postgraphile/grafast";
import { type Claims, pgSettingsFor } from "../../graphql/claims.ts";
import { isTransient } from "../../graphql/errors.ts";
import type { SessionChange } from "../../graphql/live.ts";
import { FIRST_DELAY_MS, nextDelay } from "./delays.ts";
import type { Notice, SessionListener } from "./listener.ts";
import { whenSent } from "./send.ts";
import { makeTurns } from "./turns.ts";

export interface WatchOptions {
  /** Connects as authenticator. */
  readonly pool: Pool;
  readonly listener: SessionListener;
  readonly logger: Logger;
}

// When the listening connection comes back, everybody reads at once. Those who save must find connections all the same.
// Users get turns one by one, so that nobody waits for all the tabs of somebody else.
const READERS_AT_ONCE = 4;

/**
 * Makes what a subscription listens to. Each event is read as its subscriber: what the policies hide ends the stream,
 * and says nothing of why.
 */
export function makeWatchSession({ pool, listener, logger }: WatchOptions) {
  const inTurn = makeTurns(READERS_AT_ONCE);
  return async (id: string, claims: Claims, socket: object): Promise<AsyncIterableIterator<SessionChange>> => {
    const session = await readChange(pool, claims, id, { kind: "REFETCH" });
    if (!session) throw new SafeError("There is no such session, or it is not yours.", { code: "NOT_FOUND" });
    const notices = listener.watch(session.sessionId, session.key);

    /** Reads until the database answers, or nobody listens any more: an outage is no reason to end a stream. */
    const readPatiently = async (given: Notice): Promise<SessionChange | undefined> => {
      let notice = given;
      for (let delay = FIRST_DELAY_MS; ; delay = nextDelay(delay)) {
        try {
          const read = notice;
          return await inTurn(claims.sub, async () =>
            notices.ended ? undefined : readChange(pool, claims, session.sessionId, read),
          );
        } catch (error) {
          if (!isTransient(error)) {
            // Grafast asks no more of a stream that failed, and does not end it either.
            await notices.return();
            throw error;
          }
          logger.warn({ err: error }, "a session could not be read for a subscriber");
          notice = { kind: "REFETCH" };
          await sleep(delay, undefined, { ref: false });
        }
      }
    };
    const changes: AsyncIterableIterator<SessionChange> = {
      async next() {
        // Grafast asks for the next one at once, whether or not anybody reads. Until then they wait in the listener's
        // queue, which has an end.
        await whenSent(socket);
        const notice = await notices.next();
        const change = notice.done ? undefined : await readPatiently(notice.value);
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

// A notice names the revision; who saved it, and how, is in the history, which has the same policies.
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
