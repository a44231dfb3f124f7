import type pg from "pg";
import { type BenchCluster, TEMPLATE } from "../shared/cluster.ts";
import { observe, type Work } from "../shared/counters.ts";
import { fill, type Ids, newSaveId } from "./fill.ts";

export interface WalOptions {
  readonly sessions: number;
  readonly saves: number;
  readonly rounds: number;
}

/** Which sessions are saved: any of the year's, or those that were started last, as many as there are saves. */
export type Spread = "any" | "newest";

export interface WalResult {
  readonly ids: Ids;
  readonly keyIndex: boolean;
  readonly spread: Spread;
  readonly compression: string;
  readonly rounds: readonly Work[];
}

const IDS: readonly Ids[] = ["random", "by time"];
const SPREADS: readonly Spread[] = ["any", "newest"];
const KEY_INDEX = "wizard_session_revisions_save_id_key";

export async function measureWal(
  cluster: BenchCluster,
  options: WalOptions,
  progress: (line: string) => void,
): Promise<WalResult[]> {
  await cluster.using(TEMPLATE, (client) => client.query("create extension pg_walinspect"));
  const results: WalResult[] = [];
  for (const ids of IDS) {
    const filled = await makeFilled(cluster, options, ids, progress);
    for (const keyIndex of [true, false]) {
      const database = `${filled}_${keyIndex ? "with" : "without"}_key_index`;
      await cluster.using("postgres", (client) => client.query(`create database ${database} template ${filled}`));
      progress(`ids ${ids}, ${keyIndex ? "with" : "without"} the index of save keys`);
      results.push(...(await measureDatabase(cluster, options, { database, ids, keyIndex })));
      await cluster.using("postgres", (client) => client.query(`drop database ${database}`));
    }
    await cluster.using("postgres", (client) => client.query(`drop database ${filled}`));
  }
  return results;
}

async function makeFilled(
  cluster: BenchCluster,
  { sessions }: WalOptions,
  ids: Ids,
  progress: (line: string) => void,
): Promise<string> {
  progress(`filling a database with ids ${ids}`);
  const database = `wal_${ids.replace(" ", "_")}`;
  await cluster.using("postgres", (client) => client.query(`create database ${database} template ${TEMPLATE}`));
  await cluster.withoutFsync(() => cluster.using(database, (client) => fill(client, sessions, ids)));
  return database;
}

async function measureDatabase(
  cluster: BenchCluster,
  options: WalOptions,
  { database, ids, keyIndex }: Pick<WalResult, "ids" | "keyIndex"> & { readonly database: string },
): Promise<WalResult[]> {
  const [admin, saver] = [await cluster.connect(database), await cluster.connect(database)];
  try {
    // Autovacuum would write during a measurement.
    await admin.query("alter table wizard_sessions set (autovacuum_enabled = off)");
    await admin.query("alter table wizard_session_revisions set (autovacuum_enabled = off)");
    if (!keyIndex) await admin.query(`alter table wizard_session_revisions drop constraint ${KEY_INDEX}`);
    // Waiting for the disk would only take time.
    await saver.query("set synchronous_commit = off");
    const results: (WalResult & { readonly rounds: Work[] })[] = [];
    for (const compression of await compressions(admin)) {
      for (const spread of SPREADS) results.push({ ids, keyIndex, spread, compression, rounds: [] });
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const result of results) result.rounds.push(await saveCold(admin, saver, options, result));
    }
    return results;
  } finally {
    await Promise.all([admin.end(), saver.end()]);
  }
}

/** The values of `wal_compression` that this PostgreSQL was built with. */
async function compressions(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ value: string }>(
    "select unnest(enumvals) as value from pg_settings where name = 'wal_compression'",
  );
  return ["off", "pglz", "lz4", "zstd"].filter((wanted) => rows.some(({ value }) => value === wanted));
}

/** Saves each of some sessions once, just after a checkpoint. */
async function saveCold(
  admin: pg.Client,
  saver: pg.Client,
  { saves }: WalOptions,
  { ids, spread, compression }: WalResult,
): Promise<Work> {
  const { rows } = await admin.query<{ id: string; user_id: string; revision: number }>(
    `select s.id, s.user_id, s.revision
       from (select id from bench.sessions ${spread === "newest" ? "order by n desc limit $1" : ""}) chosen
       join wizard_sessions s using (id) order by random() limit $1`,
    [saves],
  );
  await saver.query("reset role");
  await saver.query(`set wal_compression = ${compression}`);
  await saver.query("set role authenticated");
  await admin.query("checkpoint");
  return await observe([admin, saver], saves, async () => {
    for (const { id, user_id, revision } of rows) {
      await saver.query({
        name: `save ${ids}`,
        text: `select outcome, set_config('request.jwt.claims', $4, false)
                 from set_config('request.jwt.claims', $4, false) claims
                cross join lateral save_wizard_session($1, ${newSaveId[ids]}, $2, $3)
                where claims is not null`,
        values: [
          id,
          revision,
          JSON.stringify({ basics: { title: `A title at revision ${revision}` } }),
          JSON.stringify({ sub: user_id }),
        ],
      });
    }
  });
}
