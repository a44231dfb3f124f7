import { describe, expect, it } from "@jest/globals";
import { backdate } from "../../testkit/backdating.ts";
import { useTestDatabase } from "../../testkit/database.ts";
import { isGroupRunning, postgresIn, usePrograms } from "../../testkit/programs.ts";
import { sessionTablesAsText, startSession, storedSession } from "../../testkit/rows.ts";
import { update } from "../../testkit/saving.ts";
import { until } from "../../testkit/until.ts";

const ADA = "ada00000-0000-4000-8000-00000000000a";
const NPM = ["npm", "run", "--silent", "worker"] as const;
// Without npm, which forwards each signal: the second one may arrive after the worker has stopped.
const NODE = ["node", "server/commands/worker.ts"] as const;

const programs = usePrograms();
const db = useTestDatabase();
const settings = () => ({ DATABASE_URL: db.ownerUrl, AUTH_DATABASE_URL: db.authUrl });

async function aged(by: string, status = "in_progress"): Promise<string> {
  const { id } = await startSession(db, ADA);
  // The null makes the last one a checkpoint, before which two revisions can be thinned.
  for (const n of [1, 2, null]) await update(db, ADA, id, { state: { n } });
  if (status !== "in_progress") await update(db, ADA, id, { status });
  await backdate(db, id, by);
  return id;
}

/** Waits until its connections are closed. */
async function expectNothingLeft(pid: number): Promise<void> {
  const query = "select from pg_stat_activity where datname = $1 and application_name = 'stagekeep worker'";
  await until(async () => (await db.root.query(query, [db.name])).rowCount === 0, "end of its connections");
  expect(isGroupRunning(pid)).toBe(false);
}

describe("npm run worker", () => {
  it("prints what a sweep would do with --preview, and changes nothing, not even its own tables", async () => {
    const preview = () => programs.run([...NPM, "--", "--preview"], settings());
    expect(await preview()).toEqual({
      code: 0,
      stderr: "",
      stdout: `A sweep would now
  delete   0 abandoned sessions not saved for 180 days
  abandon  0 sessions in progress not saved for 30 days
  thin out 0 old revisions
Nothing was changed.
`,
    });
    await aged("31 days");
    await aged("32 days");
    await aged("95 days");
    await aged("200 days", "abandoned");
    const before = await sessionTablesAsText(db);
    expect((await preview()).stdout).toBe(`A sweep would now
  delete   1 abandoned session not saved for 180 days
  abandon  3 sessions in progress not saved for 30 days
  thin out 2 old revisions
Nothing was changed.
`);
    expect(await sessionTablesAsText(db)).toBe(before);
    const { rows } = await db.root.query("select to_regnamespace('graphile_worker') as made");
    expect(rows).toEqual([{ made: null }]);

    const { stdout } = await programs.run([...NPM, "--", "--preview"], {
      ...settings(),
      ABANDON_AFTER: "1 year",
      PURGE_AFTER: "2 years",
    });
    expect(stdout).toMatch(/delete +0 abandoned sessions not saved for 2 years\n +abandon +0 .* for 1 year\n/);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("sweeps until %s, and leaves no process or connection", async (signal) => {
    const worker = programs.start(NODE, settings());
    await worker.printed(/the worker is running/);
    const id = await aged("31 days");
    await db.root.query("select graphile_worker.add_job('sweep')");
    await worker.printed(/"msg":"sweep finished"/);
    expect((await storedSession(db, id))?.status).toBe("abandoned");
    worker.signal(signal);
    expect(await worker.ended).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/"stopped"}\n$/) });
    await expectNothingLeft(worker.pid);
  });

  it("stops while its database does not answer, and leaves the batch undone", async () => {
    const worker = programs.start(NODE, settings());
    await worker.printed(/the worker is running/);
    const id = await aged("31 days");
    const holder = await db.root.connect();
    try {
      await holder.query("begin; lock table wizard_sessions in access exclusive mode");
      await db.root.query("select graphile_worker.add_job('sweep')");
      const waiting = "select pid from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'";
      const { pid } = await until(async () => (await holder.query(waiting, [db.name])).rows[0], "batch that waits");
      worker.signal("SIGINT");
      expect(await worker.ended).toMatchObject({ code: 0, stderr: "" });
      expect(isGroupRunning(worker.pid)).toBe(false);
      await holder.query("select pg_terminate_backend($1)", [pid]);
    } finally {
      await holder.query("rollback");
      holder.release();
    }
    expect(await storedSession(db, id)).toMatchObject({ status: "in_progress", revision: 3 });
  });

  it("uses the embedded database of a running server, and can stop after that server", async () => {
    const DATA_DIR = await programs.folder();
    const migrate = ["node", "server/commands/graphileMigrate.ts", "current"] as const;
    expect(await programs.run(migrate, { DATA_DIR })).toMatchObject({ code: 0 });
    const server = programs.start(["node", "server/main.ts"], { DATA_DIR, PORT: "0", WORKER: "0" });
    await server.printed(/GraphQL +http/);
    const worker = programs.start(NODE, { DATA_DIR });
    await worker.printed(/the worker is running/);
    expect((await programs.run([...NPM, "--", "--preview"], { DATA_DIR })).stdout).toContain("Nothing was changed.");
    server.signal("SIGINT");
    expect(await server.ended).toMatchObject({ code: 0 });
    expect(await postgresIn(DATA_DIR)).toEqual([]);
    await worker.printed(/notify listener/);
    worker.signal("SIGINT");
    expect(await worker.ended).toMatchObject({ code: 0, stderr: "" });
    expect(isGroupRunning(worker.pid)).toBe(false);
  });

  it("explains errors in its options, its settings and its database", async () => {
    const run = (more: Record<string, string>, ...options: string[]) =>
      programs.run([...NPM, "--", ...options], { ...settings(), ...more });
    expect(await run({}, "--now")).toMatchObject({ code: 1, stderr: expect.stringContaining("Usage: npm run worker") });
    expect(await run({ ABANDON_AFTER: "never" })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("- ABANDON_AFTER: expected a positive interval"),
    });
    await db.root.query("drop table wizard_sessions cascade");
    const missing = "The database has no tables yet. Run npm run db:migrate, then start again.";
    expect(await run({})).toEqual({ code: 1, stdout: "", stderr: `\n${missing}\n` });
    expect(await run({}, "--preview")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/Can't preview the sweep: /),
    });
  });
});
