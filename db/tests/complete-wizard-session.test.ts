import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { complete, completeOn, completeState, countEvents, publish, storedEvent } from "../../testkit/events.ts";
import { createEvent, type SessionRow, startSession, storedSession } from "../../testkit/rows.ts";
import { history, save, update } from "../../testkit/saving.ts";
import { until } from "../../testkit/until.ts";
import { COMPLETE_HYBRID_STATE, COMPLETE_ONLINE_STATE, COMPLETE_STATE } from "../../wizard/testing/completeState.ts";

const db = useTestDatabase();
let ada: string;
let ben: string;
beforeEach(() => {
  [ada, ben] = [randomUUID(), randomUUID()];
});

/** Starts a session as Ada, and returns it with the arguments that complete it. */
async function ready(state: object = completeState(), fields: object = {}) {
  const session = await startSession(db, ada, { state, ...fields });
  return { session, options: { id: session.id, base: 0, answers: state } };
}

async function expectUntouched(session: SessionRow, events = 0) {
  expect(await storedSession(db, session.id)).toEqual(session);
  expect(await countEvents(db, ada)).toBe(events);
}

describe("complete_wizard_session", () => {
  it("writes every answer to the event, its tickets and its private details, and locks the session", async () => {
    const state = completeState();
    const { session, options } = await ready(state);
    const completed = await complete(db, ada, options);
    expect(completed).toMatchObject({ status: "completed", revision: 1, state, event_id: expect.any(String) });
    expect(completed.completed_at).not.toBeNull();
    expect(await storedSession(db, session.id)).toEqual(completed);
    expect(await history(db, session.id)).toMatchObject([{ status: "in_progress" }, { status: "completed" }]);

    expect(await storedEvent(db, completed.event_id)).toEqual({
      id: completed.event_id,
      owner_id: ada,
      status: "published",
      revision: expect.any(Number),
      created_at: expect.any(String),
      title: "Summer party",
      category: "community",
      summary: "Music, food and a long evening in the garden.",
      organizer_name: "Ada Lovelace",
      timezone: "Europe/Berlin",
      starts_at: "2027-06-19T16:00:00+00:00",
      ends_at: "2027-06-19T21:00:00+00:00",
      doors_at: "2027-06-19T15:00:00+00:00",
      mode: "venue",
      venue_name: "The old mill",
      address: "Mill Lane 3",
      city: "Potsdam",
      region: "Brandenburg",
      postal_code: "14467",
      country: "DE",
      currency: "EUR",
      description: "Bring a blanket and a friend.",
      slug: state.page.slug,
      cover_image_url: "https://images.example.com/garden.jpg",
      cover_image_alt: "Paper lanterns between apple trees",
      accent: "#1a73e8",
      support_email: "help@example.com",
      visibility: "public",
      publish_at: "2027-03-01T07:00:00+00:00",
      refund_policy: "until_7_days_before",
      tickets: [
        {
          key: "3f0e8a52-6c1d-4b7a-9e2f-5d8c7b6a1f04",
          name: "Early bird",
          kind: "paid",
          price_minor: 1250,
          quantity: 50,
          max_per_order: 4,
          sales_start: "2027-03-01T08:00:00+00:00",
          sales_end: "2027-05-31T21:59:59+00:00",
          position: 3,
        },
        { ...NO_OPTIONAL_FIELDS, key: "child", name: "Child", kind: "free", quantity: 30, position: 1 },
        {
          ...NO_OPTIONAL_FIELDS,
          key: "friend",
          name: "Friend of the house",
          kind: "donation",
          quantity: 20,
          position: 2,
        },
      ],
      details: { organizer_email: "ada@example.com", join_url: null },
    });
  });
  const NO_OPTIONAL_FIELDS = { price_minor: null, max_per_order: null, sales_start: null, sales_end: null };

  it.each([
    ["online", COMPLETE_ONLINE_STATE, { mode: "online", venue_name: null, city: null }],
    ["hybrid", COMPLETE_HYBRID_STATE, { mode: "hybrid", venue_name: "The old mill", city: "Potsdam" }],
  ])("stores the join URL in the private details when the mode is %s", async (_, { location }, columns) => {
    const { options } = await ready(completeState({ location }));
    const { event_id } = await complete(db, ada, options);
    expect(await storedEvent(db, event_id)).toMatchObject({
      ...columns,
      details: { join_url: "https://meet.example.com/summer-party" },
    });
  });

  it("stores a venue without a postal code, and e-mail addresses of any script without the blanks around them", async () => {
    const { postalCode: _, ...location } = COMPLETE_STATE.location;
    const state = completeState({
      basics: { ...COMPLETE_STATE.basics, organizerEmail: " 用户@例子.广告\u00a0" },
      location: { ...location, country: "HK" },
      page: { ...completeState().page, supportEmail: "\thilfe@bücher.example \r\n" },
    });
    const { options } = await ready(state);
    const { event_id } = await complete(db, ada, options);
    expect(await storedEvent(db, event_id)).toMatchObject({
      postal_code: null,
      country: "HK",
      support_email: "hilfe@bücher.example",
      details: { organizer_email: "用户@例子.广告" },
    });
  });

  it("numbers the tickets in the organizer's order: those without a position last, in the order of their keys", async () => {
    const ticket = { name: "Seat", kind: "free", quantity: 1 };
    const tickets = { zz: ticket, b: { ...ticket, position: 7 }, a: ticket, c: { ...ticket, position: 2 } };
    const { options } = await ready(completeState({ tickets: { tickets } }));
    const { event_id } = await complete(db, ada, options);
    const { rows } = await db.root.query(
      "select key, position from event_tickets where event_id = $1 order by position",
      [event_id],
    );
    expect(rows).toEqual(["c", "b", "a", "zz"].map((key, index) => ({ key, position: index + 1 })));
  });

  it("needs no currency if every ticket is free", async () => {
    const tickets = { free: { name: "Seat", kind: "free", quantity: 1 } };
    const { options } = await ready(completeState({ tickets: { tickets } }));
    const { event_id } = await complete(db, ada, options);
    expect(await storedEvent(db, event_id)).toMatchObject({ currency: null });
  });

  it("returns the same event when it is called again with any base revision", async () => {
    const { options } = await ready();
    const first = await complete(db, ada, options);
    const event = await storedEvent(db, first.event_id);
    for (const base of [0, 1, 7]) expect(await complete(db, ada, { ...options, base, answers: {} })).toEqual(first);
    expect(await storedEvent(db, first.event_id)).toEqual(event);
    expect(await countEvents(db, ada)).toBe(1);
  });

  it("creates one event when two calls run at once: the second waits for the first", async () => {
    const { options } = await ready();
    let second: Promise<SessionRow> | undefined;
    const first = await db.asUser(ada, async (client) => {
      const completed = await completeOn(client, options);
      second = complete(db, ada, options);
      await until(async () => {
        const { rowCount } = await db.root.query(
          "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        return rowCount === 1;
      });
      return completed;
    });
    expect(await second).toEqual(first);
    expect(await countEvents(db, ada)).toBe(1);
  });

  it("returns the session without an event when the event has been deleted since", async () => {
    const { options } = await ready();
    const { event_id } = await complete(db, ada, options);
    await db.asUser(ada, (client) => client.query("select unpublish_event($1)", [event_id]));
    await db.asUser(ada, (client) => client.query("delete from events where id = $1", [event_id]));
    expect(await complete(db, ada, options)).toMatchObject({ status: "completed", event_id: null });
    expect(await countEvents(db, ada)).toBe(0);
  });

  it("completes an abandoned session", async () => {
    const { options } = await ready(completeState(), { status: "abandoned" });
    expect(await complete(db, ada, options)).toMatchObject({ status: "completed" });
  });

  it("does not write a field that the answers omit, even if the state contains it", async () => {
    const state = completeState();
    const { session } = await ready(state);
    const { summary: _, ...basics } = COMPLETE_STATE.basics;
    const { event_id } = await complete(db, ada, { id: session.id, base: 0, answers: { ...state, basics } });
    expect(await storedEvent(db, event_id)).toMatchObject({ summary: null, title: "Summer party" });
  });

  it("lets service_role complete a user's session, and makes that user the owner of the event", async () => {
    const { options } = await ready();
    const { event_id } = await db.asService((client) => completeOn(client, options));
    expect(await storedEvent(db, event_id)).toMatchObject({ owner_id: ada });
  });
});

describe("a session that edits an event", () => {
  it("updates that event and replaces its tickets", async () => {
    const event = await createEvent(db, ada);
    const first = await ready(completeState(), { event_id: event });
    expect(await complete(db, ada, first.options)).toMatchObject({ event_id: event });

    const tickets = { currency: "CHF", tickets: { child: { name: "Under 12", kind: "free", quantity: 5 } } };
    const state = completeState({ tickets, location: COMPLETE_ONLINE_STATE.location, basics: BASICS });
    const second = await ready(state, { event_id: event });
    expect(await complete(db, ada, second.options)).toMatchObject({ event_id: event });
    expect(await storedEvent(db, event)).toMatchObject({
      title: "Winter party",
      summary: null,
      venue_name: null,
      currency: "CHF",
      slug: state.page.slug,
      tickets: [{ key: "child", name: "Under 12", quantity: 5 }],
      details: { organizer_email: null, join_url: "https://meet.example.com/summer-party" },
    });
    expect(await countEvents(db, ada)).toBe(1);
  });
  const BASICS = { title: "Winter party", category: "music", organizerName: "Ada" };

  it("can move the end of the event before the end of sales of the tickets that it removes", async () => {
    const { id } = await publish(db, ada);
    const schedule = { ...COMPLETE_STATE.schedule, startsAt: "2027-04-01T18:00:00Z", endsAt: "2027-04-01T20:00:00Z" };
    const tickets = { currency: "EUR", tickets: { child: { name: "Child", kind: "free", quantity: 1 } } };
    const state = completeState({ schedule: { ...schedule, doorsAt: null }, tickets });
    const { options } = await ready(state, { event_id: id });
    await complete(db, ada, options);
    expect(await storedEvent(db, id)).toMatchObject({
      ends_at: "2027-04-01T20:00:00+00:00",
      tickets: [{ key: "child" }],
    });
  });

  it("can keep the slug of its event", async () => {
    const { id, slug } = await publish(db, ada);
    const state = completeState({ page: { ...COMPLETE_STATE.page, slug } });
    const { options } = await ready(state, { event_id: id });
    expect(await complete(db, ada, options)).toMatchObject({ event_id: id });
  });

  it("starts with the values of the event, and can be completed once the terms are accepted again", async () => {
    const state = completeState({ location: COMPLETE_HYBRID_STATE.location });
    const { options } = await ready(state);
    const { event_id } = await complete(db, ada, options);
    const before = await storedEvent(db, event_id);
    const id = randomUUID();
    const start = (sub: string, event: string | null) =>
      db.asUser(sub, (client) => client.query("select start_wizard_session($1, $2)", [id, event]));
    await start(ada, event_id);

    const session = await storedSession(db, id);
    const { acceptTerms: _, ...publishing } = COMPLETE_STATE.publish;
    const inUtc = (time: unknown) => `${new Date(String(time)).toISOString().slice(0, 19)}+00:00`;
    const { schedule, tickets } = COMPLETE_STATE;
    const early = tickets.tickets["3f0e8a52-6c1d-4b7a-9e2f-5d8c7b6a1f04"];
    expect(session).toMatchObject({ user_id: ada, event_id, stage: 1, revision: 0 });
    expect(session?.state).toEqual({
      ...state,
      schedule: {
        timezone: schedule.timezone,
        startsAt: inUtc(schedule.startsAt),
        endsAt: inUtc(schedule.endsAt),
        doorsAt: inUtc(schedule.doorsAt),
      },
      tickets: {
        ...tickets,
        tickets: {
          child: { ...tickets.tickets.child, position: 1 },
          friend: { ...tickets.tickets.friend, position: 2 },
          "3f0e8a52-6c1d-4b7a-9e2f-5d8c7b6a1f04": {
            ...early,
            salesStart: inUtc(early?.salesStart),
            salesEnd: inUtc(early?.salesEnd),
            position: 3,
          },
        },
      },
      publish: { ...publishing, publishAt: inUtc(publishing.publishAt) },
    });
    const accepted = await save(db, ada, { id, base: 0, patch: { publish: { acceptTerms: true } } });
    await complete(db, ada, { id, base: 1, answers: accepted.session.state });
    expect(await storedEvent(db, event_id)).toEqual({ ...before, revision: expect.any(Number) });
    // A second start must not fill in the values again.
    await start(ada, null);
    expect(await storedSession(db, id)).toMatchObject({ status: "completed", revision: 2 });
  });

  it("starts with only the title when the event is a draft", async () => {
    const event = await createEvent(db, ada);
    const id = randomUUID();
    await db.asUser(ada, (client) => client.query("select start_wizard_session($1, $2)", [id, event]));
    const empty = { schedule: {}, location: {}, page: {}, publish: {} };
    expect(await storedSession(db, id)).toMatchObject({
      state: { basics: { title: "Summer party" }, tickets: {}, ...empty },
    });
  });

  it("can't be started for the public event of another user", async () => {
    const { id: event } = await publish(db, ben, { publish: { visibility: "public", acceptTerms: true } });
    const id = randomUUID();
    const start = db.asUser(ada, (client) => client.query("select start_wizard_session($1, $2)", [id, event]));
    expect(await refusal(start)).toMatchObject({ code: "42501" });
    expect(await storedSession(db, id)).toBeUndefined();
  });
});

describe("completing a session fails and writes nothing", () => {
  it("when the base revision is not the current one", async () => {
    const { session, options } = await ready();
    await save(db, ada, { id: session.id, base: 0, patch: { basics: { title: "Winter party" } } });
    const saved = (await storedSession(db, session.id)) as SessionRow;
    for (const base of [0, 2]) {
      expect(await refusal(complete(db, ada, { ...options, base }))).toMatchObject({
        code: "WZ409",
        detail: '{"currentRevision": 1}',
      });
    }
    await expectUntouched(saved);
  });

  it("when a ticket is on sale after the end of the event", async () => {
    const { session, options } = await ready(completeState(ticketWith({ salesEnd: "2999-01-01T00:00:00Z" })));
    expect(await refusal(complete(db, ada, options))).toMatchObject({ code: "WZ400" });
    await expectUntouched(session);
  });

  it("when the session belongs to another user, with the same error as for an unknown id", async () => {
    const { session, options } = await ready();
    const unknown = await refusal(complete(db, ben, { ...options, id: randomUUID() }));
    expect(unknown).toMatchObject({ code: "WZ404" });
    expect(await refusal(complete(db, ben, options))).toMatchObject({ code: "WZ404", message: unknown.message });
    await expectUntouched(session);
    expect(await countEvents(db, ben)).toBe(0);
  });

  it("when the session belongs to another user and is already completed", async () => {
    const { options } = await ready();
    await complete(db, ada, options);
    expect(await refusal(complete(db, ben, options))).toMatchObject({ code: "WZ404" });
  });

  it("when the caller is anonymous", async () => {
    const { session, options } = await ready();
    expect(await refusal(db.asAnon((client) => completeOn(client, options)))).toMatchObject({ code: "42501" });
    await expectUntouched(session);
  });

  it("when a user calls app_private.write_event directly", async () => {
    const { session } = await ready();
    const attempt = db.asUser(ada, (client) =>
      client.query("select app_private.write_event(null, $1, $2)", [ada, JSON.stringify(completeState())]),
    );
    expect(await refusal(attempt)).toMatchObject({ code: "42501" });
    await expectUntouched(session);
  });

  it("when the answers differ from the state", async () => {
    const state = completeState();
    const { session, options } = await ready(state);
    const answers = { ...state, basics: { ...state.basics, title: "Something else" } };
    expect(await refusal(complete(db, ada, { ...options, answers }))).toMatchObject({
      code: "WZ400",
      detail: '{"field": "answers"}',
    });
    await expectUntouched(session);
  });

  it("when the event has been cancelled", async () => {
    const { id } = await publish(db, ada);
    await db.root.query("update events set status = 'cancelled' where id = $1", [id]);
    const before = await storedEvent(db, id);
    const { session, options } = await ready(completeState(), { event_id: id });
    const error = await refusal(complete(db, ada, options));
    expect(error.code).toBe("WZ422");
    expect(JSON.parse(error.detail ?? "")).toEqual({
      problems: [{ stage: 6, pointer: "/publish", code: "cancelled", message: expect.stringContaining("cancelled") }],
    });
    await expectUntouched(session, 1);
    expect(await storedEvent(db, id)).toEqual(before);
  });

  it("when the slug belongs to another event with an event page, also of another user", async () => {
    const { slug } = await publish(db, ben, { publish: { visibility: "unlisted", acceptTerms: true } });
    const { session, options } = await ready(completeState({ page: { description: "Come!", slug } }));
    const error = await refusal(complete(db, ada, options));
    expect(error.code).toBe("WZ422");
    expect(JSON.parse(error.detail ?? "")).toEqual({
      problems: [{ stage: 5, pointer: "/page/slug", code: "taken", message: expect.stringContaining("address") }],
    });
    await expectUntouched(session);
  });

  it("when a concurrent call for another session uses the same slug first", async () => {
    const page = { description: "Come!", slug: `party-${randomUUID().slice(0, 8)}` };
    const both = [await ready(completeState({ page })), await ready(completeState({ page }))];
    const outcomes = await Promise.allSettled(both.map(({ options }) => complete(db, ada, options)));
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(await countEvents(db, ada)).toBe(1);
  });

  it.each([["id"], ["baseRevision"], ["answers"]])("when %s is null", async (field) => {
    const { session } = await ready();
    const values = { id: session.id, baseRevision: 0, answers: "{}", [field]: null };
    const attempt = db.asUser(ada, (client) =>
      client.query("select complete_wizard_session($1, $2, $3)", Object.values(values)),
    );
    expect(await refusal(attempt)).toMatchObject({ code: "WZ400", detail: `{"field": "${field}"}` });
    await expectUntouched(session);
  });

  const { basics, schedule, location, page, publish: publishing } = COMPLETE_STATE;
  const ticket = { name: "Seat", kind: "paid", priceMinor: 100, quantity: 1 };
  const ticketWith = (more: object) => ({ tickets: { currency: "EUR", tickets: { t: { ...ticket, ...more } } } });
  it.each<[string, Parameters<typeof completeState>[0]]>([
    ["events_title_check", { basics: { ...basics, title: "x".repeat(151) } }],
    ["events_category_check", { basics: { ...basics, category: "Music & arts" } }],
    ["events_summary_check", { basics: { ...basics, summary: "x".repeat(141) } }],
    ["events_organizer_name_check", { basics: { ...basics, organizerName: "" } }],
    ["event_private_details_organizer_email_check", { basics: { ...basics, organizerEmail: "ada" } }],
    ["events_timezone_check", { schedule: { ...schedule, timezone: "Europe Berlin" } }],
    ["events_ends_at_check", { schedule: { ...schedule, endsAt: schedule.startsAt } }],
    ["events_doors_at_check", { schedule: { ...schedule, doorsAt: schedule.endsAt } }],
    ["events_published_check", { schedule: { ...schedule, endsAt: null } }],
    ["events_mode_check", { location: { ...location, mode: "boat" } }],
    ["events_venue_check", { location: { mode: "venue", venueName: "The old mill" } }],
    ["events_venue_check", { location: { ...location, mode: "online", joinUrl: "https://x.example" } }],
    ["events_venue_name_check", { location: { ...location, venueName: "x".repeat(101) } }],
    ["events_address_check", { location: { ...location, address: "x".repeat(256) } }],
    ["events_city_check", { location: { ...location, city: "x".repeat(86) } }],
    ["events_region_check", { location: { ...location, region: "x".repeat(86) } }],
    ["events_postal_code_check", { location: { ...location, postalCode: "x".repeat(21) } }],
    ["events_country_check", { location: { ...location, country: "Germany" } }],
    ["event_private_details_join_url_check", { location: { mode: "online", joinUrl: "http://x.example" } }],
    ["events_currency_check", { tickets: { currency: "Euro", tickets: { t: ticket } } }],
    ["event_tickets_key_check", { tickets: { currency: "EUR", tickets: { "-": ticket } } }],
    ["event_tickets_name_check", ticketWith({ name: "x".repeat(256) })],
    ["event_tickets_kind_check", ticketWith({ kind: "cheap", priceMinor: null })],
    ["event_tickets_price_minor_check", ticketWith({ priceMinor: 0 })],
    ["event_tickets_price_minor_check", ticketWith({ priceMinor: 1e12 })],
    ["event_tickets_price_check", ticketWith({ priceMinor: null })],
    ["event_tickets_price_check", ticketWith({ kind: "free" })],
    ["event_tickets_quantity_check", ticketWith({ quantity: 0 })],
    ["event_tickets_max_per_order_check", ticketWith({ maxPerOrder: 0 })],
    ["event_tickets_sales_end_check", ticketWith({ salesStart: schedule.startsAt, salesEnd: schedule.startsAt })],
    ["events_description_check", { page: { ...page, description: "x".repeat(50_001) } }],
    ["events_slug_check", { page: { ...page, slug: "Summer party" } }],
    ["events_cover_image_url_check", { page: { ...page, coverImageUrl: "javascript:alert(1)" } }],
    ["events_cover_image_alt_check", { page: { ...page, coverImageAlt: "x".repeat(256) } }],
    ["events_cover_image_check", { page: { ...page, coverImageAlt: null } }],
    ["events_accent_check", { page: { ...page, accent: "red" } }],
    ["events_support_email_check", { page: { ...page, supportEmail: "help" } }],
    ["events_support_email_check", { page: { ...page, supportEmail: "he lp@example.com" } }],
    ["events_support_email_check", { page: { ...page, supportEmail: "help@\u202eexample.com" } }],
    ["event_private_details_organizer_email_check", { basics: { ...basics, organizerEmail: "ada@a@example.com" } }],
    ["events_venue_check", { location: { mode: "online", joinUrl: "https://x.example", postalCode: "14467" } }],
    ["events_visibility_check", { publish: { ...publishing, visibility: "friends" } }],
    ["events_publish_at_check", { publish: { ...publishing, publishAt: schedule.endsAt } }],
    ["events_refund_policy_check", { publish: { ...publishing, refundPolicy: "Never!" } }],
  ])("when the answers violate %s", async (constraint, stages) => {
    const { session, options } = await ready(completeState(stages));
    expect(await refusal(complete(db, ada, options))).toMatchObject({ code: "23514", constraint });
    await expectUntouched(session);
  });

  it.each([
    ["joinUrl", { location: { mode: "online" } }, { code: "WZ400", detail: '{"field": "joinUrl"}' }],
    [
      "agreement to the terms",
      { publish: { ...publishing, acceptTerms: false } },
      { code: "WZ400", detail: '{"field": "acceptTerms"}' },
    ],
    ["acceptTerms", { publish: { visibility: "public" } }, { code: "WZ400", detail: '{"field": "acceptTerms"}' }],
    ["tickets", { tickets: { currency: "EUR", tickets: {} } }, { code: "WZ400", detail: '{"field": "tickets"}' }],
    ...["paid", "donation"].map(
      (kind) =>
        [
          `currency of a ${kind} ticket`,
          { tickets: { tickets: { t: { ...ticket, kind, priceMinor: kind === "paid" ? 100 : null } } } },
          { code: "WZ400", detail: '{"field": "currency"}' },
        ] as const,
    ),
    ["name", ticketWith({ name: null }), { code: "23502", column: "name" }],
    ["title", { basics: { ...basics, title: null } }, { code: "23502", column: "title" }],
  ])("when %s is missing", async (_, stages, expected) => {
    const { session, options } = await ready(completeState(stages));
    expect(await refusal(complete(db, ada, options))).toMatchObject(expected);
    await expectUntouched(session);
  });
});

it("a completed session rejects every later save", async () => {
  const { session, options } = await ready();
  const completed = await complete(db, ada, options);
  const late = [
    save(db, ada, { id: session.id, base: 0, patch: { basics: { title: "Late" } } }),
    save(db, ada, { id: session.id, base: 1, patch: {} }),
    update(db, ada, session.id, { stage: 2 }),
    db.asUser(ada, (client) => client.query("select restore_wizard_session($1, 0)", [session.id])),
  ];
  for (const attempt of late) expect(await refusal(attempt)).toMatchObject({ code: "WZ423" });
  expect(await storedSession(db, session.id)).toEqual(completed);
});
