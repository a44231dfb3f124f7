import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { countEvents } from "../../testkit/events.ts";
import { countSessions, createEvent, startSession, storedSession } from "../../testkit/rows.ts";
import { COMPLETE_STATE } from "../../wizard/testing/completeState.ts";

const db = useTestDatabase();

async function storedProfiles(...ids: string[]) {
  const { rows } = await db.root.query("select id, display_name from profiles where id = any($1)", [ids]);
  return rows;
}

describe("the user of a session", () => {
  it("must have a profile", async () => {
    const unknown = randomUUID();
    const attempt = db.asService((client) =>
      client.query("insert into wizard_sessions (user_id) values ($1)", [unknown]),
    );
    expect(await refusal(attempt)).toMatchObject({ code: "23503", constraint: "wizard_sessions_user_id_fkey" });
    expect(await countSessions(db, unknown)).toBe(0);
  });

  it("can be any user with a profile if service_role inserts the session", async () => {
    const { user_id } = await startSession(db, randomUUID());
    await db.asService((client) => client.query("insert into wizard_sessions (user_id) values ($1)", [user_id]));
    expect(await countSessions(db, user_id)).toBe(2);
  });

  it("loses all sessions and events when the profile is deleted, but other users do not", async () => {
    const [ada, ben] = [randomUUID(), randomUUID()];
    for (const user of [ada, ben]) {
      await startSession(db, user, { event_id: await createEvent(db, user) });
      await startSession(db, user, { status: "completed" });
    }
    await db.asService((client) => client.query("delete from profiles where id = $1", [ada]));
    expect([await countSessions(db, ada), await countEvents(db, ada)]).toEqual([0, 0]);
    expect([await countSessions(db, ben), await countEvents(db, ben)]).toEqual([2, 1]);
    expect(await storedProfiles(ada, ben)).toEqual([{ id: ben, display_name: null }]);
  });
});

describe("the owner of an event", () => {
  it("must have a profile", async () => {
    const unknown = randomUUID();
    const attempt = db.asService((client) =>
      client.query("insert into events (owner_id, title) values ($1, 'Summer party')", [unknown]),
    );
    expect(await refusal(attempt)).toMatchObject({ code: "23503", constraint: "events_owner_id_fkey" });
    expect(await countEvents(db, unknown)).toBe(0);
  });
});

describe("the event of a session", () => {
  it("must exist", async () => {
    const session = await startSession(db, randomUUID());
    const insert = db.asService((client) =>
      client.query("insert into wizard_sessions (user_id, event_id) values ($1, $2)", [session.user_id, randomUUID()]),
    );
    expect(await refusal(insert)).toMatchObject({ code: "23503", constraint: "wizard_sessions_event_id_fkey" });
    const update = db.asService((client) =>
      client.query("update wizard_sessions set event_id = $2 where id = $1", [session.id, randomUUID()]),
    );
    expect(await refusal(update)).toMatchObject({ code: "23503", constraint: "wizard_sessions_event_id_fkey" });
    expect(await countSessions(db, session.user_id)).toBe(1);
    expect(await storedSession(db, session.id)).toEqual(session);
  });

  it("can be set and removed by the user of the session, and each counts as a save", async () => {
    const ada = randomUUID();
    const event = await createEvent(db, ada);
    const { id } = await startSession(db, ada);
    const attach = (eventId: string | null) =>
      db.asUser(ada, (client) => client.query("update wizard_sessions set event_id = $2 where id = $1", [id, eventId]));
    await attach(event);
    expect(await storedSession(db, id)).toMatchObject({ event_id: event, revision: 1 });
    await attach(null);
    expect(await storedSession(db, id)).toMatchObject({ event_id: null, revision: 2 });
  });

  it.each(["in_progress", "abandoned", "completed"])(
    "becomes null when the event is deleted, without counting as a save, if the session is %s",
    async (status) => {
      const ada = randomUUID();
      const [event, otherEvent] = [await createEvent(db, ada), await createEvent(db, ada)];
      const session = await startSession(db, ada, { event_id: event, status, state: COMPLETE_STATE });
      const other = await startSession(db, ada, { event_id: otherEvent, status });

      await db.asUser(ada, (client) => client.query("delete from events where id = $1", [event]));

      expect(await storedSession(db, session.id)).toEqual({ ...session, event_id: null });
      expect(await storedSession(db, other.id)).toEqual(other);
    },
  );

  it("becomes null when service_role deletes the event", async () => {
    const ada = randomUUID();
    const event = await createEvent(db, ada);
    const session = await startSession(db, ada, { event_id: event, status: "completed" });
    await db.asService((client) => client.query("delete from events where id = $1", [event]));
    expect(await storedSession(db, session.id)).toEqual({ ...session, event_id: null });
  });

  it("stays when the session is deleted", async () => {
    const ada = randomUUID();
    const session = await startSession(db, ada, { event_id: await createEvent(db, ada) });
    await db.asUser(ada, (client) => client.query("delete from wizard_sessions where id = $1", [session.id]));
    expect(await storedSession(db, session.id)).toBeUndefined();
    expect(await countEvents(db, ada)).toBe(1);
  });
});

describe("a profile", () => {
  it("is created with the first session of its user", async () => {
    const ada = randomUUID();
    expect(await storedProfiles(ada)).toEqual([]);
    await startSession(db, ada);
    expect(await storedProfiles(ada)).toEqual([{ id: ada, display_name: null }]);
  });

  it("is created with the first event of its user", async () => {
    const ada = randomUUID();
    await createEvent(db, ada);
    expect(await storedProfiles(ada)).toEqual([{ id: ada, display_name: null }]);
  });

  it("is not changed by later sessions and events", async () => {
    const ada = randomUUID();
    await startSession(db, ada);
    await db.asUser(ada, (client) => client.query("update profiles set display_name = 'Ada'"));
    await startSession(db, ada);
    await createEvent(db, ada);
    expect(await storedProfiles(ada)).toEqual([{ id: ada, display_name: "Ada" }]);
  });

  it("is not created when service_role inserts a row for a user, neither for that user nor for itself", async () => {
    const [caller, ada, unknown] = [randomUUID(), randomUUID(), randomUUID()];
    await startSession(db, ada);
    await db.asService(async (client) => {
      const claims = JSON.stringify({ sub: caller, role: "service_role" });
      await client.query("select set_config('request.jwt.claims', $1, true)", [claims]);
      await client.query("insert into wizard_sessions (user_id) values ($1)", [ada]);
      await client.query("insert into events (owner_id, title) values ($1, 'Summer party')", [ada]);
      // If the insert created a profile, it would satisfy the foreign key.
      for (const statement of [
        "insert into wizard_sessions (user_id) values ($1)",
        "insert into events (owner_id, title) values ($1, 'Summer party')",
      ]) {
        await client.query("savepoint before_refusal");
        expect(await refusal(client.query(statement, [unknown]))).toMatchObject({ code: "23503" });
        await client.query("rollback to savepoint before_refusal");
      }
    });
    expect(await storedProfiles(caller, unknown)).toEqual([]);
    expect([await countSessions(db, ada), await countEvents(db, ada)]).toEqual([2, 1]);
  });

  it("can't be inserted by its user", async () => {
    const ada = randomUUID();
    const attempt = db.asUser(ada, (client) => client.query("insert into profiles (id) values ($1)", [ada]));
    expect(await refusal(attempt)).toMatchObject({ code: "42501" });
    expect(await storedProfiles(ada)).toEqual([]);
  });
});

describe("an update from a trigger that sets event_id to null", () => {
  /** Updates a session from a trigger, as the foreign key does when an event is deleted. */
  const updateFromTrigger = (sub: string, assignments: string, id: string) =>
    db.asUser(sub, async (client) => {
      await client.query(`
        create temporary table push (id uuid) on commit drop;
        create function pg_temp.push() returns trigger language plpgsql as $$
        begin
          update public.wizard_sessions set ${assignments} where id = NEW.id;
          return NEW;
        end $$;
        create trigger push after insert on push for each row execute function pg_temp.push()`);
      await client.query("insert into push values ($1)", [id]);
    });

  it.each([
    ["it writes other columns", "event_id = null, state = '{\"forged\": true}', status = 'in_progress'"],
    ["the event still exists", "event_id = null"],
  ])("is rejected for a completed session when %s", async (_what, assignments) => {
    const ada = randomUUID();
    const event_id = await createEvent(db, ada);
    const { id } = await startSession(db, ada, { event_id, status: "completed" });
    const stored = await storedSession(db, id);
    expect(await refusal(updateFromTrigger(ada, assignments, id))).toMatchObject({ code: "WZ423" });
    expect(await storedSession(db, id)).toEqual(stored);
  });

  it("counts as a save of a session in progress", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { event_id: await createEvent(db, ada) });
    await updateFromTrigger(ada, "event_id = null", id);
    expect(await storedSession(db, id)).toMatchObject({ event_id: null, revision: 1 });
  });
});

describe("service_role", () => {
  it("can't link a session to an event of another user", async () => {
    const [ada, ben] = [randomUUID(), randomUUID()];
    const adasEvent = await createEvent(db, ada);
    const session = await startSession(db, ben);
    const byService = (statement: string, ...values: unknown[]) =>
      refusal(db.asService((client) => client.query(statement, values)));
    const expected = { code: "WZ403", message: "A session can't refer to another user's event." };
    expect(
      await byService("update wizard_sessions set event_id = $1 where id = $2", adasEvent, session.id),
    ).toMatchObject(expected);
    expect(
      await byService("insert into wizard_sessions (user_id, event_id) values ($1, $2)", ben, adasEvent),
    ).toMatchObject(expected);
    expect(await storedSession(db, session.id)).toEqual(session);
  });

  it("can link a session to an event of the same user", async () => {
    const ada = randomUUID();
    const event_id = await createEvent(db, ada);
    const { id } = await startSession(db, ada);
    await db.asService((client) =>
      client.query("update wizard_sessions set event_id = $1 where id = $2", [event_id, id]),
    );
    expect(await storedSession(db, id)).toMatchObject({ event_id });
  });
});
