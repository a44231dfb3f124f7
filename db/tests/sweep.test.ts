import { randomUUID } from "node:crypto";
import { afterAll, beforeEach, describe, expect, it } from "@jest/globals";
import pg from "pg";
import { age, contents } from "../../testkit/ageing.ts";
import { inTransaction, refusal, useTestDatabase } from "../../testkit/database.ts";
import { createEvent, only, type SessionFields, startSession, storedSession } from "../../testkit/rows.ts";
import { withoutTriggers } from "../../testkit/sampleSessions.ts";
import { history, keptRevisions, save, stateAt, update } from "../../testkit/saving.ts";

const pools: pg.Pool[] = [];
// Before the database goes.
afterAll(() => Promise.all(pools.map((pool) => pool.end())));
const db = useTestDatabase();

/** The owner's connections, with which a worker sweeps. */
function owner(): pg.Pool {
  const pool = pools[0] ?? new pg.Pool({ connectionString: db.ownerUrl });
  if (pools.length === 0) pools.push(pool);
  return pool;
}

type Runs = Pick<pg.ClientBase, "query">;

/** How many sessions that batch took. */
async function take(batch: string, by: Runs = owner()): Promise<number> {
  return only((await by.query<{ count: number }>(`select count from app_private.${batch} count`)).rows).count;
}

const ABANDON = "abandon_wizard_sessions('30 days', 500)";
const PURGE = "purge_wizard_sessions('180 days', 500)";

const ada = randomUUID();
const aged = async (by: string, fields: SessionFields = {}) => {
  const { id } = await startSession(db, ada, fields);
  await age(db, id, by);
  return id;
};
const statusOf = async (id: string) => (await storedSession(db, id))?.status;

beforeEach(() => db.root.query("delete from wizard_sessions"));

describe.each([
  ["abandoning", ABANDON, "in_progress", "30 days", "abandoned"],
  ["purging", PURGE, "abandoned", "180 days", undefined],
])("%s", (_, batch, status, limit, then) => {
  it.each([
    ["a microsecond short of it", "1 microsecond", 0],
    ["exactly as long", "0", 1],
    ["a microsecond longer", "-1 microsecond", 1],
  ])(`takes what has not been saved for ${limit}: %s`, async (_title, short, taken) => {
    const { id } = await startSession(db, ada, { status });
    const client = await db.root.connect();
    try {
      // In one transaction, in which it is the same time throughout.
      await client.query("begin; set local session_replication_role = replica");
      await client.query(
        `update wizard_sessions set last_saved_at = now() - interval '${limit}' + interval '${short}' where id = $1`,
        [id],
      );
      await client.query("set local session_replication_role = origin");
      expect(await take(batch, client)).toBe(taken);
      await client.query("commit");
    } finally {
      client.release();
    }
    expect(await statusOf(id)).toBe(taken === 1 ? then : status);
  });

  it("leaves every other status alone, however old", async () => {
    const others = ["in_progress", "abandoned", "completed"].filter((other) => other !== status);
    const ids = [];
    for (const other of others) ids.push(await aged("10 years", { status: other }));
    const before = await contents(db);
    expect(await take(batch)).toBe(0);
    expect(await contents(db)).toBe(before);
    expect(ids).toHaveLength(2);
  });

  it("takes no more than it is told", async () => {
    for (let n = 0; n < 5; n++) await aged("1 year", { status });
    const two = batch.replace("500", "2");
    expect([await take(two), await take(two), await take(two), await take(two)]).toEqual([2, 2, 1, 0]);
  });

  it("waits for nobody: what is being saved is left out, and stays when it has been saved", async () => {
    const [held, free] = [await aged("1 year", { status }), await aged("1 year", { status })];
    await db.asUser(ada, async (client) => {
      await client.query("update wizard_sessions set status = 'in_progress', state = '{\"back\": 1}' where id = $1", [
        held,
      ]);
      expect(await take(batch)).toBe(1);
    });
    expect(await take(batch)).toBe(0);
    expect(await storedSession(db, held)).toMatchObject({ status: "in_progress", state: { back: 1 }, revision: 1 });
    expect(await statusOf(free)).toBe(then);
  });

  it("leaves out what is only held too, and takes it afterwards", async () => {
    const id = await aged("1 year", { status });
    await db.asUser(ada, async (client) => {
      await client.query("select from wizard_sessions where id = $1 for update", [id]);
      expect(await take(batch)).toBe(0);
    });
    expect(await take(batch)).toBe(1);
  });

  it("is done by two at once, each of whom takes others", async () => {
    for (let n = 0; n < 7; n++) await aged("1 year", { status });
    const taken = await inTransaction(owner(), async (first) => {
      const mine = await take(batch.replace("500", "4"), first);
      return [mine, await take(batch)];
    });
    expect(taken).toEqual([4, 3]);
    const { rows } = await db.root.query("select status, revision, count(*)::int from wizard_sessions group by 1, 2");
    expect(rows).toEqual(then === undefined ? [] : [{ status: then, revision: 1, count: 7 }]);
  });

  it.each(["0 days", "-1 day", "1 month -30 days", null])("is refused for a time of %j", async (time) => {
    await aged("1 year", { status });
    const before = await contents(db);
    const [name] = batch.split("(");
    const attempt = owner().query(`select app_private.${name}($1, 500)`, [time]);
    expect(await refusal(attempt)).toMatchObject({ code: "WZ400", message: expect.stringMatching(/above zero/) });
    expect(await contents(db)).toBe(before);
  });
});

describe("a session that the sweep has abandoned", () => {
  const abandoned = async (fields: SessionFields = {}) => {
    const id = await aged("40 days", fields);
    expect(await take(ABANDON)).toBe(1);
    return id;
  };

  it.each([
    ["the owner", owner],
    ["a superuser", () => db.root],
  ])("is as it was last saved, and was last saved when it was, when it was swept by %s", async (_, by) => {
    const id = await aged("40 days", { state: { a: 1 }, stage: 3 });
    const before = await storedSession(db, id);
    await take(ABANDON, by());
    expect(await storedSession(db, id)).toEqual({ ...before, status: "abandoned", revision: 1 });
  });

  it("has a revision that says when, at which the state can be read", async () => {
    const id = await abandoned({ state: { a: 1 } });
    expect((await history(db, id)).at(-1)).toMatchObject({
      ...{ revision: 1, save_id: null, status: "abandoned", patch: {}, checkpoint: true },
    });
    const { rows } = await db.root.query(
      `select saved_at > now() - interval '1 day' and saved_at <= clock_timestamp() as just_now
         from wizard_session_revisions where session_id = $1 and revision = 1`,
      [id],
    );
    expect(rows).toEqual([{ just_now: true }]);
    expect((await stateAt(db, ada, id, 1)).state).toEqual({ a: 1 });
  });

  it("keeps the time of its last save when its user or a back end abandons it, as the sweep does", async () => {
    for (const abandon of [
      (id: string) => update(db, ada, id, { status: "abandoned" }),
      (id: string) =>
        db.asService((c) => c.query("update wizard_sessions set status = 'abandoned' where id = $1", [id])),
    ]) {
      const id = await aged("40 days");
      const before = await storedSession(db, id);
      await abandon(id);
      expect(await storedSession(db, id)).toEqual({ ...before, status: "abandoned", revision: 1 });
    }
  });

  it("has a new time of its last save when the same update writes something else", async () => {
    const id = await aged("40 days");
    await owner().query("update wizard_sessions set status = 'abandoned', stage = 2 where id = $1", [id]);
    const { rows } = await db.root.query(
      "select last_saved_at > now() - interval '1 day' as saved from wizard_sessions",
    );
    expect(rows).toEqual([{ saved: true }]);
  });

  it("goes on by a save of a tab that knows nothing of it", async () => {
    const id = await abandoned({ state: { a: 1 } });
    const answer = await save(db, ada, { id, base: 0, patch: { a: 2 } });
    expect(answer).toMatchObject({
      outcome: "MERGED",
      session: { status: "in_progress", state: { a: 2 }, revision: 2 },
    });
    expect(await take(ABANDON)).toBe(0);
    expect((await history(db, id)).map(({ status }) => status)).toEqual(["in_progress", "abandoned", "in_progress"]);
  });

  it.each([
    ["its state", { state: { b: 1 } }],
    ["its stage", { stage: 2 }],
    ["its state and a revision", { state: {}, revision: 1 }],
    ["its state and its status", { state: {}, status: "in_progress" }],
  ])("goes on by writing %s", async (_, columns) => {
    const id = await abandoned();
    await update(db, ada, id, columns);
    expect(await storedSession(db, id)).toMatchObject({
      ...columns,
      status: "in_progress",
      completed_at: null,
      revision: 2,
    });
  });

  it("goes on by a trusted back end's save", async () => {
    const id = await abandoned();
    await db.asService((client) => client.query("update wizard_sessions set state = '{}' where id = $1", [id]));
    expect(await statusOf(id)).toBe("in_progress");
  });

  it("is completed when a save sets that status", async () => {
    const id = await abandoned();
    await update(db, ada, id, { state: { b: 1 }, status: "completed" });
    expect(await storedSession(db, id)).toMatchObject({
      ...{ state: { b: 1 }, status: "completed", completed_at: expect.any(String), revision: 2 },
    });
  });

  it("is resumed by a save of its state even when the update repeats that it is abandoned", async () => {
    const id = await abandoned();
    await update(db, ada, id, { state: { b: 1 }, stage: 2, status: "abandoned" });
    expect(await storedSession(db, id)).toMatchObject({
      state: { b: 1 },
      stage: 2,
      status: "in_progress",
      revision: 2,
    });
  });

  it("stays abandoned when its state is migrated to another definition", async () => {
    const id = await abandoned();
    await update(db, ada, id, { state: { b: 1 }, definition_version: 2 });
    expect(await storedSession(db, id)).toMatchObject({ state: { b: 1 }, status: "abandoned", revision: 2 });
  });

  it("stays so when its event is deleted, or when it was only linked to one", async () => {
    const event_id = await createEvent(db, ada);
    const id = await abandoned();
    await update(db, ada, id, { event_id });
    expect(await storedSession(db, id)).toMatchObject({ status: "abandoned", event_id, revision: 2 });
    await db.asUser(ada, (client) => client.query("delete from events where id = $1", [event_id]));
    expect(await storedSession(db, id)).toMatchObject({ status: "abandoned", event_id: null, revision: 2 });
  });

  it("is deleted so long after its last save, not after it was abandoned, with its history", async () => {
    const id = await aged("181 days");
    expect([await take(PURGE), await take(ABANDON)]).toEqual([0, 1]);
    expect(await keptRevisions(db, id)).toEqual([0, 1]);
    expect(await take(PURGE)).toBe(1);
    expect([await storedSession(db, id), await keptRevisions(db, id)]).toEqual([undefined, []]);
  });
});

describe("thinning", () => {
  const thin = async (atMost = 500, by: Runs = owner()) => {
    const query = "select sessions, revisions from app_private.thin_wizard_session_revisions($1)";
    return only((await by.query<{ sessions: number; revisions: number }>(query, [atMost])).rows);
  };

  /** A session of 40 saves, at another stage at each seventh, and what each of its revisions was. */
  async function saved() {
    const { id } = await startSession(db, ada, { state: { begun: true } });
    const was = [{ stage: 1, text: '{"begun": true}' }];
    for (let n = 1; n <= 40; n++) {
      await update(db, ada, id, { state: { n, odd: n % 2 === 1 || undefined }, stage: 1 + (Math.floor(n / 7) % 6) });
      const { rows } = await db.root.query("select stage, state::text as text from wizard_sessions where id = $1", [
        id,
      ]);
      was.push(only(rows));
    }
    return { id, was };
  }
  /** Makes those revisions as old as that. */
  const ageUpTo = (id: string, revision: number, by = "91 days") =>
    withoutTriggers(
      db,
      `update wizard_session_revisions set saved_at = saved_at - interval '${by}'
        where session_id = '${id}' and revision <= ${revision}`,
    );
  const expectRebuilt = async (id: string, was: readonly { stage: number; text: string }[]) => {
    for (const revision of await keptRevisions(db, id)) {
      expect(await stateAt(db, ada, id, revision)).toMatchObject({ revision, ...was[revision] });
    }
  };
  const from = (first: number, last = 40) => Array.from({ length: last - first + 1 }, (_, n) => first + n);

  it.each([
    ["none of it", -1, from(0)],
    ["the beginning alone", 0, from(0)],
    ["what comes before the first checkpoint", 6, from(0)],
    ["the first checkpoint", 7, [0, ...from(7)]],
    ["a patch after it", 8, [0, ...from(7)]],
    ["half of it", 20, [0, 7, ...from(14)]],
    ["all but the last", 39, [0, 7, 14, 21, 28, ...from(35)]],
    ["all of it", 40, [0, 7, 14, 21, 28, ...from(35)]],
  ])("leaves checkpoints of what is old, and all that can be rebuilt is what it was: %s", async (_, old, kept) => {
    const { id, was } = await saved();
    await ageUpTo(id, old);
    const removed = 41 - kept.length;
    expect(await thin()).toEqual({ sessions: removed > 0 ? 1 : 0, revisions: removed });
    expect(await keptRevisions(db, id)).toEqual(kept);
    await expectRebuilt(id, was);
    expect(await thin()).toEqual({ sessions: 0, revisions: 0 });
  });

  it("lets saves go on, merge and be restored as before", async () => {
    const { id, was } = await saved();
    await ageUpTo(id, 40);
    await thin();
    expect(await save(db, ada, { id, base: 40, patch: { more: 1 } })).toMatchObject({ outcome: "SAVED" });
    expect(await save(db, ada, { id, base: 36, patch: { else: 1 } })).toMatchObject({ outcome: "MERGED" });
    // Too little is left to know what was written since then.
    expect(await save(db, ada, { id, base: 15, patch: { third: 1 } })).toMatchObject({ outcome: "CONFLICT" });
    await db.asUser(ada, (client) => client.query("select restore_wizard_session($1, 14)", [id]));
    expect(await storedSession(db, id)).toMatchObject({ revision: 43, stage: was[14]?.stage });
    await expectRebuilt(id, [...was, ...(await Promise.all([41, 42, 43].map((n) => stateAt(db, ada, id, n))))]);
  });

  it("goes by the limits: ninety days, to the microsecond", async () => {
    const limit = "(select thinned_after from app_private.revision_limits())";
    expect(only((await owner().query(`select ${limit} = '90 days' as it`)).rows)).toEqual({ it: true });
    const { id } = await saved();
    for (const [short, revisions] of [
      ["1 microsecond", 0],
      ["0", 6],
    ] as const) {
      const client = await db.root.connect();
      try {
        await client.query("begin; set local session_replication_role = replica");
        await client.query(
          `update wizard_session_revisions set saved_at = now() - ${limit} + interval '${short}' + (revision - 7) * interval '1 second'
            where session_id = '${id}'`,
        );
        expect(await thin(500, client)).toMatchObject({ revisions });
      } finally {
        await client.query("rollback");
        client.release();
      }
    }
  });

  it("takes no more sessions than it is told, none that is being saved, and others than another worker", async () => {
    const sessions = [await saved(), await saved(), await saved()];
    for (const { id } of sessions) await ageUpTo(id, 7);
    const [held] = sessions.map(({ id }) => id);
    await db.asUser(ada, async (client) => {
      await client.query("update wizard_sessions set stage = 1 where id = $1", [held]);
      await inTransaction(owner(), async (first) => {
        expect(await thin(1, first)).toEqual({ sessions: 1, revisions: 6 });
        expect(await thin()).toEqual({ sessions: 1, revisions: 6 });
      });
      expect(await thin()).toEqual({ sessions: 0, revisions: 0 });
    });
    expect(await thin()).toEqual({ sessions: 1, revisions: 6 });
  });
});

describe("the preview", () => {
  const preview = async () =>
    only(
      (
        await owner().query(
          `select purged::int, abandoned::int, thinned::int from app_private.preview_sweep('30 days', '180 days')`,
        )
      ).rows,
    );

  it("counts what is then done, and changes nothing", async () => {
    await aged("1 year", { status: "completed" });
    await aged("29 days");
    await aged("31 days");
    await aged("1 year");
    await aged("179 days", { status: "abandoned" });
    for (const status of ["abandoned", "completed", "in_progress"]) {
      const { id } = await startSession(db, ada);
      for (const stage of [1, 1, 2, 2]) await update(db, ada, id, { stage });
      if (status !== "in_progress") await update(db, ada, id, { status });
      await age(db, id, "200 days");
    }
    const before = await contents(db);
    const counted = await preview();
    expect(counted).toEqual({ purged: 1, abandoned: 3, thinned: 5 });
    expect(await contents(db)).toBe(before);

    const { rows } = await owner().query("select revisions from app_private.thin_wizard_session_revisions(0)");
    expect(rows).toEqual([{ revisions: 0 }]);
    expect(await take(PURGE)).toBe(1);
    expect(await take(ABANDON)).toBe(3);
    const thinned = await owner().query("select revisions from app_private.thin_wizard_session_revisions(500)");
    expect(thinned.rows).toEqual([{ revisions: 5 }]);
    // Two that were abandoned only now are old enough to go next.
    expect(await preview()).toEqual({ purged: 2, abandoned: 0, thinned: 0 });
  });

  it("is refused for no time at all", async () => {
    for (const times of ["'0 days', '1 day'", "'1 day', '0 days'", "null, '1 day'"]) {
      const attempt = owner().query(`select app_private.preview_sweep(${times})`);
      expect(await refusal(attempt)).toMatchObject({ code: "WZ400" });
    }
  });
});

it.each([
  "abandon_wizard_sessions('1 day', 1)",
  "purge_wizard_sessions('1 day', 1)",
  "thin_wizard_session_revisions(1)",
  "preview_sweep('1 day', '1 day')",
  "sessions_to_thin()",
  `thinned_up_to('${randomUUID()}')`,
])("neither users nor back ends can call %s", async (call) => {
  const id = await aged("1 year");
  const before = await contents(db);
  for (const as of [db.asAnon, db.asService, db.asUser.bind(db, ada)]) {
    const attempt = as((client) => client.query(`select app_private.${call}`));
    expect(await refusal(attempt)).toMatchObject({ code: "42501" });
  }
  expect(await contents(db)).toBe(before);
  expect(await statusOf(id)).toBe("in_progress");
});
