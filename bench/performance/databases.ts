import type pg from "pg";
import { signToken } from "../../server/tokens.ts";
import { type BenchCluster, TEMPLATE } from "../shared/cluster.ts";
import { makeState, randomNumbers } from "../shared/states.ts";
import type { Contestant } from "./contestants.ts";
import type { Session } from "./operations.ts";

export const JWT_SECRET = "only for measuring, but of 32 bytes or more";
const TOKENS = { secret: JWT_SECRET, audience: "authenticated" };

// The table that the peers update: the same policy and the same timestamp trigger as a careful author writes, and no history.
const DRAFTS = `
  create table drafts (
    id         uuid primary key,
    user_id    uuid not null,
    state      jsonb not null,
    updated_at timestamptz not null default now()
  );
  alter table drafts owner to stagekeep_owner;
  alter table drafts enable row level security;
  create index on drafts (user_id);
  create policy drafts_policy on drafts for all to authenticated
    using (user_id = (select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid));
  grant select, insert, delete, update (state) on drafts to authenticated;
  create function tg_drafts__timestamp() returns trigger as $$
  begin
    NEW.updated_at = now();
    return NEW;
  end;
  $$ language plpgsql;
  create trigger _100_timestamp before update on drafts for each row execute function tg_drafts__timestamp();
`;

export interface FilledDatabase {
  readonly name: string;
  readonly sessions: Session[];
}

/** Creates the contestant's own database, with a session for each user. */
export async function createDatabase(
  cluster: BenchCluster,
  contestant: Contestant,
  { users, stateBytes }: { users: number; stateBytes: number },
): Promise<FilledDatabase> {
  const name = `bench_${contestant.key.replaceAll("-", "_")}`;
  const isOurs = contestant.database === "sessions";
  await cluster.using("postgres", (client) =>
    client.query(`create database ${name} owner stagekeep_owner template ${isOurs ? TEMPLATE : "template1"}`),
  );
  // The same users and states for every contestant.
  const random = randomNumbers(1);
  const states = Array.from({ length: users }, () => makeState(stateBytes, random));
  const rows = await cluster.using(name, async (client) => {
    if (!isOurs) await client.query(DRAFTS);
    const filled = await (isOurs ? fillSessions : fillDrafts)(client, states, contestant.sessionsPerUser);
    await client.query("vacuum (freeze, analyze)");
    return filled;
  });
  const token = new Map<string, string>();
  for (const { userId } of rows) {
    if (token.has(userId)) continue;
    token.set(userId, await signToken(TOKENS, { sub: userId, role: "authenticated", expiresIn: "1d" }));
  }
  return {
    name,
    sessions: rows.map(({ id, userId, state }) => ({ id, token: token.get(userId) ?? "", state, revision: 0 })),
  };
}

interface Row {
  readonly id: string;
  readonly userId: string;
  readonly state: Session["state"];
}

const RETURNED = 'returning id, user_id as "userId", state';

async function fillDrafts(client: pg.Client, states: readonly string[]): Promise<Row[]> {
  const { rows } = await client.query<Row>(
    `insert into drafts (id, user_id, state)
     select gen_random_uuid(), gen_random_uuid(), state from unnest($1::jsonb[]) state ${RETURNED}`,
    [states],
  );
  return rows;
}

async function fillSessions(client: pg.Client, states: readonly string[], perUser: number): Promise<Row[]> {
  await client.query("insert into profiles (id) select gen_random_uuid() from generate_series(1, $1)", [states.length]);
  // One session of each user after the other, because a client works on one at a time.
  const { rows } = await client.query<Row>(
    `insert into wizard_sessions (user_id, state)
     select profiles.id, states.state
       from (select id, row_number() over () as number from profiles) profiles
       join unnest($1::jsonb[]) with ordinality states (state, number) using (number)
       cross join generate_series(1, $2)
     ${RETURNED}`,
    [states, perUser],
  );
  return rows;
}

/**
 * Counts the saves in the database in two ways: those written, and the numbers in the titles that the last saves of each
 * session stored. Call it after the server has stopped, because open connections report their updates late.
 */
export async function countSaves(
  cluster: BenchCluster,
  { database }: Contestant,
  { name }: FilledDatabase,
): Promise<{ written: number; inTitles: number }> {
  const [table, written] =
    database === "sessions"
      ? ["wizard_sessions", "sum(revision)"]
      : ["drafts", "(select n_tup_upd from pg_stat_user_tables where relid = 'drafts'::regclass)"];
  const { rows } = await cluster.using(name, (client) =>
    client.query<{ written: number; inTitles: number }>(
      `select
         ${written}::int as written,
         coalesce(sum(substring(state #>> '{basics,title}' from '^Title (\\d+) ')::int), 0)::int as "inTitles"
       from ${table}`,
    ),
  );
  return rows[0] ?? { written: 0, inTitles: 0 };
}
