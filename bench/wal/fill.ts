import type pg from "pg";
import { makeState, randomNumbers } from "../shared/states.ts";

export type Ids = "random" | "by time";

export const USERS = 1000;
/** The id of the user with this number, as SQL. */
export const userId = (number: string) => `md5('person ' || ${number})::uuid`;
/** A new save id, as SQL. */
export const newSaveId: Readonly<Record<Ids, string>> = {
  random: "gen_random_uuid()",
  "by time": "app_private.uuid_v7()",
};
const REVISIONS = 6;
const STATES = 64;
const STATE_BYTES = 2000;

/** Inserts a year of sessions in the order of their start, with their history. */
export async function fill(client: pg.Client, sessions: number, ids: Ids): Promise<void> {
  const random = randomNumbers(3);
  const states = Array.from({ length: STATES }, () => makeState(STATE_BYTES, random));
  await client.query("create schema bench");
  // As app_private.uuid_v7(), for a time in the past.
  await client.query(`
    create function bench.id_at(at timestamptz) returns uuid language sql volatile as $$
      select ${
        ids === "random"
          ? "gen_random_uuid()"
          : `encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
               placing substring(int8send(floor(extract(epoch from at) * 1000)::bigint) from 3) from 1 for 6
             ), 52, 1), 53, 1), 'hex')::uuid`
      }
    $$`);
  await client.query(`insert into profiles (id) select ${userId("n")} from generate_series(1, $1) n`, [USERS]);
  // Without triggers, which would set today's date in every row.
  await client.query("set session_replication_role = replica");
  await client.query(
    `create table bench.sessions as
     select n, bench.id_at(at) as id, 1 + n * 7919 % $2::int as person, at, ($3::jsonb[])[1 + n % $4::int] as state
       from generate_series(1, $1::int) n
      cross join lateral (select now() - (1 - n::float8 / $1) * interval '365 days' as at) _`,
    [sessions, USERS, states, STATES],
  );
  await client.query(
    `insert into wizard_sessions (id, user_id, stage, state, started_at, last_saved_at, revision)
     select id, ${userId("person")}, 1 + n % 6, state, at, at + interval '5 minutes', $1 from bench.sessions order by n`,
    [REVISIONS - 1],
  );
  await client.query(
    `insert into wizard_session_revisions (session_id, revision, save_id, saved_by, stage, status, patch, snapshot, size, saved_at)
     select id, r, bench.id_at(at + r * interval '1 minute'), ${userId("person")}, 1, 'in_progress',
            case r when 0 then state else jsonb_build_object('basics', jsonb_build_object('title', 'Title ' || n || r)) end,
            case r when 0 then state end, 2000, at + r * interval '1 minute'
       from bench.sessions cross join generate_series(0, $1) r order by n, r`,
    [REVISIONS - 1],
  );
  await client.query(
    `insert into app_private.wizard_session_sizes (user_id, session_id, bytes)
     select ${userId("person")}, id, 6000 from bench.sessions`,
  );
  await client.query("reset session_replication_role");
  await client.query("vacuum (freeze, analyze)");
}
