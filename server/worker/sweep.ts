import type pg from "pg";

export interface SweepSettings {
  /** PostgreSQL intervals. */
  readonly abandonAfter: string;
  readonly purgeAfter: string;
}

/** The number of sessions deleted and abandoned, and of revisions removed. */
export interface Swept {
  readonly purged: number;
  readonly abandoned: number;
  readonly thinned: number;
}

export interface SweepPreview extends Swept {
  /** There is more to thin than was counted. */
  readonly moreToThin: boolean;
}

// Each batch is one transaction, of well under a second. A purged session has up to 300 revisions.
const ABANDON_BATCH = 500;
const PURGE_BATCH = 100;
/** In checkpoints. */
const THIN_BATCH = 500;
const FORGET_BATCH = 1_000;

/**
 * Deletes, abandons and thins out in batches, until nothing is left or `signal` is aborted. Deleting comes first, so that
 * no session is abandoned and deleted in the same sweep.
 */
export async function sweep(db: pg.Pool, settings: SweepSettings, signal: AbortSignal): Promise<Swept> {
  /** Repeats a batch until it finds fewer than `limit` rows. Returns the total of what it did. */
  const inBatches = async (batch: string, limit: number, parameters: readonly string[]): Promise<number> => {
    let total = 0;
    while (!signal.aborted) {
      const { rows } = await db.query<{ found: number; done: number }>(batch, [limit, ...parameters]);
      const [{ found, done } = { found: 0, done: 0 }] = rows;
      total += done;
      if (found < limit) break;
    }
    return total;
  };
  await inBatches("select n as found, n as done from app_private.forget_save_keys($1) n", FORGET_BATCH, []);
  return {
    purged: await inBatches(
      "select n as found, n as done from app_private.purge_wizard_sessions($2, $1) n",
      PURGE_BATCH,
      [settings.purgeAfter],
    ),
    abandoned: await inBatches(
      "select n as found, n as done from app_private.abandon_wizard_sessions($2, $1) n",
      ABANDON_BATCH,
      [settings.abandonAfter],
    ),
    thinned: await inBatches(
      "select checkpoints as found, revisions as done from app_private.thin_wizard_session_revisions($1)",
      THIN_BATCH,
      [],
    ),
  };
}

/** Counts what a sweep would do now, without changing anything. */
export async function previewSweep(db: pg.Pool | pg.Client, settings: SweepSettings): Promise<SweepPreview> {
  const { rows } = await db.query<SweepPreview>(
    `select purged::float8, abandoned::float8, thinned::float8, more_to_thin as "moreToThin"
       from app_private.preview_sweep($1, $2)`,
    [settings.abandonAfter, settings.purgeAfter],
  );
  const [counts] = rows;
  if (counts === undefined) throw new Error("preview_sweep returned no row.");
  return counts;
}
