import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "@jest/globals";
import type pg from "pg";
import { useTestDatabase } from "../../testkit/database.ts";
import { singleRow, startSession } from "../../testkit/rows.ts";

const db = useTestDatabase();

const SESSIONS = 50_000;
const USERS = 400;
/** One of the users that the table is filled with. */
const ADA = "00000000-0000-4000-8000-000000000007";

// A year of sessions in the order of their start. Most are completed, some are abandoned, and many of the last month are
// still in progress. Every fifth session has an event.
const FILL = `
  create temporary table people as
    select n, format('00000000-0000-4000-8000-%s', lpad(n::text, 12, '0'))::uuid as id
      from generate_series(0, ${USERS - 1}) n;
  insert into profiles (id) select id from people;
  create temporary table runs as
    select r.n, p.id as user_id, now() - (${SESSIONS} - r.n) * interval '1 year' / ${SESSIONS} as saved_at,
           case when r.n % 5 = 0 then gen_random_uuid() end as event_id,
           case
             when r.n > ${SESSIONS} * 11 / 12 and r.n % 3 <> 0 then 'in_progress'
             when r.n % 100 < 2 then 'abandoned'
             when r.n % 500 = 3 then 'in_progress'
             else 'completed'
           end as status
      from generate_series(1, ${SESSIONS}) r (n)
      -- Spreads the sessions of each user over the year.
      join people p on p.n = (r.n * 7919) % ${USERS};
  insert into events (id, owner_id, title) select event_id, user_id, 'Event ' || n from runs where event_id is not null;
  insert into wizard_sessions (user_id, event_id, stage, status, state, started_at, last_saved_at)
    select user_id, event_id, 1 + n % 6, status,
           jsonb_build_object('basics', jsonb_build_object('title', 'Event ' || n, 'summary', repeat('x', 200))),
           saved_at - interval '1 hour', saved_at
      from runs order by n;
  analyze profiles, events, wizard_sessions`;

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly Plans?: readonly Plan[];
}

async function explain(client: pg.ClientBase | pg.Pool, query: string, values: unknown[] = []): Promise<Plan[]> {
  const { rows } = await client.query<{ "QUERY PLAN": [{ Plan: Plan }] }>(`explain (format json) ${query}`, values);
  return flatten(singleRow(rows)["QUERY PLAN"][0].Plan);
}

/** Returns the indexes in a query's plan, and the tables that it reads with a sequential scan. */
async function planOf(client: pg.ClientBase | pg.Pool, query: string, values: unknown[] = []) {
  const nodes = await explain(client, query, values);
  return {
    indexes: nodes.flatMap((node) => node["Index Name"] ?? []),
    scanned: nodes.flatMap((node) => (node["Node Type"] === "Seq Scan" ? (node["Relation Name"] ?? []) : [])),
  };
}

function flatten(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(flatten)];
}

describe("the indexes of wizard_sessions", () => {
  it("have the required names and columns", async () => {
    const expected = [
      { name: "idx_wizard_sessions_event_id", columns: ["event_id"] },
      { name: "idx_wizard_sessions_last_saved_at", columns: ["last_saved_at"] },
      { name: "idx_wizard_sessions_status", columns: ["status"] },
      { name: "idx_wizard_sessions_user_id", columns: ["user_id"] },
      { name: "idx_wizard_sessions_user_status", columns: ["user_id", "status"] },
    ];
    const { rows } = await db.root.query(
      `select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
         from pg_index i join pg_class c on c.oid = i.indexrelid join pg_attribute a on a.attrelid = c.oid
        where i.indrelid = 'wizard_sessions'::regclass and i.indisvalid and c.relname = any($1)
        group by c.relname order by c.relname`,
      [expected.map(({ name }) => name)],
    );
    expect(rows).toEqual(expected);
  });
});

describe(`in a table of ${SESSIONS} sessions, PostgreSQL`, () => {
  beforeAll(async () => {
    await db.root.query(FILL);
  });

  it("uses an index for the sessions of a user, with RLS", async () => {
    const plan = await db.asUser(ADA, (client) => planOf(client, "select * from wizard_sessions"));
    expect(plan).toEqual({ indexes: [expect.stringMatching(/^idx_wizard_sessions_user_(id|status)$/)], scanned: [] });
  });

  it("uses an index for the sessions of a user with one status, with RLS", async () => {
    const plan = await db.asUser(ADA, (client) =>
      planOf(client, "select * from wizard_sessions where status = $1", ["in_progress"]),
    );
    expect(plan).toEqual({ indexes: ["idx_wizard_sessions_user_status"], scanned: [] });
  });

  it("uses an index for the sessions of a user with one status, as service_role", async () => {
    const plan = await db.asService((client) =>
      planOf(client, "select * from wizard_sessions where user_id = $1 and status = $2", [ADA, "completed"]),
    );
    expect(plan).toEqual({ indexes: ["idx_wizard_sessions_user_status"], scanned: [] });
  });

  it("uses an index for the latest session in progress of a user", async () => {
    const plan = await db.asUser(ADA, (client) =>
      planOf(client, "select * from wizard_sessions where status = $1 order by last_saved_at desc limit 1", [
        "in_progress",
      ]),
    );
    expect(plan).toEqual({ indexes: ["idx_wizard_sessions_user_status"], scanned: [] });
  });

  it("uses an index for the order of a user's sessions by their start, and does not sort all of them", async () => {
    const query = "select * from wizard_sessions where status <> 'in_progress' order by started_at desc, id limit 21";
    const nodes = await db.asUser(ADA, (client) => explain(client, query));
    expect(nodes.flatMap((node) => node["Index Name"] ?? [])).toEqual(["idx_wizard_sessions_user_started_at"]);
    expect(nodes.map((node) => node["Node Type"])).not.toContain("Sort");
  });

  it("uses the primary key for one session, with RLS", async () => {
    const { id } = singleRow(
      (await db.root.query("select id from wizard_sessions where user_id = $1 limit 1", [ADA])).rows,
    );
    const plan = await db.asUser(ADA, (client) => planOf(client, "select * from wizard_sessions where id = $1", [id]));
    expect(plan).toEqual({ indexes: ["wizard_sessions_pkey"], scanned: [] });
  });

  it("uses an index for the sessions of an event, which a deletion of the event looks up", async () => {
    const { rows } = await db.root.query("select event_id from wizard_sessions where event_id is not null limit 1");
    const plan = await planOf(db.root, "select * from wizard_sessions where event_id = $1", [singleRow(rows).event_id]);
    expect(plan).toEqual({ indexes: ["idx_wizard_sessions_event_id"], scanned: [] });
  });

  it("uses an index for a status that few sessions have", async () => {
    const plan = await planOf(db.root, "select * from wizard_sessions where status = $1", ["abandoned"]);
    expect(plan).toEqual({ indexes: ["idx_wizard_sessions_status"], scanned: [] });
  });

  it("uses an index for the sessions that the sweep abandons", async () => {
    const sweep = "select id from wizard_sessions where status = 'in_progress' and last_saved_at < $1";
    const monthAgo = new Date(Date.now() - 30 * 24 * 3600 * 1000);
    const plan = await planOf(db.root, sweep, [monthAgo]);
    expect(plan.indexes).not.toEqual([]);
    expect(plan.scanned).toEqual([]);
  });

  it("scans the table for a status that most sessions have, so the other plans are a choice", async () => {
    const plan = await planOf(db.root, "select * from wizard_sessions where status = $1", ["completed"]);
    expect(plan).toEqual({ indexes: [], scanned: ["wizard_sessions"] });
  });
});

describe("a save", () => {
  it("changes no index from PostgreSQL 16 on", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    const { rows } = await db.asUser(ada, async (client) => {
      await client.query("update wizard_sessions set stage = 2, state = '{\"basics\": {}}' where id = $1", [id]);
      return client.query<{ hot: number; version: number }>(
        `select pg_stat_get_xact_tuples_hot_updated('wizard_sessions'::regclass)::int as hot,
                current_setting('server_version_num')::int / 10000 as version`,
      );
    });
    const { hot, version } = singleRow(rows);
    // Before 16, a HOT update may not change a column with a BRIN index, and every save changes last_saved_at.
    expect(hot).toBe(version >= 16 ? 1 : 0);
  });
});
