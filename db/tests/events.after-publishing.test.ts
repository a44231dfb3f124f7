import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { completeState, countEvents, publish, storedEvent } from "../../testkit/events.ts";
import { countSessions, createEvent, singleRow, storedSession } from "../../testkit/rows.ts";
import { save } from "../../testkit/saving.ts";
import { COMPLETE_STATE } from "../../wizard/testing/completeState.ts";

const db = useTestDatabase();
let ada: string;
let ben: string;
let event: string;
let slug: string;
beforeEach(async () => {
  [ada, ben] = [randomUUID(), randomUUID()];
  ({ id: event, slug } = await publish(db, ada, {
    schedule: { timezone: "Europe/Berlin", startsAt: "2999-06-19T18:00:00Z", endsAt: "2999-06-19T23:00:00Z" },
    publish: { visibility: "public", acceptTerms: true },
  }));
});

const as = (sub: string, statement: string, ...values: unknown[]) =>
  db.asUser(sub, (client) => client.query(statement, values));
const asService = (statement: string, ...values: unknown[]) =>
  db.asService((client) => client.query(statement, values));
const statusOf = async (id = event) => (await storedEvent(db, id))?.status;
const setStatus = (status: string) => db.root.query("update events set status = $2 where id = $1", [event, status]);
const isVisible = async () =>
  (await db.asAnon((client) => client.query("select (published_event($1)).id is not null as visible", [slug]))).rows[0]
    ?.visible;
const deleteEvent = () => as(ada, "delete from events where id = $1", event);
const unpublish = (sub: string, id = event) => as(sub, "select to_jsonb(unpublish_event($1)) as event", id);
const cancel = (sub: string, id = event) => as(sub, "select to_jsonb(cancel_event($1)) as event", id);

describe.each([
  ["unpublish_event", "draft", "cancelled"],
  ["cancel_event", "cancelled", "draft"],
])("%s", (name, target, refused) => {
  const call = `select to_jsonb(${name}($1)) as event`;

  it("hides a published event and returns it, also when it is called again", async () => {
    expect(await isVisible()).toBe(true);
    const first = await as(ada, call, event);
    expect(first.rows).toEqual([{ event: expect.objectContaining({ id: event, status: target }) }]);
    expect((await as(ada, call, event)).rows).toEqual(first.rows);
    expect([await statusOf(), await isVisible()]).toEqual([target, false]);
  });

  it(`is refused for an event that is ${refused}`, async () => {
    await setStatus(refused);
    const { code, detail = "" } = await refusal(as(ada, call, event));
    expect({ code, ...JSON.parse(detail) }).toEqual({ code: "WZ424", status: refused.toUpperCase() });
    expect(await statusOf()).toBe(refused);
  });

  it("is refused for another user as for an unknown event, and for anonymous callers", async () => {
    const unknown = await refusal(as(ben, call, randomUUID()));
    expect(unknown).toMatchObject({ code: "WZ404" });
    expect(await refusal(as(ben, call, event))).toMatchObject({ code: "WZ404", message: unknown.message });
    expect(await refusal(db.asAnon((client) => client.query(call, [event])))).toMatchObject({ code: "42501" });
    expect(await statusOf()).toBe("published");
  });

  it("is possible for a trusted back end", async () => {
    await asService(call, event);
    expect(await statusOf()).toBe(target);
  });
});

describe("deleting an event", () => {
  it.each(["its owner", "a trusted back end"])("is refused for %s while it is published", async (caller) => {
    const statement = "delete from events where id = $1";
    const attempt = caller === "its owner" ? deleteEvent() : asService(statement, event);
    expect(await refusal(attempt)).toMatchObject({
      ...{ code: "WZ424", message: "This event is published. Unpublish or cancel it, then delete it." },
      detail: '{"status": "PUBLISHED"}',
    });
    expect(await statusOf()).toBe("published");
  });

  it.each([
    ["unpublished", unpublish],
    ["cancelled", cancel],
  ])("is possible once it is %s, and frees its page address", async (_, hide) => {
    await hide(ada);
    expect(await deleteEvent()).toMatchObject({ rowCount: 1 });
    expect(await publish(db, ben, { page: { ...COMPLETE_STATE.page, slug } })).toMatchObject({ slug });
  });

  it("is part of erasing the owner's data, also while it is published", async () => {
    await as(ada, "select erase_me($1)", ada);
    expect(await statusOf()).toBeUndefined();
  });

  it("changes nothing for another user", async () => {
    await unpublish(ada);
    expect(await as(ben, "delete from events where id = $1", event)).toMatchObject({ rowCount: 0 });
    expect(await statusOf()).toBe("draft");
  });
});

describe("an unpublished event", () => {
  it("is published again by completing a session that edits it", async () => {
    await unpublish(ada);
    await edit({});
    expect([await statusOf(), await isVisible()]).toEqual(["published", true]);
  });
});

describe("duplicate_event", () => {
  const duplicate = (sub: string, id = randomUUID(), eventId = event) =>
    as(sub, "select to_jsonb(duplicate_event($1, $2)) as session", id, eventId);

  it("starts a session with the event's answers, without page address and dates", async () => {
    const state = completeState();
    const { id: full } = await publish(db, ada, { publish: state.publish });
    const id = randomUUID();
    const { rows } = await duplicate(ada, id, full);
    expect(rows).toEqual([{ session: await storedSession(db, id) }]);
    const { slug: _, ...page } = state.page;
    const { acceptTerms: __, publishAt: ___, ...publishing } = COMPLETE_STATE.publish;
    expect(await storedSession(db, id)).toMatchObject({
      user_id: ada,
      event_id: null,
      status: "in_progress",
      revision: 0,
      stage: 1,
    });
    expect((await storedSession(db, id))?.state).toEqual({
      ...{ basics: state.basics, schedule: { timezone: "Europe/Berlin" }, location: state.location, page },
      publish: publishing,
      tickets: {
        currency: "EUR",
        tickets: {
          "3f0e8a52-6c1d-4b7a-9e2f-5d8c7b6a1f04": expect.not.objectContaining({ salesEnd: expect.anything() }),
          child: expect.objectContaining({ name: "Child", quantity: 30 }),
          friend: expect.anything(),
        },
      },
    });
    expect(await countEvents(db, ada)).toBe(2);
  });

  it("starts a session from a draft without tickets and from a cancelled event", async () => {
    const [draft, id] = [await createEvent(db, ada), randomUUID()];
    await duplicate(ada, id, draft);
    expect(await storedSession(db, id)).toMatchObject({ state: { basics: { title: "Summer party" }, tickets: {} } });
    await cancel(ada);
    expect(await duplicate(ada)).toMatchObject({ rowCount: 1 });
  });

  it("returns the same session when it is called again, also after the event was deleted", async () => {
    const id = randomUUID();
    await duplicate(ada, id);
    await save(db, ada, { id, base: 0, patch: { basics: { title: "Copy" } } });
    await unpublish(ada);
    await deleteEvent();
    const { rows } = await duplicate(ada, id);
    expect(singleRow(rows).session).toMatchObject({ id, revision: 1, state: { basics: { title: "Copy" } } });
  });

  it("is refused for another user, although everyone can read the event, and for another user's session id", async () => {
    const bens = randomUUID();
    expect(await refusal(duplicate(ben))).toMatchObject({ code: "WZ404", message: expect.stringContaining("event") });
    await as(ben, "select start_wizard_session($1)", bens);
    expect(await refusal(duplicate(ada, bens))).toMatchObject({
      code: "WZ404",
      message: expect.stringContaining("session"),
    });
    expect([await countSessions(db, ada), await countSessions(db, ben)]).toEqual([1, 1]);
  });

  it("is refused without an id and for anonymous callers", async () => {
    expect(await refusal(as(ada, "select duplicate_event(null, $1)", event))).toMatchObject({ code: "WZ400" });
    const anonymous = db.asAnon((client) => client.query("select duplicate_event($1, $2)", [randomUUID(), event]));
    expect(await refusal(anonymous)).toMatchObject({ code: "42501" });
  });

  it("starts the session for the event's owner when a trusted back end calls it", async () => {
    const id = randomUUID();
    await asService("select duplicate_event($1, $2)", id, event);
    expect(await storedSession(db, id)).toMatchObject({ user_id: ada });
  });
});

/** Edits the event in a new session and completes it. */
async function edit(patch: { readonly publish?: object }, hideEvent = false): Promise<void> {
  const id = randomUUID();
  await as(ada, "select start_wizard_session($1, $2)", id, event);
  const changes = { ...patch, publish: { ...patch.publish, acceptTerms: true } };
  const { session } = await save(db, ada, { id, base: 0, patch: changes });
  const values = [id, JSON.stringify(session.state), hideEvent];
  await as(ada, "select complete_wizard_session($1, 1, $2, hide_event => $3)", ...values);
}

describe("a published event", () => {
  it("can be edited after all its sessions were deleted", async () => {
    await as(ada, "delete from wizard_sessions where event_id = $1", event);
    await edit({});
    expect(await statusOf()).toBe("published");
  });

  const later = { publish: { publishAt: "2999-06-01T00:00:00Z" } };

  it("is not hidden by a later time of publication, unless the client confirms it", async () => {
    const { code, detail = "" } = await refusal(edit(later));
    expect(code).toBe("WZ422");
    expect(JSON.parse(detail)).toEqual({
      problems: [
        { stage: 6, pointer: "/publish/publishAt", code: "hides", message: expect.stringContaining("visible now") },
      ],
    });
    expect(await isVisible()).toBe(true);
    await edit(later, true);
    expect(await isVisible()).toBe(false);
  });

  it.each([
    ["is a draft", () => unpublish(ada)],
    [
      "is not visible yet",
      () => db.root.query("update events set publish_at = '2999-05-01T00:00:00Z' where id = $1", [event]),
    ],
    ["is private", () => db.root.query("update events set visibility = 'private' where id = $1", [event])],
  ])("gets a later time of publication without confirmation when it %s", async (_, prepare) => {
    await prepare();
    await edit(later);
    expect(await storedEvent(db, event)).toMatchObject({ publish_at: "2999-06-01T00:00:00+00:00" });
  });
});
