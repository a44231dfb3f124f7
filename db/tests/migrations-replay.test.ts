import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { GRAPHILE_MIGRATE, PROJECT_ROOT } from "../../server/database/migrate.ts";
import { openDatabase, runAsSuperuser, type TestDatabase, useTestDatabase } from "../../testkit/database.ts";
import { definitionsIn, grantsIn } from "../../testkit/schemaFacts.ts";

const OWNER = "stagekeep_owner";
const REPLAYS = 3;

/** Migrated by graphile-migrate in one run. */
const migrated = useTestDatabase();

/** An empty database in which the test runs the files one by one. */
const name = `replay_${randomUUID().replaceAll("-", "")}`;
const { database: replayed, end } = openDatabase(name, OWNER);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stagekeep-replay-"));
  await runAsSuperuser(`create database ${name} template template0 owner ${OWNER}`);
});
afterAll(async () => {
  await end();
  await rm(folder, { recursive: true });
});

/** Lists the migrations in a folder by number. The folder may be missing. */
async function migrationFiles(folder: "committed" | "current"): Promise<string[]> {
  const path = join(PROJECT_ROOT, "db/migrations", folder);
  return (await readdir(path).catch(() => []))
    .filter((file) => file.endsWith(".sql"))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map((file) => join(path, file));
}

/** Runs a file even if it has not changed, unlike `watch`. */
async function runFile(file: string) {
  // graphile-migrate refuses to run the `--! Included` markers that it writes into committed migrations.
  const copy = join(folder, basename(file));
  await writeFile(copy, (await readFile(file, "utf8")).replace(/^--! (?=(?:End)?Included )/gm, "-- "));
  return promisify(execFile)(process.execPath, [GRAPHILE_MIGRATE, "run", copy], {
    cwd: PROJECT_ROOT,
    env: { PATH: process.env.PATH, DATABASE_URL: replayed.ownerUrl },
  });
}

/** Describes everything that the migrations create, as text. */
async function schemaOf({ root }: TestDatabase) {
  const { rows: rest } = await root.query(
    `select oid::regprocedure::text as name, proowner::regrole::text as owner, array(select entry::text from unnest(proacl) entry order by 1) as grants,
            pg_get_functiondef(oid) as definition, obj_description(oid, 'pg_proc') as comment
       from pg_proc where pronamespace::regnamespace::text in ('public', 'app_private', 'auth')
     union all
     select oid::regclass::text, relowner::regrole::text, null, relkind::text, null
       from pg_class where relnamespace::regnamespace::text in ('public', 'app_private', 'auth')
     union all
     select nspname, nspowner::regrole::text, array(select entry::text from unnest(nspacl) entry order by 1), 'schema', obj_description(oid, 'pg_namespace')
       from pg_namespace where nspname !~ '^pg_' and nspname <> 'graphile_migrate'
     order by name, definition`,
  );
  return { definitions: await definitionsIn(root), grants: await grantsIn(root), rest };
}

it(`running each migration ${REPLAYS} times gives the same schema as running it once`, async () => {
  const [committed, current] = [await migrationFiles("committed"), await migrationFiles("current")];
  // `watch` runs all current files in order, and then all of them again.
  for (const files of [...committed.map((file) => [file]), current]) {
    for (let replay = 1; replay <= REPLAYS; replay++) {
      for (const file of files) await runFile(file);
    }
  }

  const expected = await schemaOf(migrated);
  expect(await schemaOf(replayed)).toEqual(expected);
  // Two empty schemas would be equal, too.
  expect(expected.rest).toContainEqual(expect.objectContaining({ name: "wizard_sessions", owner: OWNER }));
});
