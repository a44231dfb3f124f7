import { randomUUID } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { completeState, countEvents, publish, storedEvent } from "../testkit/events.ts";
import { interleave } from "../testkit/locks.ts";
import { storedSession } from "../testkit/rows.ts";
import { createEventAs, createSession, type Session, updateSession } from "../testkit/sessions.ts";
import { COMPLETE_ONLINE_STATE, COMPLETE_STATE } from "../wizard/testing/completeState.ts";

const api = useTestApi();
let ada: Caller;
let ben: Caller;
beforeAll(async () => {
  ben = await api.user();
});
beforeEach(async () => {
  ada = await api.user();
});

const COMPLETE = `mutation ($id: UUID!, $baseRevision: Int!, $eventRevision: Int, $asNewEvent: Boolean, $hideEvent: Boolean) {
  completeWizardSession(
    input: {
      id: $id, baseRevision: $baseRevision, eventRevision: $eventRevision, asNewEvent: $asNewEvent, hideEvent: $hideEvent
    }
  ) {
    wizardSession { id status revision completedAt eventId }
    event { id slug title status tickets { nodes { key priceMinor } } privateDetails { joinUrl organizerEmail } }
  }
}`;
const PAGE = `query ($slug: String!) {
  publishedEvent(slug: $slug) {
    id slug title mode visibility startsAt timezone summary city supportEmail
    tickets { key name kind priceMinor salesStart }
  }
}`;

interface Answer {
  readonly completeWizardSession: {
    readonly wizardSession: Session;
    readonly event: { readonly id: string; readonly slug: string };
  };
}
const complete = async (caller: Caller, id: string, baseRevision = 0) =>
  (await caller.ask<Answer>(COMPLETE, { id, baseRevision })).completeWizardSession;

describe("completeWizardSession", () => {
  it("publishes the event and locks the session; a second call returns the same", async () => {
    const state = completeState();
    const { id } = await createSession(ada, { state });
    const first = await complete(ada, id);
    expect(first).toMatchObject({
      wizardSession: { id, status: "COMPLETED", revision: 1, eventId: first.event.id },
      event: {
        slug: state.page.slug,
        title: "Summer party",
        status: "PUBLISHED",
        tickets: {
          nodes: [
            { key: "3f0e8a52-6c1d-4b7a-9e2f-5d8c7b6a1f04", priceMinor: "1250" },
            { key: "child", priceMinor: null },
            { key: "friend", priceMinor: null },
          ],
        },
        privateDetails: { joinUrl: null, organizerEmail: "ada@example.com" },
      },
    });
    expect(await complete(ada, id)).toEqual(first);
    expect(await complete(ada, id, 1)).toEqual(first);
    expect(await countEvents(api.db, ada.id as string)).toBe(1);
  });

  it("is refused with the problems, and writes nothing", async () => {
    const state = { ...completeState(), location: { mode: "online" }, basics: { category: "music" } };
    const { id } = await createSession(ada, { state });
    const before = await storedSession(api.db, id);
    expect(await ada.refused(COMPLETE, { id, baseRevision: 0 })).toEqual({
      message: "The session can't be completed yet: 3 answers are missing or wrong.",
      path: ["completeWizardSession"],
      extensions: {
        code: "INCOMPLETE",
        problems: [
          { stage: 1, pointer: "/basics/title", code: "required", message: expect.any(String) },
          { stage: 1, pointer: "/basics/organizerName", code: "required", message: expect.any(String) },
          { stage: 3, pointer: "/location/joinUrl", code: "required", message: expect.any(String) },
        ],
      },
    });
    expect(await storedSession(api.db, id)).toEqual(before);
    expect(await countEvents(api.db, ada.id as string)).toBe(0);
  });

  it("completes two sessions on one event at the same time, one after the other", async () => {
    const { id: eventId } = await publish(api.db, ada.id as string);
    const state = completeState();
    const sessions = [await createSession(ada, { eventId, state }), await createSession(ada, { eventId, state })];
    const completions = sessions.map(
      ({ id }) =>
        () =>
          complete(ada, id),
    );
    const completed = expect.objectContaining({ event: expect.objectContaining({ id: eventId }) });
    const hold = `select from event_tickets where event_id = '${eventId}' for update`;
    expect(await interleave(api.db, hold, completions)).toEqual([completed, completed]);
  });

  it("reports a page address that is in use as a problem of stage 5", async () => {
    const { slug } = await publish(api.db, ben.id as string);
    const { id } = await createSession(ada, { state: completeState({ page: { ...COMPLETE_STATE.page, slug } }) });
    expect(await ada.refused(COMPLETE, { id, baseRevision: 0 })).toMatchObject({
      extensions: { code: "INCOMPLETE", problems: [{ stage: 5, pointer: "/page/slug", code: "taken" }] },
    });
    expect(await storedSession(api.db, id)).toMatchObject({ status: "in_progress", revision: 0 });
  });

  it("ignores answers that are hidden, blank or unknown, and keeps them in the session", async () => {
    const state = completeState({
      location: { ...COMPLETE_STATE.location, ...COMPLETE_ONLINE_STATE.location },
      basics: { ...COMPLETE_STATE.basics, summary: "  ", mascot: "Otter" },
    });
    const { id } = await createSession(ada, { state });
    const { event } = await complete(ada, id);
    expect(await storedEvent(api.db, event.id)).toMatchObject({ venue_name: null, summary: null });
    expect(await storedSession(api.db, id)).toMatchObject({ state });
  });

  it("is refused for an old revision, whether the answers are complete or not", async () => {
    for (const state of [completeState(), {}]) {
      const { id } = await createSession(ada, { state });
      await updateSession(ada, id, { stage: 6 });
      expect((await ada.refused(COMPLETE, { id, baseRevision: 0 })).extensions).toEqual({
        code: "REVISION_CONFLICT",
        currentRevision: 1,
      });
      expect(await storedSession(api.db, id)).toMatchObject({ status: "in_progress", revision: 1 });
    }
  });

  it("is refused to other users and anonymous callers", async () => {
    const { id } = await createSession(ada, { state: completeState() });
    const before = await storedSession(api.db, id);
    expect((await ben.refused(COMPLETE, { id, baseRevision: 0 })).extensions).toEqual({ code: "NOT_FOUND" });
    expect((await api.anon().refused(COMPLETE, { id, baseRevision: 0 })).extensions).toEqual({ code: "FORBIDDEN" });
    expect(await storedSession(api.db, id)).toEqual(before);
  });

  it("is possible for a back end, in the name of the session's user", async () => {
    const { id } = await createSession(ada, { state: completeState() });
    const { event } = await complete(await api.service(), id);
    expect(await storedEvent(api.db, event.id)).toMatchObject({ owner_id: ada.id });
  });
});

describe("completing a session of an event that was changed", () => {
  let eventId: string;
  beforeEach(async () => {
    ({ id: eventId } = await publish(api.db, ada.id as string));
  });
  const START = `mutation ($id: UUID!, $eventId: UUID!) {
    startWizardSession(input: { id: $id, eventId: $eventId }) { wizardSession { id state } }
  }`;
  const UPDATE_EVENT = `mutation ($id: UUID!, $patch: EventPatch!) {
    updateEvent(input: { id: $id, patch: $patch }) { event { revision } }
  }`;
  const updateEvent = (patch: object) => ada.ask(UPDATE_EVENT, { id: eventId, patch });
  const eventRevision = async () =>
    (
      await ada.ask<{ event: { revision: number } }>("query ($id: UUID!) { event(id: $id) { revision } }", {
        id: eventId,
      })
    ).event.revision;

  /** A session that edits the event, with these answers on top of the event's. */
  async function editing(answers: Readonly<Record<string, object>> = {}): Promise<string> {
    const id = randomUUID();
    const { startWizardSession } = await ada.ask<{
      startWizardSession: { wizardSession: { state: Readonly<Record<string, object>> } };
    }>(START, { id, eventId });
    const state: Record<string, object> = { ...startWizardSession.wizardSession.state };
    for (const [stage, changes] of Object.entries({ publish: {}, ...answers }))
      state[stage] = { ...state[stage], ...changes };
    await updateSession(ada, id, { state: { ...state, publish: { ...state.publish, acceptTerms: true } } });
    return id;
  }

  it("keeps changes to other fields, of sessions and of updateEvent", async () => {
    const [one, two] = [
      await editing({ basics: { title: "Winter party", summary: " " } }),
      await editing({ page: { description: "Snow" }, schedule: { doorsAt: "2027-06-19T17:00:00+02:00" } }),
    ];
    await complete(ada, one, 1);
    await updateEvent({ endsAt: "2027-06-19T22:00:00Z" });
    await complete(ada, two, 1);
    expect(await storedEvent(api.db, eventId)).toMatchObject({
      ...{ title: "Winter party", summary: null, description: "Snow", ends_at: "2027-06-19T22:00:00+00:00" },
    });
  });

  it("is EVENT_CONFLICT where both changed a field, until the client names the event's revision", async () => {
    const id = await editing({ basics: { title: "Spring party" } });
    await updateEvent({ title: "Winter party" });
    const revision = await eventRevision();
    expect(await ada.refused(COMPLETE, { id, baseRevision: 1 })).toMatchObject({
      message: expect.stringContaining("Choose"),
      extensions: {
        code: "EVENT_CONFLICT",
        conflicts: [{ pointer: "/basics/title", base: "Summer party", yours: "Spring party", theirs: "Winter party" }],
        eventRevision: revision,
      },
    });
    expect(await storedEvent(api.db, eventId)).toMatchObject({ title: "Winter party", revision });
    expect(await ada.refused(COMPLETE, { id, baseRevision: 1, eventRevision: revision - 1 })).toMatchObject({
      extensions: { code: "EVENT_CONFLICT" },
    });
    await ada.ask(COMPLETE, { id, baseRevision: 1, eventRevision: revision });
    expect(await storedEvent(api.db, eventId)).toMatchObject({ title: "Spring party" });
  });

  it("is INCOMPLETE where the changes do not fit together, and writes nothing", async () => {
    const id = await editing({ schedule: { endsAt: "2027-06-19T17:00:00Z" } });
    await updateEvent({ startsAt: "2027-06-19T18:00:00Z" });
    const before = await storedEvent(api.db, eventId);
    expect(await ada.refused(COMPLETE, { id, baseRevision: 1 })).toMatchObject({
      extensions: {
        code: "INCOMPLETE",
        problems: expect.arrayContaining([expect.objectContaining({ pointer: "/schedule/endsAt" })]),
      },
    });
    expect(await storedEvent(api.db, eventId)).toEqual(before);
  });

  it("leaves out what is hidden after the merge", async () => {
    const id = await editing({ location: { venueName: "The new mill" } });
    const other = await editing({ location: COMPLETE_ONLINE_STATE.location });
    await complete(ada, other, 1);
    expect(await ada.refused(COMPLETE, { id, baseRevision: 1 })).toMatchObject({
      extensions: { code: "EVENT_CONFLICT", conflicts: [{ pointer: "/location/venueName", theirs: null }] },
    });
    const revision = await eventRevision();
    await ada.ask(COMPLETE, { id, baseRevision: 1, eventRevision: revision });
    expect(await storedEvent(api.db, eventId)).toMatchObject({ mode: "online", venue_name: null });
  });

  it("is EVENT_DELETED when the event was deleted, until the client asks for a new event", async () => {
    const id = await editing();
    await ada.ask("mutation ($id: UUID!) { unpublishEvent(input: { id: $id }) { event { id } } }", { id: eventId });
    await ada.ask("mutation ($id: UUID!) { deleteEvent(input: { id: $id }) { event { id } } }", { id: eventId });
    expect(await ada.refused(COMPLETE, { id, baseRevision: 1 })).toMatchObject({
      extensions: { code: "EVENT_DELETED", eventId },
    });
    expect(await countEvents(api.db, ada.id as string)).toBe(0);
    const { completeWizardSession } = await ada.ask<Answer>(COMPLETE, { id, baseRevision: 1, asNewEvent: true });
    expect(completeWizardSession.event.id).not.toBe(eventId);
  });

  it("updateEvent refuses an older revision", async () => {
    const currentRevision = await eventRevision();
    const patch = { title: "Winter party", revision: currentRevision - 1 };
    expect(await ada.refused(UPDATE_EVENT, { id: eventId, patch })).toMatchObject({
      extensions: { code: "REVISION_CONFLICT", currentRevision },
    });
    expect(await updateEvent({ ...patch, revision: currentRevision })).toEqual({
      updateEvent: { event: { revision: currentRevision + 1 } },
    });
  });
});

describe("a published event", () => {
  let eventId: string;
  beforeEach(async () => {
    const now = { visibility: "public", acceptTerms: true };
    ({ id: eventId } = await publish(api.db, ada.id as string, { publish: now }));
  });
  const call = (name: string) => `mutation ($id: UUID!) { ${name}(input: { id: $id }) { event { id status } } }`;

  it("is not deleted: EVENT_STATUS says what to do first", async () => {
    expect(await ada.refused(call("deleteEvent"), { id: eventId })).toMatchObject({
      message: "This event is published. Unpublish or cancel it, then delete it.",
      extensions: { code: "EVENT_STATUS", status: "PUBLISHED" },
    });
    expect(await ada.ask(call("unpublishEvent"), { id: eventId })).toEqual({
      unpublishEvent: { event: { id: eventId, status: "DRAFT" } },
    });
    expect(await ada.ask(call("deleteEvent"), { id: eventId })).toMatchObject({
      deleteEvent: { event: { id: eventId } },
    });
    expect(await storedEvent(api.db, eventId)).toBeUndefined();
  });

  it("can be cancelled and copied by its owner only", async () => {
    const id = randomUUID();
    const duplicate = `mutation ($id: UUID!, $eventId: UUID!) {
      duplicateEvent(input: { id: $id, eventId: $eventId }) { wizardSession { id eventId state problems { pointer } } }
    }`;
    for (const [document, variables] of [
      [call("cancelEvent"), { id: eventId }],
      [duplicate, { id, eventId }],
    ] as const) {
      expect((await ben.refused(document, variables)).extensions).toEqual({ code: "NOT_FOUND" });
      expect((await api.anon().refused(document, variables)).extensions).toEqual({ code: "FORBIDDEN" });
    }
    expect(await ada.ask(call("cancelEvent"), { id: eventId })).toMatchObject({
      cancelEvent: { event: { status: "CANCELLED" } },
    });
    const answer = await ada.ask<{ readonly duplicateEvent: { readonly wizardSession: { problems: object[] } } }>(
      duplicate,
      { id, eventId },
    );
    expect(answer).toMatchObject({ duplicateEvent: { wizardSession: { id, eventId: null } } });
    expect(answer.duplicateEvent.wizardSession.problems).toEqual([
      ...["/schedule/startsAt", "/schedule/endsAt", "/page/slug", "/publish/acceptTerms"].map((pointer) => ({
        pointer,
      })),
    ]);
  });

  it("is in its owner's list of events, with its status", async () => {
    await publish(api.db, ben.id as string, { publish: { visibility: "public", acceptTerms: true } });
    const draft = await createEventAs(ada);
    const list = `query ($ownerId: UUID!) {
      events(condition: { ownerId: $ownerId }, orderBy: CREATED_AT_ASC) { nodes { id status } }
    }`;
    const nodes = [
      { id: eventId, status: "PUBLISHED" },
      { id: draft, status: "DRAFT" },
    ];
    expect(await ada.ask(list, { ownerId: ada.id })).toEqual({ events: { nodes } });
    expect(await ben.ask(list, { ownerId: ada.id })).toEqual({ events: { nodes: nodes.slice(0, 1) } });
  });

  it("is not hidden by a later time of publication without hideEvent", async () => {
    const schedule = { timezone: "UTC", startsAt: "2999-06-19T18:00:00Z", endsAt: "2999-06-19T23:00:00Z" };
    const publishing = { ...COMPLETE_STATE.publish, publishAt: "2999-03-01T07:00:00Z" };
    const session = await createSession(ada, { eventId, state: completeState({ schedule, publish: publishing }) });
    expect(await ada.refused(COMPLETE, { id: session.id, baseRevision: 0 })).toMatchObject({
      extensions: { code: "INCOMPLETE", problems: [{ stage: 6, pointer: "/publish/publishAt", code: "hides" }] },
    });
    await ada.ask(COMPLETE, { id: session.id, baseRevision: 0, hideEvent: true });
    expect(await storedEvent(api.db, eventId)).toMatchObject({ publish_at: "2999-03-01T07:00:00+00:00" });
  });
});

it("a published event can't be moved to end before its ticket sales", async () => {
  const { id } = await publish(api.db, ada.id as string);
  await api.db.root.query("update events set doors_at = null where id = $1", [id]);
  const before = await storedEvent(api.db, id);
  const document = `mutation ($id: UUID!) {
    updateEvent(input: { id: $id, patch: { startsAt: "2027-03-01T18:00:00Z", endsAt: "2027-03-01T20:00:00Z" } }) { event { id } }
  }`;
  expect(await ada.refused(document, { id })).toMatchObject({
    message: "Ticket sales can't end after the event. Set an earlier end of sales or a later end of the event.",
    extensions: { code: "INVALID_INPUT" },
  });
  expect(await storedEvent(api.db, id)).toEqual(before);
});

describe("publishedEvent", () => {
  const published = async (visibility: string) => {
    const { slug } = await publish(api.db, ada.id as string, {
      location: COMPLETE_ONLINE_STATE.location,
      publish: { visibility, acceptTerms: true },
    });
    return slug;
  };

  it.each([
    ["public", "PUBLIC"],
    ["unlisted", "UNLISTED"],
  ])("returns a(n) %s event to everyone", async (name, visibility) => {
    const slug = await published(name);
    for (const caller of [api.anon(), ben, ada]) {
      const { publishedEvent } = await caller.ask<{ publishedEvent: object }>(PAGE, { slug });
      expect(publishedEvent).toMatchObject({
        slug,
        title: "Summer party",
        mode: "ONLINE",
        visibility,
        startsAt: "2027-06-19T16:00:00.000000+00:00",
        city: null,
        supportEmail: "help@example.com",
        tickets: [
          { key: "child", kind: "FREE", priceMinor: null },
          { key: "friend", kind: "DONATION" },
          { name: "Early bird", kind: "PAID", priceMinor: "1250", salesStart: "2027-03-01T08:00:00.000000+00:00" },
        ],
      });
    }
  });

  it("returns several events in one request, each under its alias", async () => {
    const [first, second] = [await published("public"), await published("unlisted")];
    const document = `{
      second: publishedEvent(slug: "${second}") { slug }
      none: publishedEvent(slug: "unused-slug") { slug }
      first: publishedEvent(slug: "${first}") { slug }
    }`;
    expect(await api.anon().ask(document)).toEqual({ first: { slug: first }, none: null, second: { slug: second } });
  });

  it("is null for a private event, also for its owner, who can read the event itself", async () => {
    const slug = await published("private");
    for (const caller of [api.anon(), ben, ada]) {
      expect(await caller.ask(PAGE, { slug })).toEqual({ publishedEvent: null });
    }
    const document = `{ events(filter: { slug: { equalTo: "${slug}" } }) { totalCount } }`;
    expect(await ada.ask(document)).toEqual({ events: { totalCount: 1 } });
    expect(await ben.ask(document)).toEqual({ events: { totalCount: 0 } });
  });
});

describe("the list of events", () => {
  it("contains public events for anonymous callers", async () => {
    const { id, slug } = await publish(api.db, ada.id as string, {
      publish: { visibility: "public", acceptTerms: true },
    });
    const document = `query ($slug: String!) {
      events(filter: { slug: { equalTo: $slug } }) { nodes { id ownerId tickets { totalCount } } }
    }`;
    expect(await api.anon().ask(document, { slug })).toEqual({
      events: { nodes: [{ id, ownerId: ada.id, tickets: { totalCount: 3 } }] },
    });
    // Private details are refused, not returned as null.
    const { extensions } = await api.anon().refused("{ events { nodes { privateDetails { joinUrl } } } }");
    expect(extensions).toEqual({ code: "FORBIDDEN" });
    expect(await ben.ask("query ($id: UUID!) { event(id: $id) { privateDetails { joinUrl } } }", { id })).toEqual({
      event: { privateDetails: null },
    });
  });
});
