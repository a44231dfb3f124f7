import type pg from "pg";

/** The work on a table between two moments. */
export interface Work {
  readonly statements: number;
  readonly seconds: number;
  readonly updates: number;
  readonly hotUpdates: number;
  /** Bytes of write-ahead log by resource manager, without full page images. */
  readonly wal: Readonly<Record<string, number>>;
  readonly fullPageBytes: number;
}

/** Measures the `statements` that `run` sends over `clients`: the time, and the changes of the server's counters. */
export async function observe(
  clients: readonly pg.Client[],
  statements: number,
  run: () => Promise<unknown>,
): Promise<Work> {
  const [client] = clients as [pg.Client];
  const before = await updateCounters(client);
  const from = await endOfWal(client);
  const started = performance.now();
  await run();
  const seconds = (performance.now() - started) / 1000;
  const to = await endOfWal(client);
  for (const each of clients) await each.query("select pg_stat_force_next_flush()");
  const after = await updateCounters(client);
  return {
    statements,
    seconds,
    updates: after.updates - before.updates,
    hotUpdates: after.hot - before.hot,
    ...(await walBetween(client, from, to)),
  };
}

async function updateCounters(client: pg.Client): Promise<{ updates: number; hot: number }> {
  const { rows } = await client.query<{ updates: number; hot: number }>(
    `select n_tup_upd::float8 as updates, n_tup_hot_upd::float8 as hot
       from pg_stat_user_tables where relid = 'wizard_sessions'::regclass`,
  );
  return rows[0] ?? { updates: 0, hot: 0 };
}

/** The end of the write-ahead log that is on disk and can be read. */
async function endOfWal(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ lsn: string }>(
    // Committing flushes it, also on a connection that otherwise does not wait.
    "select pg_logical_emit_message(true, 'bench', '')::text as lsn, set_config('synchronous_commit', 'on', true)",
  );
  return rows[0]?.lsn ?? "";
}

async function walBetween(client: pg.Client, from: string, to: string): Promise<Pick<Work, "wal" | "fullPageBytes">> {
  const { rows } = await client.query<{ manager: string; bytes: number; fullPageBytes: number }>(
    `select
       "resource_manager/record_type" as manager,
       record_size::float8 as bytes,
       fpi_size::float8 as "fullPageBytes"
     from pg_get_wal_stats($1, $2) where count > 0`,
    [from, to],
  );
  return {
    wal: Object.fromEntries(rows.map(({ manager, bytes }) => [manager, bytes])),
    fullPageBytes: rows.reduce((sum, row) => sum + row.fullPageBytes, 0),
  };
}
