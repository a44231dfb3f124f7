import type pg from "pg";

export interface SweepSettings {
  /** Intervals in PostgreSQL's words. */
  readonly abandonAfter: string;
  readonly purgeAfter: string;
}

/** What a sweep has done, or would do: sessions that it deletes and abandons, revisions that it thins out. */
export interface Swept {
  readonly purged: number;
  readonly abandoned: number;
  readonly thinned: number;
}

// A batch is a transaction, of well under a second. One of thinning begins by looking for all that is old, so that
// smaller ones would take longer together; sessions are purged with up to three hundred revisions each.
const ABANDONED_AT_ONCE = 500;
const PURGED_AT_ONCE = 100;
const THINNED_AT_ONCE = 500;

/**
 * Deletes, abandons and thins out in batches, until nothing is left to do or `signal` ends it between two of them. In
 * this order, so that no session is abandoned and deleted at once.
 */
export async function sweep(db: pg.Pool, settings: SweepSettings, signal: AbortSignal): Promise<Swept> {
  /** Calls a function that takes at most so many sessions until it finds fewer, and adds up what it did. */
  const inBatches = async (batch: string, atOnce: number, parameters: readonly string[]): Promise<number> => {
    let total = 0;
    while (!signal.aborted) {
      const { rows } = await db.query<{ sessions: number; done: number }>(batch, [atOnce, ...parameters]);
      const [{ sessions, done } = { sessions: 0, done: 0 }] = rows;
      total += done;
      if (sessions < atOnce) break;
    }
    return total;
  };
  return {
    purged: await inBatches(
      "select n as sessions, n as done from app_private.purge_wizard_sessions($2, $1) n",
      PURGED_AT_ONCE,
      [settings.purgeAfter],
    ),
    abandoned: await inBatches(
      "select n as sessions, n as done from app_private.abandon_wizard_sessions($2, $1) n",
      ABANDONED_AT_ONCE,
      [settings.abandonAfter],
    ),
    thinned: await inBatches(
      "select sessions, revisions as done from app_private.thin_wizard_session_revisions($1)",
      THINNED_AT_ONCE,
      [],
    ),
  };
}

/** Counts what a sweep would do now, and changes nothing. */
export async function previewSweep(db: pg.Pool | pg.Client, settings: SweepSettings): Promise<Swept> {
  const { rows } = await db.query<Swept>(
    "select purged::float8, abandoned::float8, thinned::float8 from app_private.preview_sweep($1, $2)",
    [settings.abandonAfter, settings.purgeAfter],
  );
  const [counts] = rows;
  if (counts === undefined) throw new Error("The preview of a sweep is one row, and there was none.");
  return counts;
}
