import { execFile, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PGlite } from "@electric-sql/pglite";
import { pgDump } from "@electric-sql/pglite-tools/pg_dump";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import pg from "pg";
import { pgSettingsFor } from "../../graphql/claims.ts";
import { migrateInMemory } from "../../server/database/dump.ts";
import { PROJECT_ROOT } from "../../server/database/migrate.ts";
import { TEMPLATE, testRootUrl } from "../../testkit/cluster.ts";
import { claimsFor, openDatabase, refusal, runAsSuperuser, type TestDatabase } from "../../testkit/database.ts";
import { publish } from "../../testkit/events.ts";
import { createEvent, startSession } from "../../testkit/rows.ts";
import { save, update } from "../../testkit/saving.ts";

const OWNER = "stagekeep_owner";
// What a copy as text could damage.
const TEXT = "Fête 🎉 \\N \\. \\\\ 'quoted' \"twice\"\t\r\n;--$$ $1";

/** Fills every table, with sessions in each status, and returns what the tests use. */
async function fill(db: TestDatabase) {
  const [ada, ben] = [randomUUID(), randomUUID()];
  const saveId = randomUUID();
  const { id: published } = await publish(db, ada);
  const { id: cancelled } = await publish(db, ada);
  const draft = await createEvent(db, ben);
  await db.asUser(ada, (client) => client.query("select cancel_event($1)", [cancelled]));
  const busy = await startSession(db, ada, { state: { basics: { title: TEXT } } });
  await save(db, ada, { id: busy.id, base: 0, saveId, patch: { first: TEXT } });
  // Enough saves for the first ones to be pruned, which keeps their keys.
  await db.asUser(ada, (client) =>
    client.query(
      `select max((save_wizard_session($1, gen_random_uuid(), n, jsonb_build_object('n', n))).revision)
         from generate_series(1, 320) n`,
      [busy.id],
    ),
  );
  await db.asUser(ada, (client) => client.query("select start_wizard_session($1, $2)", [randomUUID(), published]));
  const abandoned = await startSession(db, ben, { event_id: draft });
  await update(db, ben, abandoned.id, { status: "abandoned" });
  const completed = await startSession(db, ben, { status: "completed" });
  const deleted = await startSession(db, ben);
  await db.asUser(ben, (client) => client.query("delete from wizard_sessions where id = $1", [deleted.id]));
  // Rows that the triggers would not write like this.
  await db.root.query(`
    set session_replication_role = replica;
    update wizard_sessions set started_at = '2020-01-01 00:00:00.000001Z', last_saved_at = '2021-01-01Z',
           completed_at = case status when 'completed' then timestamptz '2021-01-01Z' end;
    update wizard_session_revisions set saved_at = '2020-06-01Z' where revision = 0;
    update profiles set display_name = 'Ada' where id = '${ada}';
    insert into app_private.thinning (thinned_up_to) values ('2020-06-01Z');
    reset session_replication_role`);
  return { ada, ben, busy: busy.id, saveId, completed: completed.id, deleted: deleted.id };
}

/** Every row of every table, as text. */
async function contents(db: TestDatabase) {
  const { rows: tables } = await db.root.query<{ name: string }>(
    `select format('%I.%I', relnamespace::regnamespace, relname) as name from pg_class
      where relkind = 'r' and relnamespace in ('public'::regnamespace, 'app_private'::regnamespace) order by 1`,
  );
  const stored: Record<string, string[]> = {};
  for (const { name } of tables) {
    const { rows } = await db.root.query<{ row: string }>(`select t::text as row from ${name} t order by 1`);
    stored[name] = rows.map(({ row }) => row);
  }
  return stored;
}

/** The triggers that are disabled and the foreign keys that are deferrable, as before-restore.sql leaves them. */
async function changedTriggersAndKeys({ root }: TestDatabase) {
  const { rows } = await root.query(
    `select conname as name, condeferrable or condeferred as changed from pg_constraint where contype = 'f'
     union all select tgname, tgenabled <> 'O' from pg_trigger where not tgisinternal`,
  );
  expect(rows.length).toBeGreaterThan(30);
  return rows.filter(({ changed }) => changed);
}

/** The source in memory, as a TestDatabase as far as the helpers use one. */
function inMemory(database: PGlite): TestDatabase {
  const query = async (text: string, values?: unknown[]) =>
    values ? await database.query(text, values) : ((await database.exec(text)).at(-1) ?? { rows: [] });
  const asUser: TestDatabase["asUser"] = (sub, work) =>
    database.transaction(async (transaction) => {
      for (const [setting, value] of Object.entries(pgSettingsFor(claimsFor(sub)))) {
        await transaction.query("select set_config($1, $2, true)", [setting, value]);
      }
      return await work(transaction as unknown as pg.ClientBase);
    });
  return { root: { query }, asUser } as unknown as TestDatabase;
}

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function newDatabase({ migrated }: { migrated: boolean }): Promise<TestDatabase> {
  const name = `restore_${randomUUID().replaceAll("-", "")}`;
  await runAsSuperuser(`create database ${name} template ${migrated ? TEMPLATE : "template0"} owner ${OWNER}`);
  await runAsSuperuser(`alter database ${name} set timezone = 'UTC'`);
  const { database, end } = openDatabase(name, OWNER);
  ends.push(end);
  return database;
}

const script = (name: string) => readFile(join(PROJECT_ROOT, "db", name), "utf8");

/** Stands in for psql, which npm does not install. */
async function runInOneTransaction(db: TestDatabase, scripts: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: db.ownerUrl });
  await client.connect();
  try {
    await client.query(["begin", ...scripts, "commit"].join(";\n"));
  } finally {
    await client.end();
  }
}

async function expectRestored(
  db: TestDatabase,
  source: Record<string, string[]>,
  filled: Awaited<ReturnType<typeof fill>>,
) {
  expect(await contents(db)).toEqual(source);
  expect(await changedTriggersAndKeys(db)).toEqual([]);

  const { ada, ben, busy, saveId } = filled;
  const repeated = await save(db, ada, { id: busy, base: 0, saveId, patch: { first: TEXT } });
  expect(repeated).toMatchObject({ outcome: "DUPLICATE", session: { revision: 321 } });
  const saved = await save(db, ada, { id: busy, base: 320, patch: { after: true } });
  expect(saved).toMatchObject({ outcome: "MERGED", session: { revision: 322, state: { first: TEXT, after: true } } });
  expect(saved.session.last_saved_at > "2021").toBe(true);
  expect(await refusal(update(db, ben, filled.completed, { stage: 2 }))).toMatchObject({ code: "WZ423" });
  expect(await refusal(startSession(db, ben, { id: filled.deleted }))).toMatchObject({ code: "WZ404" });
}

describe("a data-only restore by the owner", () => {
  let memory: PGlite;
  let filled: Awaited<ReturnType<typeof fill>>;
  let source: Record<string, string[]>;
  let data: string;
  beforeAll(async () => {
    memory = await migrateInMemory();
    await memory.exec("set timezone = 'UTC'");
    filled = await fill(inMemory(memory));
    source = await contents(inMemory(memory));
    // The tables in the order of a full backup, which is not that of their references.
    const args = ["--section=data", "--inserts", "--schema=public", "--schema=app_private"];
    const dump = await (await pgDump({ pg: memory, args })).text();
    // Only psql has the command \restrict, and PostgreSQL 16 and older do not have the setting.
    data = dump.replace(/^(?:\\(?:un)?restrict|SET transaction_timeout) .*\n/gm, "");
  });
  afterAll(() => memory.close());

  it("is tested here with rows in every table, and with sessions in every status", async () => {
    expect(Object.entries(source).filter(([, rows]) => rows.length === 0)).toEqual([]);
    const { rows } = await memory.query("select distinct status from wizard_sessions order by 1");
    expect(rows).toEqual(["abandoned", "completed", "in_progress"].map((status) => ({ status })));
  });

  it("can enable every trigger and make every foreign key not deferrable, because none is otherwise", async () => {
    expect(await changedTriggersAndKeys(inMemory(memory))).toEqual([]);
  });

  it("stores every row as it was, and the triggers and foreign keys apply to later writes", async () => {
    const db = await newDatabase({ migrated: true });
    await runInOneTransaction(db, [await script("before-restore.sql"), data, await script("after-restore.sql")]);
    await expectRestored(db, source, filled);
  });

  it("changes nothing if a row refers to a missing one", async () => {
    const db = await newDatabase({ migrated: true });
    const before = await contents(db);
    const orphan = `insert into public.wizard_sessions (user_id) values ('${randomUUID()}')`;
    const scripts = [await script("before-restore.sql"), data, orphan, await script("after-restore.sql")];
    expect(await refusal(runInOneTransaction(db, scripts))).toMatchObject({
      code: "23503",
      constraint: "wizard_sessions_user_id_fkey",
    });
    expect(await contents(db)).toEqual(before);
    expect(await changedTriggersAndKeys(db)).toEqual([]);
  });

  it("changes nothing if a row violates a check constraint", async () => {
    const db = await newDatabase({ migrated: true });
    const before = await contents(db);
    const invalid = "update public.wizard_sessions set stage = 7";
    const scripts = [await script("before-restore.sql"), data, invalid, await script("after-restore.sql")];
    expect(await refusal(runInOneTransaction(db, scripts))).toMatchObject({ code: "23514" });
    expect(await contents(db)).toEqual(before);
    expect(await changedTriggersAndKeys(db)).toEqual([]);
  });
});

/** The version of a program on the PATH, or 0. */
function versionOf(program: string): number {
  const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return Number(/\d+/.exec(stdout ?? "")?.[0] ?? 0);
}

/** The version of the test run's PostgreSQL. */
async function serverVersion(): Promise<number> {
  const client = new pg.Client({ connectionString: testRootUrl() });
  await client.connect();
  try {
    const { rows } = await client.query("select current_setting('server_version_num')::integer / 10000 as version");
    return rows[0].version;
  } finally {
    await client.end();
  }
}

// npm has no such programs. Those of another version may not fit the server.
const version = await serverVersion();
const hasPrograms = ["pg_dump", "pg_restore", "psql"].every((program) => versionOf(program) === version);

describe("the commands in docs/operations.md, run by the owner", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "stagekeep-restore-"));
    await symlink(join(PROJECT_ROOT, "db"), join(folder, "db"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function commands() {
    const text = await readFile(join(PROJECT_ROOT, "docs/operations.md"), "utf8");
    const chapter = text.slice(text.indexOf("## Back up and restore"), text.indexOf("## When the database"));
    const [backUp, restore, restoreData] = [...chapter.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
    if (!backUp || !restore || !restoreData) throw new Error("The chapter has fewer commands than expected.");
    return { backUp, restore, restoreData };
  }

  (hasPrograms ? it : it.skip)("restore a backup completely, everything or the data only", async () => {
    const source = await newDatabase({ migrated: true });
    const filled = await fill(source);
    const rows = await contents(source);
    const { backUp, restore, restoreData } = await commands();
    for (const [command, migrated] of [
      [restore, false],
      [restoreData, true],
    ] as const) {
      const db = await newDatabase({ migrated });
      const env = { PATH: process.env.PATH, DATABASE_URL: source.ownerUrl, RESTORED_DATABASE_URL: db.ownerUrl };
      await promisify(execFile)("sh", ["-e", "-c", `${backUp}\n${command}`], { cwd: folder, env });
      await expectRestored(db, rows, filled);
    }
  });
});
