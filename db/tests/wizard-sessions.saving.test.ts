import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import type pg from "pg";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { createEvent, singleRow, startSession, storedSession } from "../../testkit/rows.ts";
import { until } from "../../testkit/until.ts";
import { COMPLETE_STATE } from "../../wizard/testing/completeState.ts";

const db = useTestDatabase();

interface Saved {
  /** Microseconds since 1970: still exact as a number. */
  readonly savedAt: number;
  readonly revision: number;
}

/** Saves a session once. With `revision`, the update sets that column as well. */
async function save(client: pg.ClientBase, id: string, revision?: number | null): Promise<Saved> {
  const { rows } = await client.query<Saved>(
    `update wizard_sessions set state = state || '{"saved": true}' ${revision === undefined ? "" : ", revision = $2"}
      where id = $1
     returning (extract(epoch from last_saved_at) * 1000000)::float8 as "savedAt", revision`,
    revision === undefined ? [id] : [id, revision],
  );
  return singleRow(rows);
}

const saveAs = (sub: string, id: string, revision?: number | null) =>
  db.asUser(sub, (client) => save(client, id, revision));

function waitForBlockedClient() {
  const query = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  return until(async () => (await db.root.query(query)).rowCount === 1, "client that waits for a lock");
}

/**
 * Runs two transactions of one user. The one that starts earlier writes second, and waits until the other commits and
 * releases the row lock.
 */
async function overlap<T>(sub: string, work: { startsEarlier: Work<T>; writesFirst: Work<T> }) {
  const started = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  const startsEarlier = db.asUser(sub, async (client) => {
    started.resolve();
    await written.promise;
    return await work.startsEarlier(client);
  });
  const writesFirst = started.promise.then(() =>
    db.asUser(sub, async (client) => {
      const result = await work.writesFirst(client);
      written.resolve();
      await waitForBlockedClient();
      return result;
    }),
  );
  const [waited, first] = await Promise.allSettled([startsEarlier, writesFirst]);
  return { first, waited };
}
type Work<T> = (client: pg.ClientBase) => Promise<T>;

describe("the trigger update_wizard_session_timestamp", () => {
  it("runs the function of the same name before each update of a row", async () => {
    const { rows } = await db.root.query(
      `select action_timing as timing, event_manipulation as event, action_orientation as orientation,
              action_statement as statement
         from information_schema.triggers
        where event_object_schema = 'public' and event_object_table = 'wizard_sessions'
          and trigger_name = 'update_wizard_session_timestamp'`,
    );
    const statement = "EXECUTE FUNCTION update_wizard_session_timestamp()";
    expect(rows).toEqual([{ timing: "BEFORE", event: "UPDATE", orientation: "ROW", statement }]);
  });

  it("is enabled, and its function is a trigger function in plpgsql", async () => {
    const { rows } = await db.root.query(
      `select t.tgenabled as enabled, p.oid::regprocedure::text as function, p.prorettype::regtype::text as returns,
              l.lanname as language
         from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_language l on l.oid = p.prolang
        where t.tgrelid = 'wizard_sessions'::regclass and t.tgname = 'update_wizard_session_timestamp'`,
    );
    const name = "update_wizard_session_timestamp()";
    expect(rows).toEqual([{ enabled: "O", function: name, returns: "trigger", language: "plpgsql" }]);
  });
});

describe("last_saved_at", () => {
  it("increases with every save, while started_at stays the same", async () => {
    const ada = randomUUID();
    const session = await startSession(db, ada);
    const saves = [await saveAs(ada, session.id), await saveAs(ada, session.id), await saveAs(ada, session.id)];
    const times = [Date.parse(session.last_saved_at) * 1000, ...saves.map(({ savedAt }) => savedAt)];
    expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
    expect(await storedSession(db, session.id)).toMatchObject({ started_at: session.started_at });
  });

  it.each(["stage", "status", "state", "event_id"])("increases when %s is set to its current value", async (column) => {
    const ada = randomUUID();
    const session = await startSession(db, ada);
    const update = `update wizard_sessions set ${column} = ${column} where id = $1`;
    await db.asUser(ada, (client) => client.query(update, [session.id]));
    const { rows } = await db.root.query(
      "select last_saved_at > $2::timestamptz as later from wizard_sessions where id = $1",
      [session.id, session.last_saved_at],
    );
    expect(rows).toEqual([{ later: true }]);
  });

  it("increases between two saves of one transaction", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    const [first, second] = await db.asUser(ada, async (client) => [await save(client, id), await save(client, id)]);
    expect(second.savedAt).toBeGreaterThan(first.savedAt);
  });

  it("increases when a transaction that started earlier writes after one that started later", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    const work = (client: pg.ClientBase) => save(client, id);
    const { first, waited } = await overlap(ada, { startsEarlier: work, writesFirst: work });
    expect([first, waited]).toMatchObject([
      { status: "fulfilled", value: { revision: 1 } },
      { status: "fulfilled", value: { revision: 2 } },
    ]);
    const [firstAt, waitedAt] = [first, waited].map((save) => (save.status === "fulfilled" ? save.value.savedAt : NaN));
    expect(waitedAt).toBeGreaterThan(Number(firstAt));
  });

  it("is the time of the write, not the start of the transaction", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    const writtenAfter = await db.asUser(ada, async (client) => {
      await client.query("select pg_sleep(0.02)");
      const { rows } = await client.query<{ now: number }>("select extract(epoch from now())::float8 * 1000000 as now");
      return (await save(client, id)).savedAt - singleRow(rows).now;
    });
    expect(writtenAfter).toBeGreaterThanOrEqual(20_000);
  });

  it("increases even if its value is in the future", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    const ahead = new Date(Date.now() + 24 * 3600 * 1000);
    await db.root.query("alter table wizard_sessions disable trigger user");
    await db.root.query("update wizard_sessions set last_saved_at = $2 where id = $1", [id, ahead]);
    await db.root.query("alter table wizard_sessions enable trigger user");
    expect((await saveAs(ada, id)).savedAt).toBeGreaterThan(ahead.getTime() * 1000);
  });
});

describe("revision", () => {
  it("counts the saves", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    expect([await saveAs(ada, id), await saveAs(ada, id)]).toMatchObject([{ revision: 1 }, { revision: 2 }]);
    const both = await db.asUser(ada, async (client) => [await save(client, id), await save(client, id)]);
    expect(both).toMatchObject([{ revision: 3 }, { revision: 4 }]);
  });

  it("can be sent with an update if it is the current one", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    expect(await saveAs(ada, id, 0)).toMatchObject({ revision: 1 });
    expect(await saveAs(ada, id, 1)).toMatchObject({ revision: 2 });
    expect(await db.asService((client) => save(client, id, 2))).toMatchObject({ revision: 3 });
  });

  it.each([
    { what: "an older one", sent: 1 },
    { what: "a future one", sent: 3 },
  ])("can't be sent with an update if it is $what", async ({ sent }) => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { state: { kept: true } });
    await saveAs(ada, id);
    await saveAs(ada, id);
    const before = await storedSession(db, id);
    for (const attempt of [() => saveAs(ada, id, sent), () => db.asService((client) => save(client, id, sent))]) {
      const { code, detail } = await refusal(attempt());
      expect(code).toBe("WZ409");
      expect(JSON.parse(detail ?? "")).toEqual({ currentRevision: 2 });
    }
    expect(await storedSession(db, id)).toEqual(before);
    expect(before).toMatchObject({ revision: 2 });
  });

  it("can't be set to null to avoid the check", async () => {
    const ada = randomUUID();
    const session = await startSession(db, ada);
    expect(await refusal(saveAs(ada, session.id, null))).toMatchObject({ code: "23502", column: "revision" });
    expect(await storedSession(db, session.id)).toEqual(session);
  });

  it("allows only one of two concurrent saves that send the same one", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    const { first, waited } = await overlap(ada, {
      writesFirst: (client) => save(client, id, 0),
      startsEarlier: (client) => save(client, id, 0),
    });
    expect(first).toMatchObject({ status: "fulfilled", value: { revision: 1 } });
    expect(waited).toMatchObject({
      status: "rejected",
      reason: { code: "WZ409", detail: '{"currentRevision": 1}' },
    });
    expect(await storedSession(db, id)).toMatchObject({ revision: 1 });
  });

  it("counts two concurrent saves that send none, and both keep their fields", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    const add = (field: string) => async (client: pg.ClientBase) => {
      await client.query(
        "update wizard_sessions set state = state || jsonb_build_object($2::text, true) where id = $1",
        [id, field],
      );
    };
    const { first, waited } = await overlap(ada, { writesFirst: add("one"), startsEarlier: add("other") });
    expect([first.status, waited.status]).toEqual(["fulfilled", "fulfilled"]);
    expect(await storedSession(db, id)).toMatchObject({ revision: 2, state: { one: true, other: true } });
  });
});

describe("completing a session", () => {
  const setStatus = (sub: string, id: string, status: string) =>
    db.asUser(sub, (client) => client.query("update wizard_sessions set status = $2 where id = $1", [id, status]));

  it("sets completed_at to the time of the update, and counts as a save", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { state: COMPLETE_STATE });
    await setStatus(ada, id, "completed");
    expect(await storedSession(db, id)).toMatchObject({ status: "completed", revision: 1 });
    const { rows } = await db.root.query(
      `select completed_at > started_at as after_start, completed_at <= last_saved_at as by_this_save
         from wizard_sessions where id = $1`,
      [id],
    );
    expect(rows).toEqual([{ after_start: true, by_this_save: true }]);
  });

  it("is possible if the session is abandoned", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { state: COMPLETE_STATE, status: "abandoned" });
    await setStatus(ada, id, "completed");
    expect(await storedSession(db, id)).toMatchObject({ status: "completed", completed_at: expect.any(String) });
  });

  const changes = [
    { what: "state", set: `state = '{"forged": true}'` },
    { what: "stage", set: "stage = 1" },
    { what: "status to in_progress", set: "status = 'in_progress'" },
    { what: "status to abandoned", set: "status = 'abandoned'" },
    { what: "status to its current value", set: "status = 'completed'" },
    { what: "event_id to null", set: "event_id = null" },
    { what: "revision to its current value", set: "revision = 0" },
    { what: "revision to an older value", set: "revision = -1" },
  ];

  it.each(changes)("locks it, so its owner and service_role can't set $what", async ({ set }) => {
    const ada = randomUUID();
    const event_id = await createEvent(db, ada);
    const session = await startSession(db, ada, { stage: 6, status: "completed", event_id });
    const change = (client: pg.ClientBase) =>
      client.query(`update wizard_sessions set ${set} where id = $1`, [session.id]);
    for (const attempt of [() => db.asUser(ada, change), () => db.asService(change)]) {
      expect(await refusal(attempt())).toMatchObject({ code: "WZ423" });
      expect(await storedSession(db, session.id)).toEqual(session);
    }
  });

  it("still lets its owner delete it", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { status: "completed" });
    await db.asUser(ada, (client) => client.query("delete from wizard_sessions where id = $1", [id]));
    expect(await storedSession(db, id)).toBeUndefined();
  });
});

describe("an abandoned session", () => {
  it("can be saved, and then set to in_progress", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    const setStatus = (status: string) =>
      db.asUser(ada, (client) => client.query("update wizard_sessions set status = $2 where id = $1", [id, status]));
    await setStatus("abandoned");
    expect(await saveAs(ada, id)).toMatchObject({ revision: 2 });
    await setStatus("in_progress");
    expect(await storedSession(db, id)).toMatchObject({
      status: "in_progress",
      state: { saved: true },
      completed_at: null,
      revision: 3,
    });
  });
});
