import type pg from "pg";
import { type DataOptions, STATES, userCount, userId } from "./template.ts";

/** Inserts two years of sessions, in the order of their start. */
export async function fillTable(client: pg.Client, options: DataOptions): Promise<void> {
  // Without triggers, which would set today's date in every row.
  await client.query("set session_replication_role = replica");
  await client.query("select setseed(0.5)");
  // Completed sessions refer to events that do not exist. No save reads them, and the index has its real size.
  await client.query(
    `insert into wizard_sessions
       (id, user_id, event_id, stage, status, state, started_at, last_saved_at, completed_at, revision)
     select
       md5('session ' || n)::uuid,
       ${userId("person")},
       case status when 'completed' then md5('event ' || n)::uuid end,
       case status when 'completed' then 6 else 1 + n % 6 end,
       status, state, started_at, last_saved_at,
       case status when 'completed' then last_saved_at end,
       20 + n % 40
     from (
       select n, state, status, person, started_at,
         least(started_at + saved_for * interval '3 days', now()) as last_saved_at
       from (
         select
           n,
           1 + floor(random() * $2)::int as person,
           now() - (1 - n::float8 / $1) * interval '730 days' as started_at,
           -- Most users finish in one go, some come back after days.
           random() ^ 4 as saved_for,
           (array['in_progress', 'abandoned', 'abandoned'])[1 + n % 10] as unfinished
         from generate_series(1, $1::int) n
       ) drawn
       cross join lateral (select coalesce(unfinished, 'completed') as status) _
       join bench.states on states.number = 1 + n * 167 % ${STATES}
     ) sessions`,
    [options.rows, userCount(options)],
  );
  await client.query("reset session_replication_role");
  await client.query("vacuum (freeze, analyze) wizard_sessions");
}
