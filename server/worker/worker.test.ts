import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import pg from "pg";
import { backdate } from "../../testkit/backdating.ts";
import { useTestDatabase } from "../../testkit/database.ts";
import { sessionTablesAsText, startSession, storedSession } from "../../testkit/rows.ts";
import { startTcpProxy } from "../../testkit/tcpProxy.ts";
import { until } from "../../testkit/until.ts";
import { makeLogger } from "../log.ts";
import { startWorker, type Worker } from "./startWorker.ts";
import { sweep } from "./sweep.ts";
import { makeSchedule } from "./tasks.ts";

const ADA = "ada00000-0000-4000-8000-00000000000a";
const SETTINGS = { abandonAfter: "30 days", purgeAfter: "180 days" };

const workers: Worker[] = [];
const stopAll = () => Promise.all(workers.splice(0).map((worker) => worker.stop()));
afterEach(stopAll);
const db = useTestDatabase();

async function start(databaseUrl = db.ownerUrl) {
  const lines: string[] = [];
  const logger = makeLogger({ logLevel: "trace", production: true }, { write: (line) => lines.push(line) });
  const worker = await startWorker({ databaseUrl, sweep: SETTINGS, logger });
  workers.push(worker);
  return { worker, lines };
}

async function aged(by: string, status = "in_progress"): Promise<string> {
  const { id } = await startSession(db, ADA, { status });
  await backdate(db, id, by);
  return id;
}

/** Adds a sweep job, as the schedule does. */
async function enqueueSweep(): Promise<void> {
  await db.root.query("select graphile_worker.add_job('sweep')");
}

const jobs = async () => (await db.root.query("select last_error from graphile_worker.jobs")).rows;
const connections = async () => {
  const query =
    "select from pg_stat_activity where application_name = 'stagekeep worker' and datname = current_database()";
  return (await db.root.query(query)).rowCount;
};

describe("a worker", () => {
  it("runs a sweep job, logs the result, and leaves no connection after it stops", async () => {
    const { worker, lines } = await start();
    const [unsaved, saved, old] = [await aged("31 days"), await aged("29 days"), await aged("181 days", "abandoned")];
    await enqueueSweep();
    await until(async () => (await jobs()).length === 0, "end of the sweep");
    expect(await storedSession(db, unsaved)).toMatchObject({ status: "abandoned", revision: 1 });
    expect(await storedSession(db, saved)).toMatchObject({ status: "in_progress", revision: 0 });
    expect(await storedSession(db, old)).toBeUndefined();
    const logged = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "sweep finished");
    expect(logged).toMatchObject([{ level: 30, purged: 1, abandoned: 1, thinned: 0 }]);
    expect(await connections()).toBeGreaterThan(0);
    expect(await Promise.all([worker.stop(), worker.stop()])).toEqual([true, true]);
    await until(async () => (await connections()) === 0, "end of its connections");
  });

  it("shares jobs with other workers, and runs each once", async () => {
    const [first, second] = [await start(), await start()];
    for (let n = 0; n < 20; n++) await aged("31 days");
    for (let n = 0; n < 4; n++) await enqueueSweep();
    await until(async () => (await jobs()).length === 0, "end of the sweeps");
    const logged = [...first.lines, ...second.lines].map((line) => JSON.parse(line));
    const abandoned = logged.filter(({ msg }) => msg === "sweep finished").map((entry) => entry.abandoned as number);
    expect(abandoned).toHaveLength(4);
    expect(abandoned.reduce((sum, count) => sum + count)).toBe(20);
    expect(await stopAll()).toEqual([true, true]);
  });

  it("schedules a sweep every hour, and runs a missed one once", async () => {
    await start();
    const known = "select 1 from graphile_worker._private_known_crontabs where identifier = 'sweep'";
    await until(async () => (await db.root.query(known)).rowCount, "schedule");
    await stopAll();
    // As if the worker had been off for a day.
    await db.root.query(
      "update graphile_worker._private_known_crontabs set known_since = now() - interval '2 days', last_execution = now() - interval '1 day'",
    );
    const id = await aged("31 days");
    const { lines } = await start();
    await until(async () => (await storedSession(db, id))?.status === "abandoned", "sweep");
    await stopAll();
    expect(lines.filter((line) => line.includes('"sweep finished"'))).toHaveLength(1);
    const [{ match, options } = { match: () => false, options: {} }, ...others] = makeSchedule();
    const minutes = Array.from({ length: 60 }, (_, min) => match({ min, hour: 3, date: 1, month: 1, dow: 1 }));
    expect(minutes.filter(Boolean)).toHaveLength(1);
    expect({ options, others }).toMatchObject({ options: { jobKey: "sweep" }, others: [] });
  });

  it("logs a failed job, and retries it", async () => {
    const { lines } = await start();
    const id = await aged("31 days");
    await db.root.query("alter function app_private.purge_wizard_sessions rename to purge_nothing");
    try {
      await enqueueSweep();
      await until(async () => (await jobs())[0]?.last_error, "failure");
    } finally {
      await db.root.query("alter function app_private.purge_nothing rename to purge_wizard_sessions");
    }
    expect(await jobs()).toEqual([{ last_error: expect.stringContaining("does not exist") }]);
    const [failure] = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 50);
    expect(failure).toMatchObject({ msg: expect.stringContaining("sweep"), err: { code: "42883" } });
    await db.root.query("update graphile_worker._private_jobs set run_at = now()");
    await stopAll();
    await start();
    await until(async () => (await jobs()).length === 0, "second attempt");
    expect((await storedSession(db, id))?.status).toBe("abandoned");
  });

  it("survives the loss of its database, and recovers", async () => {
    const url = new URL(db.ownerUrl);
    const proxy = startTcpProxy(new URL(db.ownerUrl));
    const port = await proxy.listen(0);
    url.port = String(port);
    try {
      const { worker, lines } = await start(url.href);
      await until(connections, "connection");
      await proxy.cut();
      await until(() => lines.some((line) => /notify listener/.test(line)), "log line about the loss");
      const id = await aged("31 days");
      await enqueueSweep();
      await proxy.listen(port);
      await until(async () => (await storedSession(db, id))?.status === "abandoned", "sweep");
      await until(async () => (await jobs()).length === 0, "end of the job");
      expect(await worker.stop()).toBe(true);
    } finally {
      await proxy.cut();
    }
  });

  it("survives the loss of its database while a job ends", async () => {
    const url = new URL(db.ownerUrl);
    const proxy = startTcpProxy(new URL(db.ownerUrl));
    const port = await proxy.listen(0);
    url.port = String(port);
    try {
      const { worker, lines } = await start(url.href);
      const id = await aged("31 days");
      // Blocks the batch until the proxy is cut.
      const client = await db.root.connect();
      await client.query("begin; lock table wizard_sessions in access exclusive mode");
      await enqueueSweep();
      const waiting =
        "select from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'stagekeep worker'";
      await until(async () => (await client.query(waiting)).rowCount, "blocked batch");
      await proxy.cut();
      await until(() => lines.some((line) => /Failed task/.test(line)), "failure of the job");
      await until(() => lines.some((line) => /Failed to fail jobs/.test(line)), "failure to store the result");
      await client.query("commit");
      client.release();
      await proxy.listen(port);
      // The failure of the job could not be stored, so the job stays locked. The next one runs.
      await enqueueSweep();
      await until(() => lines.some((line) => line.includes('"sweep finished"')), "sweep");
      expect(await storedSession(db, id)).toMatchObject({ status: "abandoned", revision: 1 });
      expect(await worker.stop()).toBe(true);
    } finally {
      await proxy.cut();
    }
  });

  it("explains why it can't start, and leaves no connection", async () => {
    const elsewhere = new URL(db.ownerUrl);
    elsewhere.pathname = "/nowhere";
    await expect(start(elsewhere.href)).rejects.toThrow(
      'DATABASE_URL: can\'t connect to the database: database "nowhere" does not exist',
    );
    await expect(start(db.authUrl)).rejects.toThrow(/^DATABASE_URL: .*permission denied|The worker can't start: /);
    await until(async () => (await connections()) === 0, "end of its connections");
  });
});

describe("a sweep", () => {
  const pool = new pg.Pool({ connectionString: db.ownerUrl });
  afterAll(() => pool.end());

  it("runs batches until nothing is left", async () => {
    await db.root.query("delete from wizard_sessions");
    await db.root.query(
      `insert into wizard_sessions (user_id, status)
       select '${ADA}', case when n <= 1100 then 'in_progress' else 'abandoned' end from generate_series(1, 1350) n`,
    );
    await db.root.query(
      "begin; set local session_replication_role = replica; update wizard_sessions set last_saved_at = now() - interval '181 days'; commit",
    );
    expect(await sweep(pool, SETTINGS, new AbortController().signal)).toEqual({
      purged: 250,
      abandoned: 1100,
      thinned: 0,
    });
    const { rows } = await db.root.query("select status, count(*)::int from wizard_sessions group by 1");
    expect(rows).toEqual([{ status: "abandoned", count: 1100 }]);
  });

  it("stops between two batches when it is aborted", async () => {
    const before = await sessionTablesAsText(db);
    expect(await sweep(pool, SETTINGS, AbortSignal.abort())).toEqual({ purged: 0, abandoned: 0, thinned: 0 });
    expect(await sessionTablesAsText(db)).toBe(before);
  });
});
