import { readFile } from "node:fs/promises";
import { describe, expect, it } from "@jest/globals";
import { dumpMigrated } from "../../server/database/dump.ts";
import { readFixtures, readMigrations } from "../../server/database/migrationFiles.ts";
import { useTestDatabase } from "../../testkit/database.ts";

const db = useTestDatabase();

// The grants on a schema are beside `create schema`.
const BELONGS_IN_A_FIXTURE =
  /^(?:create (?:or replace )?(?:function|trigger|policy)|alter table .* enable row|comment on|(?:grant|revoke)(?!.* on schema app_private)) .*/gm;

/** A dump lists the grants on one object in the order in which they were made. */
function grantsSorted(dump: string): string {
  return dump.replace(/(?:^GRANT .*\n)+/gm, (grants) => grants.split("\n").sort().join("\n"));
}

describe("db/migrations/fixtures/", () => {
  it("holds the current definitions: running every fixture on a migrated database leaves the schema dump unchanged", async () => {
    const header = /^(?:--.*\n)+/;
    const tracked = (await readFile(new URL("../schema.sql", import.meta.url), "utf8")).replace(header, "");
    expect(grantsSorted(await dumpMigrated(await readFixtures()))).toBe(grantsSorted(tracked));
  });

  it("holds nothing that no migration includes", async () => {
    const included = new Set((await readMigrations()).flatMap(({ sql }) => sql.match(/(?<=^-- Included )\S+/gm) ?? []));
    expect((await readFixtures()).filter(({ name }) => !included.has(name))).toEqual([]);
  });

  it("has one file per function, named after it", async () => {
    const { rows } = await db.root.query<{ name: string }>(
      `select proname as name from pg_proc where pronamespace::regnamespace::text in ('public', 'app_private', 'auth')`,
    );
    const files = (await readFixtures()).map(({ name }) => name);
    const owners = (name: string) => files.filter((file) => file.endsWith(`/${name}.sql`)).length;
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ name }) => owners(name) !== 1)).toEqual([]);
  });

  it("is the only place for functions, triggers, policies, grants and comments: migrations include them", async () => {
    const outside = (await readMigrations()).map(({ sql }) =>
      sql.replace(/^-- Included (\S+)\n[\s\S]*?^-- EndIncluded \1$/gm, ""),
    );
    expect(outside.flatMap((sql) => sql.match(BELONGS_IN_A_FIXTURE) ?? [])).toEqual([]);
  });
});
