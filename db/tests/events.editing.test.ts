import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { complete, countEvents, publish, storedEvent } from "../../testkit/events.ts";
import { createEvent, type SessionRow, singleRow, startSession, storedSession } from "../../testkit/rows.ts";
import { save, update } from "../../testkit/saving.ts";

const db = useTestDatabase();
let ada: string;
let event: string;
beforeEach(async () => {
  ada = randomUUID();
  event = (await publish(db, ada)).id;
});

const asAda = (statement: string, ...values: unknown[]) => db.asUser(ada, (client) => client.query(statement, values));
const start = (id: string, eventId: string) => asAda("select start_wizard_session($1, $2)", id, eventId);
const deleteEvent = async () => {
  await asAda("select unpublish_event($1)", event);
  await asAda("delete from events where id = $1", event);
};
const revisionOf = async (id = event) => Number((await storedEvent(db, id))?.revision);
const detailOf = async (attempt: Promise<unknown>) => {
  const { code, detail = "" } = await refusal(attempt);
  return { code, ...JSON.parse(detail) };
};

/** A session that edits the event, with these changes on top of the event's answers. */
async function editing(patch: object = {}): Promise<string> {
  const id = randomUUID();
  await start(id, event);
  await save(db, ada, { id, base: 0, patch: { publish: { acceptTerms: true }, ...patch } });
  return id;
}

interface Finishing {
  readonly eventRevision?: number;
  readonly asNewEvent?: boolean;
}

/** Completes a session with what it publishes, as the API does. */
async function finish(id: string, { eventRevision, asNewEvent = false }: Finishing = {}): Promise<SessionRow> {
  const { rows } = await asAda(
    `select to_jsonb(complete_wizard_session($1, s.revision, app_private.answers_to_publish($1, $2, $3), $2, $3)) as row
       from wizard_sessions s where s.id = $1`,
    id,
    eventRevision ?? null,
    asNewEvent,
  );
  return singleRow(rows as { row: SessionRow }[]).row;
}

async function baseOf(id: string) {
  const { rows } = await db.root.query(
    "select event_id, answers from wizard_session_event_bases where session_id = $1",
    [id],
  );
  return rows[0];
}

describe("starting a session for an event", () => {
  it("returns the session when it exists, also after the event was deleted", async () => {
    const id = randomUUID();
    await start(id, event);
    await deleteEvent();
    const before = await storedSession(db, id);
    expect(await start(id, event)).toMatchObject({ rowCount: 1 });
    expect(await storedSession(db, id)).toEqual(before);
    expect(before).toMatchObject({ event_id: null });
  });

  it("is refused for a new session when the event does not exist", async () => {
    const id = randomUUID();
    expect(await refusal(start(id, randomUUID()))).toMatchObject({ code: "42501" });
    expect(await storedSession(db, id)).toBeUndefined();
  });
});

describe("an event's revision", () => {
  const ticket = `insert into event_tickets (event_id, key, name, kind, quantity) values ($1, 'extra', 'Extra', 'free', 1)`;
  it.each([
    ["the event is updated by its owner", (id: string) => asAda("update events set title = 'A' where id = $1", id)],
    [
      "the event is updated by a superuser",
      (id: string) => db.root.query("update events set slug = 'abc' where id = $1", [id]),
    ],
    ["a ticket is added", (id: string) => db.root.query(ticket, [id])],
    [
      "a ticket is changed",
      (id: string) => db.root.query("update event_tickets set quantity = 1 where event_id = $1", [id]),
    ],
    ["a ticket is removed", (id: string) => db.root.query("delete from event_tickets where event_id = $1", [id])],
    [
      "its private details are changed",
      (id: string) =>
        db.root.query("update event_private_details set organizer_email = null where event_id = $1", [id]),
    ],
    ["a session that edits it is completed", async () => finish(await editing())],
  ])("increases when %s", async (_, change) => {
    const other = (await publish(db, ada)).id;
    const [before, unchanged] = [await revisionOf(), await revisionOf(other)];
    await change(event);
    expect(await revisionOf()).toBeGreaterThan(before);
    expect(await revisionOf(other)).toBe(unchanged);
  });

  it("is compared when an update names it", async () => {
    const revision = await revisionOf();
    const rename = (named: number | null) =>
      asAda("update events set title = 'Winter party', revision = $2 where id = $1", event, named);
    expect(await detailOf(rename(revision - 1))).toEqual({ code: "WZ409", currentRevision: revision });
    expect(await refusal(rename(null))).toMatchObject({ code: "23502" });
    expect(await storedEvent(db, event)).toMatchObject({ title: "Summer party", revision });
    await rename(revision);
    expect(await storedEvent(db, event)).toMatchObject({ title: "Winter party", revision: revision + 1 });
  });
});

describe("a session's base", () => {
  it("is what the event was when the session was started for it", async () => {
    const id = await editing({ basics: { title: "Changed" } });
    const { answers } = await baseOf(id);
    expect(answers).toMatchObject({ basics: { title: "Summer party" }, location: { city: "Potsdam" } });
  });

  it("is replaced when another event is attached, and kept when the same one is set again", async () => {
    const id = await editing();
    await asAda("update events set title = 'Winter party' where id = $1", event);
    await update(db, ada, id, { event_id: event });
    expect(await baseOf(id)).toMatchObject({ answers: { basics: { title: "Summer party" } } });
    const other = await createEvent(db, ada);
    await update(db, ada, id, { event_id: other });
    expect(await baseOf(id)).toMatchObject({ event_id: other, answers: { location: {} } });
  });

  it("is removed when the event is detached or the session is completed or deleted", async () => {
    const [detached, completed, deleted] = [await editing(), await editing(), await editing()];
    await update(db, ada, detached, { event_id: null });
    await finish(completed);
    await asAda("delete from wizard_sessions where id = $1", deleted);
    for (const id of [detached, completed, deleted]) expect(await baseOf(id)).toBeUndefined();
  });

  it("is readable for its owner singleRow, and can't be written", async () => {
    const id = await editing();
    const read = "select session_id from wizard_session_event_bases";
    expect((await asAda(read)).rows).toEqual([{ session_id: id }]);
    expect((await db.asUser(randomUUID(), (client) => client.query(read))).rows).toEqual([]);
    expect(await refusal(db.asAnon((client) => client.query(read)))).toMatchObject({ code: "42501" });
    for (const write of ["delete from", "update"]) {
      const statement = `${write} wizard_session_event_bases ${write === "update" ? "set answers = null" : ""}`;
      expect(await refusal(asAda(statement))).toMatchObject({ code: "42501" });
      expect(await refusal(db.asService((client) => client.query(statement)))).toMatchObject({ code: "42501" });
    }
  });
});

describe("completing a session after its event was changed", () => {
  it("writes only what the session changed, and keeps the other changes", async () => {
    const [one, two] = [
      await editing({ basics: { title: "Winter party" } }),
      await editing({ page: { description: "Snow" } }),
    ];
    await finish(one);
    await asAda("update events set ends_at = ends_at + interval '1 hour' where id = $1", event);
    await finish(two);
    expect(await storedEvent(db, event)).toMatchObject({
      title: "Winter party",
      description: "Snow",
      ends_at: "2027-06-19T22:00:00+00:00",
      city: "Potsdam",
    });
  });

  it("merges tickets by field: changed, added and removed ones", async () => {
    const tickets = (changes: object) => ({ tickets: { tickets: changes } });
    const added = { name: "Late", kind: "free", quantity: 3 };
    const one = await editing(tickets({ child: { quantity: 31 }, friend: null }));
    const two = await editing(tickets({ child: { name: "Under 12" }, late: added }));
    await finish(one);
    await finish(two);
    expect(await storedEvent(db, event)).toMatchObject({
      tickets: [
        { key: "3f0e8a52-6c1d-4b7a-9e2f-5d8c7b6a1f04" },
        { key: "child", name: "Under 12", quantity: 31 },
        { key: "late", name: "Late", quantity: 3 },
      ],
    });
  });

  it("is refused where both changed the same field, and writes nothing", async () => {
    const [one, two] = [
      await editing({ basics: { title: "Winter party" } }),
      await editing({ basics: { title: "Spring party", summary: "Flowers." } }),
    ];
    await finish(one);
    const [before, session] = [await storedEvent(db, event), await storedSession(db, two)];
    expect(await detailOf(finish(two))).toEqual({
      code: "WZ414",
      conflicts: [{ pointer: "/basics/title", base: "Summer party", yours: "Spring party", theirs: "Winter party" }],
      eventRevision: await revisionOf(),
    });
    expect(await storedEvent(db, event)).toEqual(before);
    expect(await storedSession(db, two)).toEqual(session);
  });

  it("is refused where one removed a ticket that the other changed", async () => {
    const [one, two] = [
      await editing({ tickets: { tickets: { child: null } } }),
      await editing({ tickets: { tickets: { child: { maxPerOrder: 2 } } } }),
    ];
    await finish(one);
    const child = { name: "Child", kind: "free", quantity: 30 };
    expect(await detailOf(finish(two))).toMatchObject({
      code: "WZ414",
      conflicts: [
        { pointer: "/tickets/tickets/child", base: child, yours: { ...child, maxPerOrder: 2 }, theirs: null },
      ],
    });
  });

  it("succeeds where both made the same change, or wrote a time in another notation", async () => {
    const [one, two] = [
      await editing({ basics: { title: "Winter party" }, schedule: { endsAt: "2027-06-19T22:30:00Z" } }),
      await editing({
        basics: { title: "Winter party", summary: null },
        schedule: { endsAt: "2027-06-20T00:30:00+02:00", startsAt: "2027-06-19T18:00:00+02:00" },
        page: { description: "Snow" },
      }),
    ];
    await finish(one);
    await asAda("update events set starts_at = starts_at + interval '5 minutes' where id = $1", event);
    await finish(two);
    expect(await storedEvent(db, event)).toMatchObject({
      ...{ title: "Winter party", summary: null, description: "Snow" },
      ...{ starts_at: "2027-06-19T16:05:00+00:00", ends_at: "2027-06-19T22:30:00+00:00" },
    });
  });

  it("overwrites the event's values when the user has seen them: at the event revision that the conflict named", async () => {
    const id = await editing({ basics: { title: "Spring party" } });
    await asAda("update events set title = 'Winter party', ends_at = ends_at + interval '1 hour' where id = $1", event);
    const eventRevision = await revisionOf();
    await asAda("update events set title = 'Autumn party' where id = $1", event);
    expect(await detailOf(finish(id, { eventRevision }))).toMatchObject({
      conflicts: [{ theirs: "Autumn party" }],
      eventRevision: eventRevision + 1,
    });
    await finish(id, { eventRevision: eventRevision + 1 });
    expect(await storedEvent(db, event)).toMatchObject({
      title: "Spring party",
      ends_at: "2027-06-19T22:00:00+00:00",
    });
  });

  it("succeeds when the session took over the event's value", async () => {
    const id = await editing({ basics: { title: "Spring party" } });
    await asAda("update events set title = 'Winter party' where id = $1", event);
    await save(db, ada, { id, base: 1, patch: { basics: { title: "Winter party" } } });
    await finish(id);
    expect(await storedEvent(db, event)).toMatchObject({ title: "Winter party" });
  });

  it("is refused with the session's own answers, which would undo the other changes", async () => {
    const id = await editing({ page: { description: "Snow" } });
    const session = await storedSession(db, id);
    await asAda("update events set title = 'Winter party' where id = $1", event);
    const own = complete(db, ada, { id, base: 1, answers: session?.state });
    expect(await detailOf(own)).toEqual({ code: "WZ400", field: "answers" });
    expect(await storedEvent(db, event)).toMatchObject({
      title: "Winter party",
      description: expect.not.stringMatching("Snow"),
    });
  });

  it("does not fail over a time that does not exist", async () => {
    const id = await editing({ schedule: { doorsAt: "2027-02-31T10:00:00Z" } });
    await asAda("update events set starts_at = starts_at + interval '5 minutes' where id = $1", event);
    const { rows } = await asAda("select app_private.answers_to_publish($1) #>> '{schedule,doorsAt}' as at", id);
    expect(rows).toEqual([{ at: "2027-02-31T10:00:00Z" }]);
  });

  it("is not possible for another user", async () => {
    const id = await editing();
    const ben = db.asUser(randomUUID(), (client) =>
      client.query("select app_private.answers_to_publish($1) as a", [id]),
    );
    expect((await ben).rows).toEqual([{ a: null }]);
  });
});

describe("completing a session after its event was deleted", () => {
  it("is refused, and publishes nothing", async () => {
    const id = await editing();
    await deleteEvent();
    expect(await detailOf(finish(id))).toEqual({ code: "WZ410", eventId: event });
    expect(await countEvents(db, ada)).toBe(0);
    expect(await storedSession(db, id)).toMatchObject({ status: "in_progress" });
  });

  it("publishes a new event when the client asks for one", async () => {
    const id = await editing();
    await deleteEvent();
    const { event_id } = await finish(id, { asNewEvent: true });
    expect(event_id).not.toBe(event);
    expect(await storedEvent(db, event_id)).toMatchObject({ title: "Summer party", status: "published" });
  });

  it("publishes a new event when the session was detached before", async () => {
    const id = await editing({ page: { slug: "another-party" } });
    await update(db, ada, id, { event_id: null });
    await deleteEvent();
    expect(await finish(id)).toMatchObject({ status: "completed" });
  });

  it("keeps the event's id when the event still exists, whatever the client asks for", async () => {
    expect(await finish(await editing(), { asNewEvent: true })).toMatchObject({ event_id: event });
  });
});

it("a session without an event publishes its own state, without a base", async () => {
  const { id } = await startSession(db, ada, { state: { basics: { title: "New" } } });
  expect(await baseOf(id)).toBeUndefined();
  const { rows } = await asAda("select app_private.answers_to_publish($1) as answers", id);
  expect(rows).toEqual([{ answers: { basics: { title: "New" } } }]);
});
