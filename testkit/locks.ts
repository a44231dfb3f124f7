import type pg from "pg";
import type { TestDatabase } from "./database.ts";
import { until } from "./until.ts";

/**
 * Runs `actions` at the same time, always interleaved in the same way: `hold` takes locks first, each action starts when
 * the ones before it wait for a lock, and then `hold` is rolled back. Returns the outcomes in the order of the actions.
 */
export async function interleave(
  db: TestDatabase,
  hold: string,
  actions: readonly (() => Promise<unknown>)[],
): Promise<unknown[]> {
  const holder = await db.root.connect();
  const running: Promise<unknown>[] = [];
  try {
    await holder.query(`begin; ${hold}`);
    for (const action of actions) {
      running.push(action().catch((error: pg.DatabaseError) => ({ refused: error.code, message: error.message })));
      await until(
        async () => (await waiting(db)) >= running.length,
        `${running.length} statements that wait for a lock`,
      );
    }
  } finally {
    await holder.query("rollback");
    holder.release();
  }
  return await Promise.all(running);
}

async function waiting(db: TestDatabase): Promise<number> {
  const { rowCount } = await db.root.query(
    "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return rowCount ?? 0;
}
