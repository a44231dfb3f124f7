import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { runMigrations } from "../../server/database/migrate.ts";
import { openDatabase, runAsSuperuser, useTestDatabase } from "../../testkit/database.ts";
import { COMMITTED_MIGRATIONS, migrateWith } from "../../testkit/release.ts";
import { startSession } from "../../testkit/rows.ts";
import { save } from "../../testkit/saving.ts";
import { definitionsIn, grantsIn } from "../../testkit/schemaFacts.ts";

interface Release {
  readonly version: string;
  /** Its committed migrations with their hashes. Released migrations never change. */
  readonly migrations: Readonly<Record<string, string>>;
}

const RELEASES: readonly Release[] = [
  { version: "0.1.0", migrations: { "000001-wizard-sessions.sql": "sha1:7e699a90827ee573e5782e8813b3c01fc5fdb92e" } },
];
const ADA = "ada00000-0000-4000-8000-000000000000";
const TYPED = "00000000-0000-4000-8000-000000000001";

const newest = useTestDatabase();

describe.each(RELEASES)("a filled database of release $version", ({ version, migrations }) => {
  const name = `upgrade_${randomUUID().replaceAll("-", "")}`;
  const { database: db, end } = openDatabase(name, "stagekeep_owner");
  let columns: Map<string, string[]>;
  let before: unknown;
  let timesBefore: unknown;

  beforeAll(async () => {
    await runAsSuperuser(`create database ${name} template template0 owner stagekeep_owner`);
    await migrateWith(Object.keys(migrations), db.ownerUrl);
    await db.root.query(await readFile(new URL(`releases/${version}.sql`, import.meta.url), "utf8"));
    columns = await tables();
    before = await contents();
    timesBefore = (
      await db.root.query(
        `select distinct on (session_id) session_id as id, round(extract(epoch from time_spent), 3)::float8 as seconds
           from wizard_session_revisions order by session_id, revision desc`,
      )
    ).rows;
    await runMigrations({ databaseUrl: db.ownerUrl, includeCurrent: true });
  });
  afterAll(end);

  async function tables(): Promise<Map<string, string[]>> {
    const { rows } = await db.root.query<{ name: string; columns: string[] }>(
      `select relname::text as name, array_agg(format('%I', attname) order by attnum) as columns
         from pg_class c join pg_attribute a on a.attrelid = c.oid and attnum > 0 and not attisdropped
        where relkind = 'r' and relnamespace = 'public'::regnamespace
          -- Moved to wizard_sessions.stage_seconds.
          and attname <> 'time_spent'
        group by relname`,
    );
    return new Map(rows.map((row) => [row.name, row.columns]));
  }

  /** Every value that the release stored, as text, and the state at every revision. */
  async function contents() {
    const stored: Record<string, string[]> = {};
    for (const [table, names] of columns) {
      const { rows } = await db.root.query<{ row: string }>(
        `select row(${names})::text as row from ${table} order by 1`,
      );
      stored[table] = rows.map(({ row }) => row);
    }
    const { rows: states } = await db.root.query(
      `select r.session_id, r.revision, at.state::text from wizard_session_revisions r
        cross join wizard_session_at(r.session_id, r.revision) at order by 1, 2`,
    );
    return { stored, states };
  }

  it("is filled in every table", () => {
    const { stored, states } = before as Awaited<ReturnType<typeof contents>>;
    expect(Object.entries(stored).filter(([, rows]) => rows.length === 0)).toEqual([]);
    expect(Object.keys(stored)).toEqual(
      expect.arrayContaining(["wizard_sessions", "wizard_session_revisions", "events"]),
    );
    expect(states.length).toBeGreaterThan(100);
  });

  it("keeps every value byte for byte, and every revision can be rebuilt", async () => {
    expect(await contents()).toEqual(before);
  });

  it("has the working time of each session", async () => {
    const { rows } = await db.root.query<{ id: string; seconds: number }>(
      "select id, round(coalesce((select sum(n) from unnest(stage_seconds) n), 0)::numeric, 3)::float8 as seconds from wizard_sessions order by id",
    );
    expect(rows).toEqual(timesBefore);
    expect(Math.max(...rows.map(({ seconds }) => seconds))).toBeGreaterThan(0);
  });

  it("has the schema and grants of a new database", async () => {
    expect(await definitionsIn(db.root)).toEqual(await definitionsIn(newest.root));
    expect(await grantsIn(db.root)).toEqual(await grantsIn(newest.root));
  });

  it("gives each unfinished session of an event its base: the answers that the session was started with", async () => {
    const { rows } = await db.root.query(
      `select b.session_id, b.answers = r.snapshot as "isFirstState", b.event_id = s.event_id as "isEvent"
         from wizard_session_event_bases b join wizard_sessions s on s.id = b.session_id
         join wizard_session_revisions r on r.session_id = s.id and r.revision = 0 order by 1`,
    );
    const [edited, again] = [TYPED.replace(/1$/, "2"), TYPED.replace(/1$/, "4")];
    expect(rows).toEqual([edited, again].map((session_id) => ({ session_id, isFirstState: true, isEvent: true })));
  });

  it("accepts a save onto an old session, and a new session", async () => {
    const { rows } = await db.root.query("select revision from wizard_sessions where id = $1", [TYPED]);
    const base: number = rows[0].revision;
    const answer = await save(db, ADA, { id: TYPED, base, patch: { basics: { title: "After the upgrade" } } });
    expect(answer).toMatchObject({ outcome: "SAVED", session: { revision: base + 1 } });
    expect(await startSession(db, ADA)).toMatchObject({ revision: 0, status: "in_progress" });
  });

  it("was made by migrations that have not changed since", async () => {
    for (const [file, hash] of Object.entries(migrations)) {
      expect(await readFile(join(COMMITTED_MIGRATIONS, file), "utf8")).toMatch(new RegExp(`^--! Hash: ${hash}$`, "m"));
    }
  });
});
