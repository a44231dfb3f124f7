import { readFile } from "node:fs/promises";
import type pg from "pg";
import { type BenchCluster, TEMPLATE } from "../shared/cluster.ts";
import { median } from "../shared/report.ts";
import { BIG_USER, STATEMENTS, type Statement } from "./statements.ts";

export interface ScaleResult {
  readonly version: string;
  readonly sessions: number;
  readonly revisions: number;
  /** Bytes on disk, including indexes and TOAST. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly statements: readonly StatementResult[];
}

export interface StatementResult {
  readonly title: string;
  readonly sql: string;
  /** Median of the runs. */
  readonly ms?: number;
  /** Pages of 8 KiB that were read, from memory or disk. */
  readonly buffers?: number;
  readonly plans: readonly string[];
  /** The refusal, if the statement can't do it. */
  readonly refused?: string;
}

const TABLES = ["wizard_sessions", "wizard_session_revisions"];
// A statement that takes longer is run only once.
const LONG_MS = 3_000;
const RUNS = 5;

export async function measureScale(
  cluster: BenchCluster,
  { sessions, bigUserSessions }: { readonly sessions: number; readonly bigUserSessions: number },
  progress: (line: string) => void,
): Promise<ScaleResult> {
  await cluster.withoutFsync(() =>
    cluster.using(TEMPLATE, async (client) => {
      await client.query("create extension pg_buffercache");
      // It would run during a measurement.
      for (const table of TABLES) {
        await client.query(`alter table ${table} set (autovacuum_enabled = off, toast.autovacuum_enabled = off)`);
      }
      await client.query(
        "select set_config('bench.sessions', $1, false), set_config('bench.big_user_sessions', $2, false)",
        [...[String(sessions), String(bigUserSessions)]],
      );
      progress(`filling ${sessions} sessions`);
      await client.query(await readFile(new URL("fill.sql", import.meta.url), "utf8"));
      progress("vacuum");
      for (const table of [...TABLES, "profiles"]) await client.query(`vacuum (analyze) ${table}`);
    }),
  );
  return await cluster.using(TEMPLATE, async (client) => {
    await client.query("load 'auto_explain'");
    const { rows } = await client.query<{ revisions: number }>(
      "select count(*)::float8 as revisions from wizard_session_revisions",
    );
    const sizes = await relationSizes(client);
    const results: StatementResult[] = [];
    for (const statement of STATEMENTS) {
      const result = await measure(client, statement);
      progress(`${result.title}: ${result.refused ?? `${result.ms?.toFixed(1)} ms, ${result.buffers} pages`}`);
      results.push(result);
    }
    return {
      version: await cluster.version(),
      sessions,
      revisions: rows[0]?.revisions ?? 0,
      sizes,
      statements: results,
    };
  });
}

async function measure(client: pg.Client, statement: Statement): Promise<StatementResult> {
  const { title, sql } = statement;
  if (statement.prepare !== undefined) await client.query(statement.prepare);
  try {
    // Also warms up.
    const first = await inTransaction(client, statement, () => explain(client, sql));
    const times: number[] = [];
    for (let run = 0; run < (first.ms > LONG_MS ? 1 : RUNS); run++) {
      await inTransaction(client, statement, async () => {
        const started = performance.now();
        await client.query(sql);
        times.push(performance.now() - started);
      });
    }
    const plans = await inTransaction(client, statement, () => plansOf(client, sql, first.ms));
    return { title, sql, ms: median(times), buffers: first.buffers, plans };
  } catch (error) {
    return { title, sql, plans: [], refused: (error as Error).message };
  }
}

async function inTransaction<T>(client: pg.Client, statement: Statement, work: () => Promise<T>): Promise<T> {
  const { role = "stagekeep_owner", before, cold } = statement;
  if (cold) {
    for (const table of TABLES) {
      await client.query(
        `select pg_buffercache_evict_relation(oid)
           from pg_class where oid = $1::regclass
             or oid in (select indexrelid from pg_index where indrelid = $1::regclass)
             or oid = (select reltoastrelid from pg_class where oid = $1::regclass)`,
        [table],
      );
    }
  }
  await client.query("begin");
  try {
    const claims = { sub: BIG_USER, role };
    await client.query("select set_config('request.jwt.claims', $1, true)", [JSON.stringify(claims)]);
    await client.query(`set local role ${role}`);
    if (before !== undefined) await client.query(before);
    return await work();
  } finally {
    await client.query("rollback");
  }
}

interface Explained {
  readonly "QUERY PLAN": readonly [
    {
      readonly "Execution Time": number;
      readonly Plan: { readonly "Shared Hit Blocks": number; readonly "Shared Read Blocks": number };
    },
  ];
}

async function explain(client: pg.Client, sql: string): Promise<{ ms: number; buffers: number }> {
  const { rows } = await client.query<Explained>(`explain (analyze, buffers, format json) ${sql}`);
  const [explained] = (rows[0] as Explained)["QUERY PLAN"];
  return {
    ms: explained["Execution Time"],
    buffers: explained.Plan["Shared Hit Blocks"] + explained.Plan["Shared Read Blocks"],
  };
}

// A statement inside a function is shown if it takes at least this share of the time.
const SHARE_SHOWN = 0.1;
// A function may run the same statement hundreds of times.
const PLANS_KEPT = 4;

/** The plans of a statement and of the longest statements inside the functions that it calls. */
async function plansOf(client: pg.Client, sql: string, ms: number): Promise<string[]> {
  await client.query("reset role");
  const role = await client.query<{ claims: string }>("select current_setting('request.jwt.claims') as claims");
  const atLeast = Math.floor(SHARE_SHOWN * ms);
  for (const setting of ["analyze = on", "buffers = on", "nested_statements = on", `min_duration = ${atLeast}`]) {
    await client.query(`set local auto_explain.log_${setting}`);
  }
  const plans: string[] = [];
  const listen = ({ message = "" }: { message?: string | undefined }) => {
    const [, plan] = /^duration: [\d.]+ ms {2}plan:\n([\s\S]*)/.exec(message) ?? [];
    if (plan !== undefined && plans.length < PLANS_KEPT) plans.push(plan);
  };
  client.on("notice", listen);
  try {
    await client.query("set local client_min_messages = log");
    await client.query(`set local role ${JSON.parse(role.rows[0]?.claims ?? "{}").role}`);
    await client.query(sql);
  } finally {
    client.off("notice", listen);
  }
  return plans;
}

async function relationSizes(client: pg.Client): Promise<Record<string, number>> {
  const { rows } = await client.query<{ name: string; bytes: number }>(
    `select relname as name, pg_total_relation_size(oid)::float8 as bytes from pg_class
      where oid = any($1::regclass[]) or oid in (select indexrelid from pg_index where indrelid = any($1::regclass[]))
      order by 1`,
    [TABLES],
  );
  return Object.fromEntries(rows.map(({ name, bytes }) => [name, bytes]));
}
