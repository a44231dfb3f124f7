import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { BenchCluster } from "../shared/cluster.ts";
import { VARIANTS, type Variant } from "./variants.ts";

const POLL_EVERY_MS = 100;

export interface WritersOptions {
  readonly database: string;
  readonly writers: number;
  readonly rounds: number;
  readonly seconds: number;
}

export interface Speeds {
  readonly variant: Variant;
  /** Saves per second, one number per round. */
  readonly speeds: readonly number[];
}

/** Each writer saves its own session for a while. The variants take turns in each round. */
export async function measureWriters(
  cluster: BenchCluster,
  options: WritersOptions,
  progress: (line: string) => void,
): Promise<Speeds[]> {
  const { database, rounds, seconds } = options;
  const admin = await cluster.connect(database);
  const listener = new pg.Client({ connectionString: cluster.url("authenticator", database) });
  await listener.connect();
  // A listener in every variant, because NOTIFY without one is cheaper than in production.
  await listener.query("listen wizard_session_changed");
  const writers = await Promise.all(Array.from({ length: options.writers }, () => openWriter(cluster, database)));
  const results = VARIANTS.map((variant) => ({ variant, speeds: [] as number[] }));
  try {
    await admin.query(`create table app_private.wizard_session_watches (session_id uuid primary key);
      alter table app_private.wizard_session_watches owner to stagekeep_owner`);
    for (let round = 0; round < rounds; round++) {
      progress(`writers: round ${round + 1} of ${rounds}`);
      for (let place = 0; place < results.length; place++) {
        // Each round starts with another variant, so that none always follows the same one.
        const { variant, speeds } = results[(place + round) % results.length] ?? { variant: undefined, speeds: [] };
        if (!variant) continue;
        await admin.query(`create or replace function app_private.tg_wizard_sessions__notify() returns trigger as $$
          begin ${variant.body} return null; end;
          $$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp`);
        const watched = writers.slice(0, Math.round(writers.length * variant.watched)).map(({ id }) => id);
        await admin.query("truncate app_private.wizard_session_watches");
        await admin.query("insert into app_private.wizard_session_watches select unnest($1::uuid[])", [watched]);
        await admin.query("select pg_advisory_unlock_all()");
        await admin.query(
          "select pg_advisory_lock_shared(app_private.wizard_session_watch_key(id)) from unnest($1::uuid[]) id",
          [watched],
        );
        await admin.query("checkpoint");
        const until = performance.now() + seconds * 1000;
        const polling = poll(admin, variant.poll, watched, until);
        const counts = await Promise.all(writers.map(({ save }) => repeat(() => save(variant.afterwards), until)));
        await polling;
        speeds.push(counts.reduce((sum, count) => sum + count, 0) / seconds);
      }
    }
  } finally {
    await Promise.all([admin, listener, ...writers.map(({ client }) => client)].map((client) => client.end()));
  }
  return results;
}

async function openWriter(cluster: BenchCluster, database: string) {
  const client = await cluster.connect(database);
  const [user, id] = [randomUUID(), randomUUID()];
  await client.query("select set_config('request.jwt.claims', $1, false)", [
    JSON.stringify({ sub: user, role: "authenticated" }),
  ]);
  await client.query("set role authenticated");
  const state = { basics: { title: "Fête" }, page: { description: "x".repeat(2_000) } };
  await client.query("insert into wizard_sessions (id, state) values ($1, $2)", [id, JSON.stringify(state)]);
  let revision = 0;
  const save = async (afterwards?: string) => {
    const patch = { basics: { title: `Fête ${revision}` } };
    await client.query("select outcome from save_wizard_session($1, $2, $3, $4)", [
      id,
      randomUUID(),
      revision,
      JSON.stringify(patch),
    ]);
    revision++;
    if (afterwards !== undefined) await client.query(afterwards, [id]);
  };
  return { client, id, save };
}

async function poll(client: pg.Client, question: string | undefined, ids: readonly string[], until: number) {
  while (question !== undefined && performance.now() < until) {
    await client.query(question, [ids]);
    await sleep(POLL_EVERY_MS);
  }
}

async function repeat(work: () => Promise<void>, until: number): Promise<number> {
  let count = 0;
  for (; performance.now() < until; count++) await work();
  return count;
}
