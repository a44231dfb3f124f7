import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { runMigrations } from "../../server/database/migrate.ts";
import { openDatabase, refusal, runAsSuperuser } from "../../testkit/database.ts";
import { migrateWith } from "../../testkit/release.ts";

const ADA = "ada00000-0000-4000-8000-000000000000";
const NOTHING_SHOWN = "\u2060\u3164";

describe("a database of release 0.1.0 with rows that newer rules refuse", () => {
  const { database: db, end } = openDatabase(`upgrade_${randomUUID().replaceAll("-", "")}`, "stagekeep_owner");
  const name = new URL(db.ownerUrl).pathname.slice(1);

  beforeAll(async () => {
    await runAsSuperuser(`create database ${name} template template0 owner stagekeep_owner`);
    await migrateWith(["000001-wizard-sessions.sql"], db.ownerUrl);
    await db.root.query("insert into profiles (id, display_name) values ($1, $2)", [ADA, NOTHING_SHOWN]);
    await db.root.query("insert into events (owner_id, title) values ($1, $2), ($1, 'Party')", [ADA, NOTHING_SHOWN]);
    await db.root.query(
      `insert into events (owner_id, title, starts_at, ends_at) values
         ($1, 'Always', '-infinity', 'infinity'), ($1, 'Long ago', '4000-01-01 00:00:00Z BC', null)`,
      [ADA],
    );
    await runMigrations({ databaseUrl: db.ownerUrl, includeCurrent: true });
  });
  afterAll(end);

  it("keeps them", async () => {
    const { rows } = await db.root.query("select title from events order by title");
    expect(rows.map(({ title }) => title)).toEqual(["Always", "Long ago", "Party", NOTHING_SHOWN]);
  });

  it("applies the new rules to every row that is written", async () => {
    const write = (title: string) => db.root.query("update events set title = $1 where title = 'Party'", [title]);
    expect(await refusal(write(NOTHING_SHOWN))).toMatchObject({ constraint: "events_title_check" });
  });

  it("validates the rules that all rows meet", async () => {
    const { rows } = await db.root.query<{ name: string }>(
      "select conname::text as name from pg_constraint where not convalidated order by 1",
    );
    expect(rows.map((row) => row.name)).toEqual([
      ...["events_ends_at_range_check", "events_starts_at_range_check", "events_title_check"],
      "profiles_display_name_check",
    ]);
  });
});
