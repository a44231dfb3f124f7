import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { complete, completeState, countEvents, publish, storedEvent } from "../../testkit/events.ts";
import { interleave } from "../../testkit/locks.ts";
import { countSessions, singleRow, startSession, storedSession } from "../../testkit/rows.ts";
import { history, revisionNumbers, save, update } from "../../testkit/saving.ts";

const db = useTestDatabase();
let ada: string;
let ben: string;
beforeEach(() => {
  [ada, ben] = [randomUUID(), randomUUID()];
});
afterEach(() => setQuotas("unfinished_sessions = 1000, stored_bytes = 536870912, page_addresses = 1000"));

const setQuotas = (settings: string) => db.root.query(`update app_private.quotas set ${settings}`);
const asUser = (sub: string, statement: string, ...values: unknown[]) =>
  db.asUser(sub, (client) => client.query(statement, values));
const start = (sub: string, id: string = randomUUID()) => asUser(sub, "select start_wizard_session($1)", id);

async function refusedQuota(attempt: Promise<unknown>) {
  const { code, message, detail = "" } = await refusal(attempt);
  return { code, message, ...JSON.parse(detail) };
}

describe("the quotas", () => {
  it("are 1,000 unfinished sessions, 512 MiB and 1,000 page addresses by default", async () => {
    const { rows } = await db.root.query("select * from app_private.quotas");
    expect(rows).toEqual([
      { only_row: true, unfinished_sessions: 1000, stored_bytes: "536870912", page_addresses: 1000 },
    ]);
  });

  it("are one row, which only the owner can read and change", async () => {
    expect(await refusal(db.root.query("insert into app_private.quotas default values"))).toMatchObject({
      code: "23505",
    });
    for (const as of [db.asAnon, db.asService, db.asUser.bind(db, ada)]) {
      for (const statement of ["select from app_private.quotas", "update app_private.quotas set stored_bytes = 1"]) {
        expect(await refusal(as((client) => client.query(statement)))).toMatchObject({ code: "42501" });
      }
      const sizes = as((client) => client.query("select from app_private.wizard_session_sizes"));
      expect(await refusal(sizes)).toMatchObject({ code: "42501" });
    }
  });
});

describe("the quota of unfinished sessions", () => {
  beforeEach(() => setQuotas("unfinished_sessions = 2"));

  it("refuses one more session in progress, however it is started, and only to this user", async () => {
    await start(ada);
    await startSession(db, ada);
    const refused = {
      ...{ code: "WZ429", quota: "UNFINISHED_SESSIONS", limit: 2, used: 2 },
      message: expect.stringMatching(/^You have 2 unfinished drafts; the limit is 2\. Delete drafts/),
    };
    expect(await refusedQuota(start(ada))).toEqual(refused);
    expect(await refusedQuota(startSession(db, ada))).toEqual(refused);
    expect(await refusedQuota(startSession(db, ada, { status: "abandoned" }))).toEqual(refused);
    expect(await countSessions(db, ada)).toBe(2);
    await start(ben);
    expect(await countSessions(db, ben)).toBe(1);
  });

  it("refuses a copy of an event", async () => {
    await setQuotas("unfinished_sessions = 1");
    const { id: event } = await publish(db, ada);
    await start(ada);
    const duplicate = asUser(ada, "select duplicate_event($1, $2)", randomUUID(), event);
    expect(await refusedQuota(duplicate)).toMatchObject({ code: "WZ429", used: 1 });
  });

  it("counts abandoned sessions, and not completed ones", async () => {
    const [{ id }] = [await startSession(db, ada), await startSession(db, ada)];
    await update(db, ada, id, { status: "abandoned" });
    expect(await refusedQuota(start(ada))).toMatchObject({ code: "WZ429", used: 2 });
    await update(db, ada, id, { state: completeState(), status: "completed" });
    await start(ada);
    await startSession(db, ada, { status: "completed" });
    expect(await countSessions(db, ada)).toBe(4);
  });

  it("allows what starts no session: opening one again, saving one, and resuming an abandoned one", async () => {
    const [{ id }, { id: abandoned }] = [await startSession(db, ada), await startSession(db, ada)];
    await setQuotas("unfinished_sessions = 1");
    await start(ada, id);
    expect(await save(db, ada, { id, base: 0, patch: { a: 1 } })).toMatchObject({ outcome: "SAVED" });
    await update(db, ada, abandoned, { status: "abandoned" });
    const answer = await save(db, ada, { id: abandoned, base: 1, patch: { a: 1 } });
    expect(answer.session).toMatchObject({ status: "in_progress", state: { a: 1 } });
  });

  it("allows a new session after one was deleted", async () => {
    const [{ id }] = [await startSession(db, ada), await startSession(db, ada)];
    await asUser(ada, "delete from wizard_sessions where id = $1", id);
    await start(ada);
    expect(await countSessions(db, ada)).toBe(2);
  });

  it("does not apply to a back end", async () => {
    await start(ada);
    await db.asService((client) =>
      client.query("insert into wizard_sessions (user_id) select $1 from generate_series(1, 3)", [ada]),
    );
    expect(await countSessions(db, ada)).toBe(4);
  });

  it("gives the last place to one of two sessions that are started at once", async () => {
    await start(ada);
    const id = randomUUID();
    const outcomes = await interleave(db, "lock table wizard_session_revisions", [
      () => start(ada, id),
      () => start(ada),
    ]);
    expect(outcomes).toEqual([expect.objectContaining({ rowCount: 1 }), expect.objectContaining({ refused: "WZ429" })]);
    expect(await countSessions(db, ada)).toBe(2);
    expect(await storedSession(db, id)).toMatchObject({ user_id: ada });
  });

  it("returns the same session to two calls at once that start it in the last place", async () => {
    await start(ada);
    const id = randomUUID();
    const done = expect.objectContaining({ rowCount: 1 });
    const hold = "lock table wizard_session_revisions";
    expect(await interleave(db, hold, [() => start(ada, id), () => start(ada, id)])).toEqual([done, done]);
    expect(await countSessions(db, ada)).toBe(2);
  });
});

describe("the quota of stored bytes", () => {
  /** Text that does not compress well. */
  const noise = (bytes: number) => Array.from({ length: bytes / 32 }, () => randomUUID().replaceAll("-", "")).join("");
  const sizes = async (sub: string) => {
    const { rows } = await db.root.query<{ session_id: string; bytes: number }>(
      "select session_id, bytes::int from app_private.wizard_session_sizes where user_id = $1 order by session_id",
      [sub],
    );
    return rows;
  };
  const bytesOf = async (id: string) => {
    const { rows } = await db.root.query<{ bytes: number }>(
      `select (pg_column_size(state) + (
         select sum(200 + pg_column_size(patch) + coalesce(pg_column_size(snapshot), 0))
           from wizard_session_revisions where session_id = id
       ))::int as bytes from wizard_sessions where id = $1`,
      [id],
    );
    return singleRow(rows).bytes;
  };
  const saveTimes = async (id: string, from: number, to: number, value: (revision: number) => unknown) => {
    for (let base = from; base < to; base++) await save(db, ada, { id, base, patch: { a: value(base) } });
  };

  it("counts states and history as stored: at the start, at checkpoints and with large patches", async () => {
    const { id } = await startSession(db, ada, { state: { a: noise(8000) } });
    const atStart = await bytesOf(id);
    expect(atStart).toBeGreaterThan(3 * 4000);
    expect(await sizes(ada)).toEqual([{ session_id: id, bytes: atStart }]);
    await saveTimes(id, 0, 1, () => "small");
    expect(await sizes(ada)).toEqual([{ session_id: id, bytes: atStart }]);
    await saveTimes(id, 1, 2, () => noise(20_000));
    expect(await sizes(ada)).toEqual([{ session_id: id, bytes: await bytesOf(id) }]);
    await saveTimes(id, 2, 50, (revision) => revision);
    expect(await revisionNumbers(db, id)).toHaveLength(51);
    expect(await sizes(ada)).toEqual([{ session_id: id, bytes: await bytesOf(id) }]);
  });

  it("refuses a session that is started above it, and a checkpoint; the acknowledged saves stay", async () => {
    const { id } = await startSession(db, ada, { state: { a: noise(8000) } });
    await saveTimes(id, 0, 49, (revision) => revision);
    const before = await storedSession(db, id);
    await setQuotas("stored_bytes = 5000");
    const refused = { code: "WZ429", quota: "STORED_BYTES", limit: 5000, used: expect.any(Number) };
    const checkpoint = await refusedQuota(save(db, ada, { id, base: 49, patch: { a: "checkpoint" } }));
    expect(checkpoint).toMatchObject(refused);
    expect(checkpoint.used).toBeGreaterThan(5000);
    expect(checkpoint.message).toMatch(/^Your drafts and their history take [\d.]+ MB; the limit is 0\.0 MB\. Delete/);
    expect(await refusedQuota(start(ada))).toMatchObject(refused);
    const large = save(db, ada, { id, base: 49, patch: { b: noise(20_000) } });
    expect(await refusedQuota(large)).toMatchObject(refused);
    expect(await storedSession(db, id)).toEqual(before);
    expect(await revisionNumbers(db, id)).toHaveLength(50);
    expect(await countSessions(db, ada)).toBe(1);
    await start(ben);
  });

  it("allows one more session up to it exactly", async () => {
    const { id } = await startSession(db, ada);
    const bytes = await bytesOf(id);
    await setQuotas(`stored_bytes = ${2 * bytes}`);
    await start(ada);
    expect(await refusedQuota(start(ada))).toMatchObject({ used: 3 * bytes, limit: 2 * bytes });
  });

  it("allows to complete, abandon and delete sessions above it, which makes room", async () => {
    const { id } = await startSession(db, ada, { state: { a: noise(20_000) } });
    const { id: other } = await startSession(db, ada);
    const state = completeState();
    const { id: ready } = await startSession(db, ada, { state });
    await setQuotas("stored_bytes = 20000");
    expect(await complete(db, ada, { id: ready, base: 0, answers: state })).toMatchObject({ status: "completed" });
    await update(db, ada, other, { status: "abandoned" });
    expect(await refusedQuota(start(ada))).toMatchObject({ code: "WZ429", quota: "STORED_BYTES" });
    await asUser(ada, "delete from wizard_sessions where id = $1", id);
    await start(ada);
    expect((await sizes(ada)).map(({ session_id }) => session_id)).not.toContain(id);
  });

  it("does not apply to a back end or the sweep, whose writes count", async () => {
    const { id } = await startSession(db, ada, { state: { a: noise(8000) } });
    await setQuotas("stored_bytes = 1000");
    await db.asService((client) =>
      client.query("update wizard_sessions set state = $2 where id = $1", [id, { a: noise(30_000) }]),
    );
    expect(await sizes(ada)).toEqual([{ session_id: id, bytes: await bytesOf(id) }]);
    await db.root.query("update wizard_sessions set status = 'abandoned' where id = $1", [id]);
    // A null makes the revision a checkpoint, at which the bytes are counted again.
    await db.root.query("update wizard_sessions set state = '{\"none\": null}' where id = $1", [id]);
    expect(await sizes(ada)).toEqual([{ session_id: id, bytes: await bytesOf(id) }]);
  });

  it.each([
    ["completed", completeState()],
    ["abandoned", {}],
  ])("refuses a large state that comes with the status %s", async (status, answers) => {
    const { id } = await startSession(db, ada, { state: answers });
    await setQuotas("stored_bytes = 10000");
    const before = [await storedSession(db, id), await history(db, id)];
    expect(
      await refusedQuota(update(db, ada, id, { state: { ...answers, extra: noise(30_000) }, status })),
    ).toMatchObject({
      ...{ code: "WZ429", quota: "STORED_BYTES" },
    });
    expect([await storedSession(db, id), await history(db, id)]).toEqual(before);
  });

  it("refuses a large session that is created as completed", async () => {
    await setQuotas("stored_bytes = 10000");
    const state = { ...completeState(), extra: noise(30_000) };
    expect(await refusedQuota(startSession(db, ada, { status: "completed", state }))).toMatchObject({
      quota: "STORED_BYTES",
    });
    expect(await countSessions(db, ada)).toBe(0);
  });

  it("counts less after history is removed", async () => {
    const { id } = await startSession(db, ada);
    await saveTimes(id, 0, 300, (revision) => `${revision}${noise(64)}`);
    expect((await revisionNumbers(db, id)).length).toBeLessThan(301);
    expect(await sizes(ada)).toEqual([{ session_id: id, bytes: await bytesOf(id) }]);
    await db.root.query(
      "delete from wizard_session_revisions where session_id = $1 and revision between 60 and 90 and snapshot is null",
      [id],
    );
    expect(await sizes(ada)).toEqual([{ session_id: id, bytes: await bytesOf(id) }]);
  });

  it("keeps no size of an erased user", async () => {
    await startSession(db, ada);
    await asUser(ada, "select erase_me($1)", ada);
    expect(await sizes(ada)).toEqual([]);
  });
});

describe("the quota of page addresses", () => {
  beforeEach(() => setQuotas("page_addresses = 1"));
  const terms = { acceptTerms: true };

  it("refuses one more public or unlisted event; the session stays as it was", async () => {
    await publish(db, ada, { publish: { visibility: "unlisted", ...terms } });
    const state = completeState({ publish: { visibility: "public", ...terms } });
    const session = await startSession(db, ada, { state });
    expect(await refusedQuota(complete(db, ada, { id: session.id, base: 0, answers: state }))).toEqual({
      ...{ code: "WZ429", quota: "PAGE_ADDRESSES", limit: 1, used: 1 },
      message: expect.stringMatching(/^You have 1 published events with a page address; the limit is 1\. Unpublish/),
    });
    expect(await storedSession(db, session.id)).toEqual(session);
    expect(await countEvents(db, ada)).toBe(1);
  });

  it("allows private events, other users, and events that are published again", async () => {
    await publish(db, ada, { publish: { visibility: "private", ...terms } });
    const first = completeState({ publish: { visibility: "public", ...terms } });
    const { id: event } = await publish(db, ada, { publish: first.publish, page: first.page });
    await publish(db, ada, { publish: { visibility: "private", ...terms } });
    await publish(db, ben, { publish: { visibility: "public", ...terms } });
    // The operator lowered the quota.
    await setQuotas("page_addresses = 0");
    const { id } = await startSession(db, ada, { event_id: event, state: first });
    expect(await complete(db, ada, { id, base: 0, answers: first })).toMatchObject({ event_id: event });
  });

  it("allows another event after one was unpublished", async () => {
    const { id } = await publish(db, ada, { publish: { visibility: "public", ...terms } });
    await asUser(ada, "select unpublish_event($1)", id);
    const next = await publish(db, ada, { publish: { visibility: "public", ...terms } });
    expect(await storedEvent(db, next.id)).toMatchObject({ status: "published" });
  });

  it("gives the last address to one of two sessions that are completed at once", async () => {
    const states = [completeState(), completeState()];
    const sessions = [];
    for (const state of states) sessions.push({ ...(await startSession(db, ada, { state })), state });
    const outcomes = await interleave(
      db,
      "lock table event_private_details",
      sessions.map(
        ({ id, state }) =>
          () =>
            complete(db, ada, { id, base: 0, answers: state }),
      ),
    );
    expect(outcomes).toEqual([
      expect.objectContaining({ status: "completed" }),
      expect.objectContaining({ refused: "WZ429" }),
    ]);
    expect(await countEvents(db, ada)).toBe(1);
  });
});
