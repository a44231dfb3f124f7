import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { inTransaction, useTestDatabase } from "../../testkit/database.ts";
import { complete as completeSession, publish } from "../../testkit/events.ts";
import { interleave } from "../../testkit/locks.ts";
import { countSessions, startSession } from "../../testkit/rows.ts";
import { save, update } from "../../testkit/saving.ts";

const db = useTestDatabase();
const done = expect.objectContaining({ rowCount: 1 });
const completed = expect.objectContaining({ status: "completed" });

let ada: string;
let event: string;
beforeEach(async () => {
  ada = randomUUID();
  event = (await publish(db, ada)).id;
  // A published event can't be deleted.
  await db.root.query("update events set status = 'draft' where id = $1", [event]);
});

type Action = () => Promise<unknown>;
const asAda = (statement: string, ...values: unknown[]) => db.asUser(ada, (client) => client.query(statement, values));

const erase: Action = () => asAda("select erase_me($1)", ada);
const eraseOneSession: Action = () => asAda("select erase_me($1, 1)", ada);
const deleteEvent: Action = () => asAda("delete from events where id = $1", event);
const deleteProfile: Action = () => db.asService((client) => client.query("delete from profiles where id = $1", [ada]));
const updateEvent: Action = () => asAda("update events set title = 'Winter party' where id = $1", event);
const start =
  (id = randomUUID(), eventId: string | null = null): Action =>
  () =>
    asAda("select start_wizard_session($1, $2)", id, eventId);

/** A session that edits the event, and its completion. */
async function editing(): Promise<{ readonly id: string; readonly complete: Action }> {
  const id = randomUUID();
  await start(id, event)();
  const { session } = await save(db, ada, { id, base: 0, patch: { publish: { acceptTerms: true } } });
  return { id, complete: () => completeSession(db, ada, { id, base: 1, answers: session.state }) };
}

/** The row lock at which each of these waits, with the locks that it has until then: it deletes the event's tickets. */
const holdTickets = () => `select from event_tickets where event_id = '${event}' for update`;
/** erase_me counts the user's revisions after it has locked the profile; a new session writes its first one. */
const holdRevisions = () => "lock table wizard_session_revisions";

/** erase_me has locked the profile when it waits for the event. */
const holdEvent = (strength: string) => `select from events where id = '${event}' for ${strength}`;

describe("two completions of sessions on one event", () => {
  it("are executed one after the other", async () => {
    const [one, two] = [await editing(), await editing()];
    expect(await interleave(db, holdTickets(), [one.complete, two.complete])).toEqual([completed, completed]);
  });
});

describe("completing a session", () => {
  it("finishes before its event is deleted, when it was first, and the published event is kept", async () => {
    const { complete } = await editing();
    const outcomes = await interleave(db, holdTickets(), [complete, deleteEvent]);
    expect(outcomes).toEqual([completed, expect.objectContaining({ refused: "WZ424" })]);
  });

  it("is EVENT_DELETED after its event is deleted", async () => {
    const { complete } = await editing();
    const outcomes = await interleave(db, holdTickets(), [deleteEvent, complete]);
    expect(outcomes).toEqual([done, expect.objectContaining({ refused: "WZ410" })]);
  });

  it("finishes before its event is updated, when it was first", async () => {
    const { complete } = await editing();
    expect(await interleave(db, holdTickets(), [complete, updateEvent])).toEqual([completed, done]);
  });

  it.each([
    ["erases the data", erase],
    ["deletes the profile", deleteProfile],
  ])("finishes before another transaction %s, when it was first", async (_, remove) => {
    const { complete } = await editing();
    expect(await interleave(db, holdTickets(), [complete, remove])).toEqual([completed, done]);
    expect(await countSessions(db, ada)).toBe(0);
  });

  it.each([
    ["erases the data", erase],
    ["deletes the profile", deleteProfile],
  ])("is NOT_FOUND after another transaction %s", async (_, remove) => {
    const { complete } = await editing();
    const outcomes = await interleave(db, holdTickets(), [remove, complete]);
    expect(outcomes).toEqual([done, expect.objectContaining({ refused: "WZ404" })]);
    expect(await countSessions(db, ada)).toBe(0);
  });

  it("finishes before another session of its event is inserted, when it was first", async () => {
    const { id, complete } = await editing();
    const insert = () => asAda("insert into wizard_sessions (event_id) values ($1)", event);
    const hold = `select from wizard_sessions where id = '${id}' for update`;
    expect(await interleave(db, hold, [complete, insert])).toEqual([completed, done]);
  });

  it("finishes before its session is deleted, when it was first", async () => {
    const { id, complete } = await editing();
    const deleteSession = () => asAda("delete from wizard_sessions where id = $1", id);
    expect(await interleave(db, holdTickets(), [complete, deleteSession])).toEqual([completed, done]);
  });

  it("is NOT_FOUND after its session is deleted", async () => {
    const { id, complete } = await editing();
    const deleteSession = () => asAda("delete from wizard_sessions where id = $1", id);
    const hold = `select from wizard_session_revisions where session_id = '${id}' for update`;
    const outcomes = await interleave(db, hold, [deleteSession, complete]);
    expect(outcomes).toEqual([done, expect.objectContaining({ refused: "WZ404" })]);
  });

  it("is REVISION_CONFLICT after its session was attached to another event", async () => {
    const { id, complete } = await editing();
    const other = (await publish(db, ada)).id;
    const attach = () => update(db, ada, id, { event_id: other });
    const outcomes = await interleave(db, holdRevisions(), [attach, complete]);
    expect(outcomes).toEqual([done, expect.objectContaining({ refused: "WZ409" })]);
  });
});

describe("saving a session", () => {
  it("does not wait for its profile, its event and its base", async () => {
    const { id } = await editing();
    await inTransaction(db.root, async (client) => {
      await client.query("select from profiles where id = $1 for update", [ada]);
      await client.query("select from events where owner_id = $1 for update", [ada]);
      await client.query("select from wizard_session_event_bases where session_id = $1 for update", [id]);
      const { outcome } = await save(db, ada, { id, base: 1, patch: { basics: { title: "Saved" } }, stage: 2 });
      expect(outcome).toBe("SAVED");
    });
  });
});

describe("erasing a part of the sessions", () => {
  it("waits for a session that is being completed", async () => {
    const { complete } = await editing();
    await start()();
    expect(await interleave(db, holdTickets(), [complete, eraseOneSession])).toEqual([completed, done]);
    expect(await countSessions(db, ada)).toBe(2);
  });

  it("makes completing wait, which then succeeds or is NOT_FOUND", async () => {
    // Only the two sessions below can be the erased one.
    await asAda("delete from wizard_sessions");
    const [one, two] = [await editing(), await editing()];
    const outcomes = await interleave(db, holdRevisions(), [eraseOneSession, one.complete, two.complete]);
    expect(outcomes).toEqual([done, expect.anything(), expect.anything()]);
    expect(outcomes).toEqual(expect.arrayContaining([completed, expect.objectContaining({ refused: "WZ404" })]));
  });

  it("makes starting a session wait", async () => {
    await start()();
    expect(await interleave(db, holdRevisions(), [eraseOneSession, start()])).toEqual([done, done]);
    expect(await countSessions(db, ada)).toBe(2);
  });
});

describe("erasing the data while an event is deleted", () => {
  it.each([
    ["erasing is first", [erase, deleteEvent], [done, expect.objectContaining({ rowCount: 0 })]],
    ["deleting is first", [deleteEvent, erase], [done, done]],
  ])("succeeds when %s", async (_, actions, outcomes) => {
    await editing();
    expect(await interleave(db, holdTickets(), actions)).toEqual(outcomes);
    expect(await countSessions(db, ada)).toBe(0);
  });
});

describe("starting a session while the data is erased", () => {
  it("waits, and then creates a new profile", async () => {
    expect(await interleave(db, holdRevisions(), [erase, start()])).toEqual([done, done]);
    expect(await countSessions(db, ada)).toBe(1);
  });

  it("has its session erased when it was first", async () => {
    expect(await interleave(db, holdRevisions(), [start(), erase])).toEqual([done, done]);
    expect(await countSessions(db, ada)).toBe(0);
  });

  it("does not deadlock when two sessions are started, which wait for each other because of the quota", async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    expect(await interleave(db, holdRevisions(), [start(first), erase, start(second)])).toEqual([done, done, done]);
    expect(await interleave(db, holdRevisions(), [start(), start(), erase])).toEqual([done, done, done]);
  });

  it.each([
    ["the event is already locked", holdTickets],
    // The lock is compatible with that of `start`, which would be granted at once.
    ["only the profile is locked", () => holdEvent("share")],
  ])("waits, and is refused when it is for an event that is erased, when %s", async (_, hold) => {
    const outcomes = await interleave(db, hold(), [erase, start(randomUUID(), event)]);
    expect(outcomes).toEqual([done, expect.objectContaining({ refused: "42501" })]);
  });

  it("has its session erased when it is for an event and was first", async () => {
    expect(await interleave(db, holdRevisions(), [start(randomUUID(), event), erase])).toEqual([done, done]);
    expect(await countSessions(db, ada)).toBe(0);
  });
});

describe("copying an event while the data is erased", () => {
  it("waits, and is NOT_FOUND: the copy would keep erased answers", async () => {
    const duplicate = () => asAda("select duplicate_event($1, $2)", randomUUID(), event);
    const outcomes = await interleave(db, holdTickets(), [erase, duplicate]);
    expect(outcomes).toEqual([done, expect.objectContaining({ refused: "WZ404" })]);
    expect(await countSessions(db, ada)).toBe(0);
  });
});

describe("starting a session for an event while the event is deleted or updated", () => {
  it("waits, and is refused", async () => {
    const outcomes = await interleave(db, holdTickets(), [deleteEvent, start(randomUUID(), event)]);
    expect(outcomes).toEqual([done, expect.objectContaining({ refused: "42501" })]);
  });

  it("makes an update of the event wait, so that the session's state and its base are equal", async () => {
    const id = randomUUID();
    expect(await interleave(db, holdRevisions(), [start(id, event), updateEvent])).toEqual([done, done]);
    const { rows } = await db.root.query(
      `select s.state = b.answers as equal, s.state #>> '{basics,title}' as title
         from wizard_sessions s join wizard_session_event_bases b on b.session_id = s.id where s.id = $1`,
      [id],
    );
    expect(rows).toEqual([{ equal: true, title: "Summer party" }]);
  });

  it("succeeds when it was first, and its session loses the event", async () => {
    const id = randomUUID();
    expect(await interleave(db, holdRevisions(), [start(id, event), deleteEvent])).toEqual([done, done]);
    const { rows } = await db.root.query("select event_id from wizard_sessions where id = $1", [id]);
    expect(rows).toEqual([{ event_id: null }]);
  });
});

describe("attaching an event to a session", () => {
  it.each([
    ["erasing is first", (attach: Action) => [erase, attach], [done, expect.objectContaining({ rowCount: 0 })]],
    ["attaching is first", (attach: Action) => [attach, erase], [done, done]],
  ])("while the data is erased succeeds or finds no session when %s", async (_, order, outcomes) => {
    const { id } = await startSession(db, ada);
    const attach = () => update(db, ada, id, { event_id: event });
    expect(await interleave(db, holdEvent("update"), order(attach))).toEqual(outcomes);
    expect(await countSessions(db, ada)).toBe(0);
  });

  it("while the event is deleted is undone by the deletion when it was first", async () => {
    const { id } = await startSession(db, ada);
    const attach = () => update(db, ada, id, { event_id: event });
    expect(await interleave(db, holdRevisions(), [attach, deleteEvent])).toEqual([done, done]);
  });
});
