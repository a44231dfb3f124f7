import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import pg from "pg";
import { urlAs } from "../../testkit/cluster.ts";
import { refusal, runAsSuperuser, type TestDatabase, useTestDatabase } from "../../testkit/database.ts";
import { type FunnelSave, type FunnelStage, insertHistory, readFunnel } from "../../testkit/funnel.ts";
import { startSession } from "../../testkit/rows.ts";
import { revisionNumbers, save, update } from "../../testkit/saving.ts";

const db = useTestDatabase();
const DAY = "2026-03-01T00:00:00Z";
const NEXT_DAY = "2026-03-02T00:00:00Z";
const NOON = "2026-03-01T12:00:00Z";
const MINUTE = 60;
const HOUR = 60 * MINUTE;

const funnel = (from = DAY, before = NEXT_DAY) => db.asAnalyst((client) => readFunnel(client, from, before));
const column = (stages: readonly FunnelStage[], name: keyof FunnelStage) => stages.map((stage) => stage[name]);

/** Inserts five sessions with this history. The funnel returns times for five sessions or more. */
async function insertFive(saves: readonly FunnelSave[]) {
  for (let i = 0; i < 5; i++) await insertHistory(db, NOON, saves);
}

beforeEach(() => db.root.query("truncate profiles cascade"));

describe("the counts", () => {
  it("are zero at all six stages when no session was started", async () => {
    const nothing = { started: 0, reached: 0, completed: 0, abandoned: 0, drop_off: 0 };
    const times = { median_seconds: null, p90_seconds: null };
    expect(await funnel()).toEqual([1, 2, 3, 4, 5, 6].map((stage) => ({ stage, ...nothing, ...times })));
  });

  beforeEach(() => insertHistory(db, "2026-02-28T23:59:59.999999Z", [{ at: 0, stage: 6 }]));

  it("include sessions that were started at or after `from` and before `to`", async () => {
    await insertHistory(db, DAY, [{ at: 0, stage: 1 }]);
    await insertHistory(db, "2026-03-01T23:59:59.999999Z", [{ at: 0, stage: 1 }]);
    await insertHistory(db, NEXT_DAY, [{ at: 0, stage: 1 }]);
    expect(column(await funnel(), "started")).toEqual([2, 0, 0, 0, 0, 0]);
    expect(column(await funnel(DAY, "2026-03-02T00:00:00.000001Z"), "started")).toEqual([3, 0, 0, 0, 0, 0]);
  });

  it("include a skipped stage in `reached`, but not in `started`", async () => {
    await insertHistory(
      db,
      NOON,
      [1, 4, 2].map((stage, at) => ({ at, stage })),
    );
    const stages = await funnel();
    expect(column(stages, "started")).toEqual([1, 1, 0, 1, 0, 0]);
    expect(column(stages, "reached")).toEqual([1, 1, 1, 1, 0, 0]);
    expect(column(stages, "drop_off")).toEqual([0, 0, 0, 1, 0, 0]);
  });

  it("include a completed session in `completed` at every stage that it reached, and nowhere in `drop_off`", async () => {
    await insertHistory(db, NOON, [
      ...[1, 2, 3, 4, 5, 6].map((stage, at) => ({ at, stage })),
      { at: 9, stage: 6, status: "completed" },
    ]);
    await insertHistory(db, NOON, [
      { at: 0, stage: 1 },
      { at: 1, stage: 2 },
    ]);
    const stages = await funnel();
    expect(column(stages, "reached")).toEqual([2, 2, 1, 1, 1, 1]);
    expect(column(stages, "completed")).toEqual([1, 1, 1, 1, 1, 1]);
    expect(column(stages, "drop_off")).toEqual([0, 1, 0, 0, 0, 0]);
  });

  it("include an abandoned session in `abandoned` at its last stage, and in `drop_off` at its furthest stage", async () => {
    await insertHistory(
      db,
      NOON,
      [1, 3, 2].map((stage, at) => ({ at, stage })),
    );
    await insertHistory(db, NOON, [
      { at: 0, stage: 1 },
      { at: 1, stage: 3 },
      { at: 2, stage: 2 },
      { at: 3, stage: 2, status: "abandoned" },
    ]);
    const stages = await funnel();
    expect(column(stages, "abandoned")).toEqual([0, 1, 0, 0, 0, 0]);
    expect(column(stages, "drop_off")).toEqual([0, 0, 2, 0, 0, 0]);
  });

  it("do not include a resumed session in `abandoned`", async () => {
    await insertHistory(db, NOON, [
      { at: 0, stage: 1 },
      { at: 1, stage: 1, status: "abandoned" },
      { at: 2, stage: 2 },
    ]);
    expect(column(await funnel(), "abandoned")).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("add up: every session that reached a stage went further, was completed there or dropped off", async () => {
    for (let n = 0; n < 24; n++) {
      const last = { at: 9, stage: 1 + (n % 6), ...(n % 4 === 0 && { status: "completed" as const }) };
      await insertHistory(db, NOON, [{ at: 0, stage: 1 + (n % 3) }, { at: 1, stage: 1 + (n % 5) }, last]);
    }
    const stages = await funnel();
    const all = column(stages, "reached")[0];
    const dropped = stages.reduce((sum, { drop_off }) => sum + drop_off, 0);
    expect([all, dropped + (stages[0]?.completed ?? 0)]).toEqual([24, 24]);
    stages.forEach((stage, i) => {
      const next = stages[i + 1];
      const completedHere = stage.completed - (next?.completed ?? 0);
      expect(stage.reached - (next?.reached ?? 0)).toBe(stage.drop_off + completedHere);
    });
  });

  it("match what the triggers record", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    await save(db, ada, { id, base: 0, patch: { basics: { title: "Fair" } }, stage: 2 });
    await update(db, ada, id, { status: "abandoned" });
    const now = Date.now();
    const [from, to] = [now - 60_000, now + 60_000].map((ms) => new Date(ms).toISOString());
    const stages = await funnel(from, to);
    expect(column(stages, "started")).toEqual([1, 1, 0, 0, 0, 0]);
    expect(column(stages, "abandoned")).toEqual([0, 1, 0, 0, 0, 0]);
  });
});

describe("the times", () => {
  it("are measured from each save to the next, and belong to the stage of the first of the two", async () => {
    await insertFive([
      { at: 0, stage: 1 },
      { at: 40, stage: 1 },
      { at: 100, stage: 2 },
      { at: 130, stage: 1 },
      { at: 140, stage: 3 },
    ]);
    expect(column(await funnel(), "median_seconds")).toEqual([110, 30, null, null, null, null]);
  });

  it("are the median and the 90th percentile", async () => {
    for (const seconds of [10, 20, 30, 40, 1000]) {
      await insertHistory(db, NOON, [
        { at: 0, stage: 1 },
        { at: seconds, stage: 2 },
      ]);
    }
    // percentile_cont interpolates between the fourth and the fifth value.
    expect((await funnel())[0]).toMatchObject({ median_seconds: 30, p90_seconds: 616 });
  });

  it("count a pause of more than half an hour as half an hour", async () => {
    await insertFive([
      { at: 0, stage: 1 },
      { at: 10, stage: 1 },
      { at: 9 * HOUR, stage: 1 },
      { at: 9 * HOUR + 5, stage: 2 },
    ]);
    expect((await funnel())[0]).toMatchObject({ median_seconds: 30 * MINUTE + 15 });
  });

  it("do not count the idle time before a session was abandoned, or the time until it was resumed", async () => {
    await insertFive([
      ...[
        { at: 0, stage: 1 },
        { at: 10, stage: 1 },
        { at: 20 * MINUTE, stage: 1, status: "abandoned" as const },
      ],
      ...[
        { at: 40 * MINUTE, stage: 1 },
        { at: 40 * MINUTE + 7, stage: 2 },
      ],
    ]);
    expect((await funnel())[0]).toMatchObject({ median_seconds: 17 });
  });

  it("do not include a save that no other save follows", async () => {
    await insertFive([
      { at: 0, stage: 1 },
      { at: 10, stage: 2 },
    ]);
    await insertFive([{ at: 0, stage: 1 }]);
    const [first, second] = await funnel();
    expect(first).toMatchObject({ started: 10, median_seconds: 10, p90_seconds: 10 });
    expect(second).toMatchObject({ started: 5, median_seconds: null, p90_seconds: null });
  });

  it("are null for fewer than five sessions", async () => {
    for (let sessions = 1; sessions <= 5; sessions++) {
      await insertHistory(db, NOON, [
        { at: 0, stage: 1 },
        { at: 60, stage: 2 },
      ]);
      const seconds = sessions < 5 ? null : 60;
      expect((await funnel())[0]).toMatchObject({ started: sessions, median_seconds: seconds, p90_seconds: seconds });
    }
  });
});

describe("when old revisions have been removed", () => {
  it("every stage of a long session is still counted", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    await db.asUser(ada, async (client) => {
      for (let n = 1; n <= 300; n++) {
        const stage = n < 3 ? 5 : n < 6 ? 2 : 1;
        await client.query("update wizard_sessions set stage = $2, state = $3 where id = $1", [id, stage, { n }]);
      }
    });
    expect((await revisionNumbers(db, id)).slice(0, 5)).toEqual([0, 50, 100, 101, 102]);
    const now = Date.now();
    const [from, to] = [now - HOUR * 1000, now + 60_000].map((ms) => new Date(ms).toISOString());
    const stages = await funnel(from, to);
    expect(column(stages, "started")).toEqual([1, 1, 0, 0, 1, 0]);
    expect(column(stages, "drop_off")).toEqual([0, 0, 0, 0, 1, 0]);
  });
});

describe("the period", () => {
  const errorFor = (from: string | null, before: string | null) =>
    refusal(db.asAnalyst((client) => client.query("select * from wizard_funnel($1, $2)", [from, before])));

  it("can be at most 400 days long", async () => {
    expect(await funnel("2025-01-01T00:00:00Z", "2026-02-05T00:00:00Z")).toHaveLength(6);
    expect(await errorFor("2025-01-01T00:00:00Z", "2026-02-05T00:00:00.000001Z")).toMatchObject({
      ...{ code: "WZ400", message: "The time from `from` to `to` must be at most 400 days." },
    });
  });

  it.each([
    ["ends when it starts", DAY, DAY],
    ["ends before it starts", NEXT_DAY, DAY],
    ["has no start", null, DAY],
    ["has no end", DAY, null],
  ])("is rejected when it %s", async (_, from, before) => {
    expect(await errorFor(from, before)).toMatchObject({
      code: "WZ400",
      message: "`from` must be before `to`.",
    });
  });

  it.each([
    ["-infinity", DAY, "WZ400"],
    [DAY, "infinity", "WZ400"],
    ["infinity", "infinity", "WZ400"],
    ["294276-12-01", "294276-12-31", "22008"],
  ])("is rejected from %s to %s", async (from, before, code) => {
    expect((await errorFor(from, before)).code).toBe(code);
  });
});

describe("wizard_funnel", () => {
  const ask = (client: pg.ClientBase) => readFunnel(client, DAY, NEXT_DAY);
  beforeEach(() => insertHistory(db, NOON, [{ at: 0, stage: 2 }]));

  it.each([
    ["an analyst", (on: TestDatabase) => on.asAnalyst(ask)],
    ["service_role", (on: TestDatabase) => on.asService(ask)],
  ])("counts the sessions of all users when it is called by %s", async (_, as) => {
    expect(column(await as(db), "started")).toEqual([0, 1, 0, 0, 0, 0]);
  });

  it.each([
    ["a user", (on: TestDatabase) => on.asUser(randomUUID(), ask)],
    ["an anonymous client", (on: TestDatabase) => on.asAnon(ask)],
  ])("is denied to %s", async (_, as) => {
    expect(await refusal(as(db))).toMatchObject({
      code: "42501",
      message: "permission denied for function wizard_funnel",
    });
  });
});

describe("an analyst", () => {
  const mayOnTables = `
    select c.oid::regclass::text || ' ' || privilege as may
      from pg_class c cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) privilege
     where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relnamespace::regnamespace::text in ('public', 'app_private', 'auth')
       and (has_table_privilege('analyst', c.oid, privilege)
         or privilege in ('select', 'insert', 'update', 'references') and has_any_column_privilege('analyst', c.oid, privilege))`;
  const mayRun = `
    select oid::regprocedure::text as may from pg_proc
     where pronamespace::regnamespace::text in ('public', 'app_private', 'auth') and has_function_privilege('analyst', oid, 'execute')`;

  it("can execute wizard_funnel, and has no privilege on any other function or table", async () => {
    const { rows } = await db.root.query(`${mayOnTables} union all ${mayRun}`);
    const signature = "wizard_funnel(timestamp with time zone,timestamp with time zone)";
    expect(rows).toEqual([{ may: signature }]);
  });

  it.each([
    ["select on events", "grant select on events to analyst", "events select"],
    ["update of a column of profiles", "grant update (display_name) on profiles to analyst", "profiles update"],
    ["execute on erase_me", "grant execute on function erase_me(uuid, integer) to analyst", "erase_me(uuid,integer)"],
  ])("does not pass the test above with %s", async (_, grant, may) => {
    const client = await db.root.connect();
    try {
      await client.query(`begin; ${grant}`);
      const { rows } = await client.query(`${mayOnTables} union all ${mayRun}`);
      expect(rows).toContainEqual({ may });
    } finally {
      await client.query("rollback");
      client.release();
    }
  });

  it.each([
    ...["profiles", "events", "wizard_sessions", "wizard_session_revisions"].map((table) => `select from ${table}`),
    "insert into events (title) values ('Mine')",
    "update wizard_sessions set stage = 1",
    "delete from wizard_sessions",
    `select start_wizard_session('${randomUUID()}')`,
    "select export_my_data()",
    `select erase_me('${randomUUID()}')`,
  ])("gets a permission error for: %s", async (statement) => {
    expect(await refusal(db.asAnalyst((client) => client.query(statement)))).toMatchObject({ code: "42501" });
  });

  describe("with a personal login", () => {
    const login = `maria_${randomUUID().replaceAll("-", "")}`;
    let maria: pg.Client;
    beforeAll(async () => {
      await runAsSuperuser(`create role ${login} login password 'hers'`);
      const url = new URL(urlAs(login, db.name));
      url.password = "hers";
      maria = new pg.Client({ connectionString: url.href });
      await maria.connect();
    });
    afterAll(async () => {
      await maria.end();
      await runAsSuperuser(`drop role ${login}`);
    });

    it("can read the funnel once the role is granted, but no table", async () => {
      await insertHistory(db, NOON, [{ at: 0, stage: 2 }]);
      expect(await refusal(ask(maria))).toMatchObject({ code: "42501" });
      await runAsSuperuser(`grant analyst to ${login}`);
      expect(column(await ask(maria), "started")).toEqual([0, 1, 0, 0, 0, 0]);
      expect(await refusal(maria.query("select from wizard_sessions"))).toMatchObject({ code: "42501" });
    });
    const ask = (client: pg.ClientBase) => readFunnel(client, DAY, NEXT_DAY);
  });
});
