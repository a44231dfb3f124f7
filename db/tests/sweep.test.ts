import { randomUUID } from "node:crypto";
import { afterAll, beforeEach, describe, expect, it } from "@jest/globals";
import pg from "pg";
import { backdate } from "../../testkit/backdating.ts";
import { inTransaction, refusal, useTestDatabase } from "../../testkit/database.ts";
import {
  createEvent,
  type SessionFields,
  sessionTablesAsText,
  singleRow,
  startSession,
  storedSession,
} from "../../testkit/rows.ts";
import { withoutTriggers } from "../../testkit/sampleSessions.ts";
import { history, revisionNumbers, save, stateAt, update } from "../../testkit/saving.ts";
import { COMPLETE_STATE } from "../../wizard/testing/completeState.ts";

const pools: pg.Pool[] = [];
// Registered first, because the pools must be closed before the database is dropped.
afterAll(() => Promise.all(pools.map((pool) => pool.end())));
const db = useTestDatabase();

/** Returns connections as the owner, like those of the worker. */
function owner(): pg.Pool {
  const pool = pools[0] ?? new pg.Pool({ connectionString: db.ownerUrl });
  if (pools.length === 0) pools.push(pool);
  return pool;
}

type Queryable = Pick<pg.ClientBase, "query">;

/** Runs a batch, and returns the number of sessions that it processed. */
async function runBatch(batch: string, by: Queryable = owner()): Promise<number> {
  return singleRow((await by.query<{ count: number }>(`select count from app_private.${batch} count`)).rows).count;
}

const ABANDON = "abandon_wizard_sessions('30 days', 500)";
const PURGE = "purge_wizard_sessions('180 days', 500)";

const ada = randomUUID();
const startAged = async (by: string, fields: SessionFields = {}) => {
  const { id } = await startSession(db, ada, fields);
  await backdate(db, id, by);
  return id;
};
const statusOf = async (id: string) => (await storedSession(db, id))?.status;

// Thinning starts from the beginning again, because the tests write the past.
beforeEach(() => db.root.query("delete from wizard_sessions; delete from app_private.thinning"));

describe.each([
  ["abandon_wizard_sessions", ABANDON, "in_progress", "30 days", "abandoned"],
  ["purge_wizard_sessions", PURGE, "abandoned", "180 days", undefined],
])("%s", (_, batch, status, limit, then) => {
  it.each([
    ["skips a session that was last saved a microsecond less than", "1 microsecond", 0],
    ["processes a session that was last saved exactly", "0", 1],
    ["processes a session that was last saved a microsecond more than", "-1 microsecond", 1],
  ])(`%s ${limit} ago`, async (_title, short, processed) => {
    const { id } = await startSession(db, ada, { status });
    const client = await db.root.connect();
    try {
      // now() stays the same within the transaction.
      await client.query("begin; set local session_replication_role = replica");
      await client.query(
        `update wizard_sessions set last_saved_at = now() - interval '${limit}' + interval '${short}' where id = $1`,
        [id],
      );
      await client.query("set local session_replication_role = origin");
      expect(await runBatch(batch, client)).toBe(processed);
      await client.query("commit");
    } finally {
      client.release();
    }
    expect(await statusOf(id)).toBe(processed === 1 ? then : status);
  });

  it("skips sessions with any other status, however old", async () => {
    const others = ["in_progress", "abandoned", "completed"].filter((other) => other !== status);
    const ids = [];
    for (const other of others) ids.push(await startAged("10 years", { status: other }));
    const before = await sessionTablesAsText(db);
    expect(await runBatch(batch)).toBe(0);
    expect(await sessionTablesAsText(db)).toBe(before);
    expect(ids).toHaveLength(2);
  });

  it("processes at most the given number of sessions", async () => {
    for (let n = 0; n < 5; n++) await startAged("1 year", { status });
    const two = batch.replace("500", "2");
    expect([await runBatch(two), await runBatch(two), await runBatch(two), await runBatch(two)]).toEqual([2, 2, 1, 0]);
  });

  it("skips a session that is being saved without waiting, and leaves it alone after the save", async () => {
    const [held, free] = [await startAged("1 year", { status }), await startAged("1 year", { status })];
    await db.asUser(ada, async (client) => {
      await client.query("update wizard_sessions set status = 'in_progress', state = '{\"back\": 1}' where id = $1", [
        held,
      ]);
      expect(await runBatch(batch)).toBe(1);
    });
    expect(await runBatch(batch)).toBe(0);
    expect(await storedSession(db, held)).toMatchObject({ status: "in_progress", state: { back: 1 }, revision: 1 });
    expect(await statusOf(free)).toBe(then);
  });

  it("skips a locked session, and processes it once the lock is released", async () => {
    const id = await startAged("1 year", { status });
    await db.asUser(ada, async (client) => {
      await client.query("select from wizard_sessions where id = $1 for update", [id]);
      expect(await runBatch(batch)).toBe(0);
    });
    expect(await runBatch(batch)).toBe(1);
  });

  it("processes different sessions when two workers run it at once", async () => {
    for (let n = 0; n < 7; n++) await startAged("1 year", { status });
    const counts = await inTransaction(owner(), async (first) => {
      const mine = await runBatch(batch.replace("500", "4"), first);
      return [mine, await runBatch(batch)];
    });
    expect(counts).toEqual([4, 3]);
    const { rows } = await db.root.query("select status, revision, count(*)::int from wizard_sessions group by 1, 2");
    expect(rows).toEqual(then === undefined ? [] : [{ status: then, revision: 1, count: 7 }]);
  });

  it.each(["0 days", "-1 day", "1 month -30 days", null])("fails for an age of %j", async (time) => {
    await startAged("1 year", { status });
    const before = await sessionTablesAsText(db);
    const [name] = batch.split("(");
    const attempt = owner().query(`select app_private.${name}($1, 500)`, [time]);
    expect(await refusal(attempt)).toMatchObject({ code: "WZ400", message: expect.stringMatching(/above zero/) });
    expect(await sessionTablesAsText(db)).toBe(before);
  });
});

describe("a session that the sweep abandoned", () => {
  const startAbandoned = async (fields: SessionFields = {}) => {
    const id = await startAged("40 days", fields);
    expect(await runBatch(ABANDON)).toBe(1);
    return id;
  };

  it.each([
    ["the owner", owner],
    ["a superuser", () => db.root],
  ])("keeps its state, stage and last_saved_at when %s runs the sweep", async (_, by) => {
    const id = await startAged("40 days", { state: { a: 1 }, stage: 3 });
    const before = await storedSession(db, id);
    await runBatch(ABANDON, by());
    expect(await storedSession(db, id)).toEqual({ ...before, status: "abandoned", revision: 1 });
  });

  it("has a revision with the time of the sweep, at which its state can be read", async () => {
    const id = await startAbandoned({ state: { a: 1 } });
    expect((await history(db, id)).at(-1)).toMatchObject({
      ...{ revision: 1, save_id: null, status: "abandoned", patch: {}, checkpoint: false },
    });
    const { rows } = await db.root.query(
      `select saved_at > now() - interval '1 day' and saved_at <= clock_timestamp() as just_now
         from wizard_session_revisions where session_id = $1 and revision = 1`,
      [id],
    );
    expect(rows).toEqual([{ just_now: true }]);
    expect((await stateAt(db, ada, id, 1)).state).toEqual({ a: 1 });
  });

  it("keeps its last_saved_at, as does a session that its user or service_role abandons", async () => {
    for (const abandon of [
      (id: string) => update(db, ada, id, { status: "abandoned" }),
      (id: string) =>
        db.asService((c) => c.query("update wizard_sessions set status = 'abandoned' where id = $1", [id])),
    ]) {
      const id = await startAged("40 days");
      const before = await storedSession(db, id);
      await abandon(id);
      expect(await storedSession(db, id)).toEqual({ ...before, status: "abandoned", revision: 1 });
    }
  });

  it("gets a new last_saved_at if the same update writes another column", async () => {
    const id = await startAged("40 days");
    await owner().query("update wizard_sessions set status = 'abandoned', stage = 2 where id = $1", [id]);
    const { rows } = await db.root.query(
      "select last_saved_at > now() - interval '1 day' as saved from wizard_sessions",
    );
    expect(rows).toEqual([{ saved: true }]);
  });

  it("is resumed by a save with a base revision from before the sweep", async () => {
    const id = await startAbandoned({ state: { a: 1 } });
    const answer = await save(db, ada, { id, base: 0, patch: { a: 2 } });
    expect(answer).toMatchObject({
      outcome: "MERGED",
      session: { status: "in_progress", state: { a: 2 }, revision: 2 },
    });
    expect(await runBatch(ABANDON)).toBe(0);
    expect((await history(db, id)).map(({ status }) => status)).toEqual(["in_progress", "abandoned", "in_progress"]);
  });

  it.each([
    ["its state", { state: { b: 1 } }],
    ["its stage", { stage: 2 }],
    ["its state and a revision", { state: {}, revision: 1 }],
    ["its state and its status", { state: {}, status: "in_progress" }],
  ])("is resumed when an update writes %s", async (_, columns) => {
    const id = await startAbandoned();
    await update(db, ada, id, columns);
    expect(await storedSession(db, id)).toMatchObject({
      ...columns,
      status: "in_progress",
      completed_at: null,
      revision: 2,
    });
  });

  it("is resumed when service_role writes its state", async () => {
    const id = await startAbandoned();
    await db.asService((client) => client.query("update wizard_sessions set state = '{}' where id = $1", [id]));
    expect(await statusOf(id)).toBe("in_progress");
  });

  it("is completed when an update sets that status", async () => {
    const id = await startAbandoned();
    await update(db, ada, id, { state: COMPLETE_STATE, status: "completed" });
    expect(await storedSession(db, id)).toMatchObject({
      ...{ state: COMPLETE_STATE, status: "completed", completed_at: expect.any(String), revision: 2 },
    });
  });

  it("is resumed when an update writes its state, even if the update sets the status to abandoned", async () => {
    const id = await startAbandoned();
    await update(db, ada, id, { state: { b: 1 }, stage: 2, status: "abandoned" });
    expect(await storedSession(db, id)).toMatchObject({
      state: { b: 1 },
      stage: 2,
      status: "in_progress",
      revision: 2,
    });
  });

  it("stays abandoned when its state is migrated to another definition", async () => {
    const id = await startAbandoned();
    await update(db, ada, id, { state: { b: 1 }, definition_version: 2 });
    expect(await storedSession(db, id)).toMatchObject({ state: { b: 1 }, status: "abandoned", revision: 2 });
  });

  it("stays abandoned when it is linked to an event, and when that event is deleted", async () => {
    const event_id = await createEvent(db, ada);
    const id = await startAbandoned();
    await update(db, ada, id, { event_id });
    expect(await storedSession(db, id)).toMatchObject({ status: "abandoned", event_id, revision: 2 });
    await db.asUser(ada, (client) => client.query("delete from events where id = $1", [event_id]));
    expect(await storedSession(db, id)).toMatchObject({ status: "abandoned", event_id: null, revision: 2 });
  });

  it("is purged with its history, counted from its last save and not from the sweep", async () => {
    const id = await startAged("181 days");
    expect([await runBatch(PURGE), await runBatch(ABANDON)]).toEqual([0, 1]);
    expect(await revisionNumbers(db, id)).toEqual([0, 1]);
    expect(await runBatch(PURGE)).toBe(1);
    expect([await storedSession(db, id), await revisionNumbers(db, id)]).toEqual([undefined, []]);
  });
});

describe("thin_wizard_session_revisions", () => {
  const thin = async (atMost = 500, by: Queryable = owner()) => {
    const query = "select checkpoints, revisions from app_private.thin_wizard_session_revisions($1)";
    return singleRow((await by.query<{ checkpoints: number; revisions: number }>(query, [atMost])).rows);
  };

  /** Starts a session and saves it 40 times. A null makes every seventh revision a checkpoint. Returns the revisions. */
  async function startSaved() {
    const { id } = await startSession(db, ada, { state: { started: true } });
    const expected = [{ stage: 1, text: '{"started": true}' }];
    for (let n = 1; n <= 40; n++) {
      const state = { n: n % 7 === 0 ? null : n, odd: n % 2 === 1 || undefined };
      await update(db, ada, id, { state, stage: 1 + (Math.floor(n / 7) % 6) });
      const { rows } = await db.root.query("select stage, state::text as text from wizard_sessions where id = $1", [
        id,
      ]);
      expected.push(singleRow(rows));
    }
    return { id, expected };
  }
  /** Backdates the revisions up to this one. */
  const ageUpTo = (id: string, revision: number, by = "91 days") =>
    withoutTriggers(
      db,
      `update wizard_session_revisions set saved_at = saved_at - interval '${by}'
        where session_id = '${id}' and revision <= ${revision}`,
    );
  const expectRebuilt = async (id: string, expected: readonly { stage: number; text: string }[]) => {
    for (const revision of await revisionNumbers(db, id)) {
      expect(await stateAt(db, ada, id, revision)).toMatchObject({ revision, ...expected[revision] });
    }
  };
  const from = (first: number, last = 40) => Array.from({ length: last - first + 1 }, (_, n) => first + n);

  it.each([
    ["no revision is old", -1, from(0)],
    ["only the first revision is old", 0, from(0)],
    ["the revisions before the first checkpoint are old", 6, from(0)],
    ["the revisions up to the first checkpoint are old", 7, [0, ...from(7)]],
    ["one patch after the first checkpoint is old, too", 8, [0, ...from(7)]],
    ["half of the revisions are old", 20, [0, 7, ...from(14)]],
    ["all revisions except the last are old", 39, [0, 7, 14, 21, 28, ...from(35)]],
    ["all revisions are old", 40, [0, 7, 14, 21, 28, ...from(35)]],
  ])("keeps checkpoints of old revisions, and every kept revision can be rebuilt, when %s", async (_, old, kept) => {
    const { id, expected } = await startSaved();
    await ageUpTo(id, old);
    expect(await thin()).toMatchObject({ revisions: 41 - kept.length });
    expect(await revisionNumbers(db, id)).toEqual(kept);
    await expectRebuilt(id, expected);
    expect(await thin()).toEqual({ checkpoints: 0, revisions: 0 });
  });

  it("leaves a session that can be saved, merged and restored", async () => {
    const { id, expected } = await startSaved();
    await ageUpTo(id, 40);
    await thin();
    expect(await save(db, ada, { id, base: 40, patch: { more: 1 } })).toMatchObject({ outcome: "SAVED" });
    expect(await save(db, ada, { id, base: 36, patch: { else: 1 } })).toMatchObject({ outcome: "MERGED" });
    // The revisions since 15 are incomplete, so it is unknown what they wrote.
    expect(await save(db, ada, { id, base: 15, patch: { third: 1 } })).toMatchObject({ outcome: "CONFLICT" });
    await db.asUser(ada, (client) => client.query("select restore_wizard_session($1, 14)", [id]));
    expect(await storedSession(db, id)).toMatchObject({ revision: 43, stage: expected[14]?.stage });
    await expectRebuilt(id, [...expected, ...(await Promise.all([41, 42, 43].map((n) => stateAt(db, ada, id, n))))]);
  });

  it("applies its limit of 90 days to the microsecond", async () => {
    const limit = "(select thinned_after from app_private.revision_limits())";
    expect(singleRow((await owner().query(`select ${limit} = '90 days' as matches`)).rows)).toEqual({ matches: true });
    const { id } = await startSaved();
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

  it("continues where the batch before stopped, and with checkpoints that have become old since", async () => {
    const { id, expected } = await startSaved();
    await ageUpTo(id, 21);
    // Each of the three checkpoints 7, 14 and 21 has six patches before it.
    const batches = [await thin(1), await thin(1), await thin(1), await thin(1)];
    expect(batches).toEqual([...Array(3).fill({ checkpoints: 1, revisions: 6 }), { checkpoints: 0, revisions: 0 }]);
    await withoutTriggers(
      db,
      `update wizard_session_revisions set saved_at = saved_at - interval '91 days'
        where session_id = '${id}' and revision between 22 and 28`,
    );
    expect(await thin()).toEqual({ checkpoints: 1, revisions: 6 });
    expect(await revisionNumbers(db, id)).toEqual([0, 7, 14, 21, ...from(28)]);
    await expectRebuilt(id, expected);
  });

  it("skips a session that is being saved without waiting, and thins it with its next old checkpoint", async () => {
    const [busy, { id: idle }] = [await startSaved(), await startSaved()];
    await ageUpTo(busy.id, 14);
    await ageUpTo(idle, 7, "92 days");
    await db.asUser(ada, async (client) => {
      await client.query("update wizard_sessions set stage = 1 where id = $1", [busy.id]);
      expect(await thin(2)).toEqual({ checkpoints: 2, revisions: 6 });
      expect(await revisionNumbers(db, busy.id)).toEqual(from(0));
    });
    expect(await thin()).toEqual({ checkpoints: 1, revisions: 12 });
    expect(await revisionNumbers(db, busy.id)).toEqual([0, 7, ...from(14, 41)]);
  });

  it("processes all checkpoints of the same time in one batch, even if they are more than the given number", async () => {
    const sessions = [await startSaved(), await startSaved(), await startSaved()];
    for (const { id } of sessions) await ageUpTo(id, 7);
    await withoutTriggers(
      db,
      "update wizard_session_revisions set saved_at = now() - interval '91 days' where revision = 7",
    );
    expect(await thin(1)).toEqual({ checkpoints: 3, revisions: 18 });
  });

  it("does nothing while another worker is thinning", async () => {
    const { id } = await startSaved();
    await ageUpTo(id, 7);
    // The row exists after the first batch.
    await thin(0);
    await inTransaction(owner(), async (first) => {
      expect(await thin(500, first)).toEqual({ checkpoints: 1, revisions: 6 });
      expect(await thin()).toEqual({ checkpoints: 0, revisions: 0 });
    });
    expect(await thin()).toEqual({ checkpoints: 0, revisions: 0 });
  });

  it("starts again from the beginning when its row is deleted, for example after old history was imported", async () => {
    const { id } = await startSaved();
    await ageUpTo(id, 7);
    await thin();
    const imported = await startSaved();
    await ageUpTo(imported.id, 7, "1 year");
    expect(await thin()).toEqual({ checkpoints: 0, revisions: 0 });
    await owner().query("delete from app_private.thinning");
    expect(await thin()).toEqual({ checkpoints: 2, revisions: 6 });
    expect(await revisionNumbers(db, imported.id)).toEqual([0, ...from(7)]);
  });
});

describe("preview_sweep", () => {
  const preview = async () =>
    singleRow(
      (
        await owner().query(
          `select purged::int, abandoned::int, thinned::int, more_to_thin
             from app_private.preview_sweep('30 days', '180 days')`,
        )
      ).rows,
    );

  it("returns what the sweep then does, and changes nothing", async () => {
    await startAged("1 year", { status: "completed" });
    await startAged("29 days");
    await startAged("31 days");
    await startAged("1 year");
    await startAged("179 days", { status: "abandoned" });
    for (const status of ["abandoned", "completed", "in_progress"]) {
      const { id } = await startSession(db, ada, { state: COMPLETE_STATE });
      for (const n of [1, 2, null, 4]) await update(db, ada, id, { state: { ...COMPLETE_STATE, n } });
      if (status !== "in_progress") await update(db, ada, id, { status });
      await backdate(db, id, "200 days");
    }
    const before = await sessionTablesAsText(db);
    const counted = await preview();
    expect(counted).toEqual({ purged: 1, abandoned: 3, thinned: 4, more_to_thin: false });
    expect(await sessionTablesAsText(db)).toBe(before);

    const { rows } = await owner().query("select revisions from app_private.thin_wizard_session_revisions(0)");
    expect(rows).toEqual([{ revisions: 0 }]);
    expect(await runBatch(PURGE)).toBe(1);
    expect(await runBatch(ABANDON)).toBe(3);
    const thinned = await owner().query("select revisions from app_private.thin_wizard_session_revisions(500)");
    expect(thinned.rows).toEqual([{ revisions: 4 }]);
    // Two of the sessions that were just abandoned are old enough to be purged next.
    expect(await preview()).toEqual({ purged: 2, abandoned: 0, thinned: 0, more_to_thin: false });
  });

  it("counts what is left after the batches until now", async () => {
    const { id } = await startSession(db, ada);
    // A null makes a revision a checkpoint.
    for (const n of [1, 2, null, 4, null]) await update(db, ada, id, { state: { n } });
    await backdate(db, id, "100 days");
    expect(await preview()).toMatchObject({ thinned: 3 });
    await owner().query("select app_private.thin_wizard_session_revisions(1)");
    expect(await preview()).toMatchObject({ thinned: 1 });
  });

  it("stops counting revisions after 10,000 checkpoints, and says so", async () => {
    const { id } = await startSession(db, ada);
    const insertCheckpoints = (first: number, last: number) =>
      withoutTriggers(
        db,
        `insert into wizard_session_revisions (session_id, revision, stage, status, patch, snapshot, size, saved_at)
         select '${id}', n, 1, 'in_progress', '{}', case when n % 2 = 0 then '{}'::jsonb end, 2, now() - interval '1 year' + n * interval '1 s'
           from generate_series(${first}, ${last}) n`,
      );
    await insertCheckpoints(1, 19_999);
    expect(await preview()).toMatchObject({ thinned: 9_999, more_to_thin: false });
    await insertCheckpoints(20_000, 20_003);
    expect(await preview()).toMatchObject({ thinned: 10_000, more_to_thin: true });
  });

  it("fails for an age of zero or null", async () => {
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
])("anonymous clients, users and service_role can't call app_private.%s", async (call) => {
  const id = await startAged("1 year");
  const before = await sessionTablesAsText(db);
  for (const as of [db.asAnon, db.asService, db.asUser.bind(db, ada)]) {
    const attempt = as((client) => client.query(`select app_private.${call}`));
    expect(await refusal(attempt)).toMatchObject({ code: "42501" });
  }
  expect(await sessionTablesAsText(db)).toBe(before);
  expect(await statusOf(id)).toBe("in_progress");
});
