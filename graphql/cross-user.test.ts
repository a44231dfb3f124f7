import { readFileSync } from "node:fs";
import { beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  buildSchema,
  extendSchema,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  parse,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from "graphql";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { useTabs } from "../testkit/live.ts";
import { withoutTriggers } from "../testkit/sampleSessions.ts";
import { until } from "../testkit/until.ts";
import { COMPLETE_STATE } from "../wizard/testing/completeState.ts";

const api = useTestApi();
const tab = useTabs(api);
const schema = buildSchema(readFileSync(new URL("schema.graphql", import.meta.url), "utf8"));

const ADA = "ada00000-0000-4000-8000-000000000000";
const BEN = "be000000-0000-4000-8000-000000000000";
const SESSION = "5e000000-0000-4000-8000-000000000000";
const EVENT = "ee000000-0000-4000-8000-000000000000";
const SAVE = "5a000000-0000-4000-8000-000000000000";
const VARIABLES = { ada: ADA, session: SESSION, event: EVENT, save: SAVE };

// Ada has one of everything. Ben has only a profile.
const ROWS = `
  insert into profiles (id, display_name) values ('${ADA}', 'Ada'), ('${BEN}', 'Ben');
  insert into events (id, owner_id, title, slug) values ('${EVENT}', '${ADA}', 'Secret fair', 'secret-fair');
  insert into event_tickets (event_id, key, name, kind, quantity) values ('${EVENT}', 't', 'Seat', 'free', 1);
  insert into event_private_details (event_id, join_url) values ('${EVENT}', 'https://meet.example.com');
  insert into wizard_sessions (id, user_id, event_id, stage, revision, state)
  values ('${SESSION}', '${ADA}', '${EVENT}', 4, 7, '{"secret": true}');
  insert into wizard_session_revisions (session_id, revision, stage, status, definition_version, saved_by, patch, snapshot, size, saved_at)
  values
    ('${SESSION}', 6, 4, 'in_progress', 1, '${ADA}', '{"secret": false}', '{"secret": false}', 17, '2026-03-01 12:00Z'),
    ('${SESSION}', 7, 4, 'in_progress', 1, '${ADA}', '{"secret": true}', null, 16, '2026-03-01 12:01Z')`;

interface Probe {
  /** Can use VARIABLES, which contain Ada's ids. */
  readonly document: string;
  /** What Ada gets, at least: proof that the probe reaches a row. */
  readonly owner: object;
  /** What Ben gets, exactly: data, or the extensions of the error. */
  readonly other: { readonly data: object } | { readonly extensions: object };
  /** Anonymous callers get what Ben gets, instead of FORBIDDEN. */
  readonly open?: true;
  /** SQL that prepares the rows. */
  readonly before?: string;
}

/** Publishes Ada's event. It is private, so it stays hidden from others. */
const PUBLISH = `update events set status = 'published', visibility = 'private', category = 'music', organizer_name = 'Ada',
  timezone = 'UTC', starts_at = now(), ends_at = now() + interval '1 hour', mode = 'online', currency = 'EUR',
  description = 'Secret'`;

const NOT_FOUND = { extensions: { code: "NOT_FOUND" } };
const WRONG_USER_ID = { extensions: { code: "INVALID_INPUT", field: "userId" } };
const FORBIDDEN = { extensions: { code: "FORBIDDEN" } };

const session =
  "id userId eventId stage status title state startedAt lastSavedAt completedAt revision definitionVersion";
const event = `id ownerId title status startsAt endsAt createdAt category summary organizerName timezone doorsAt mode
  venueName address city region postalCode country currency description slug coverImageUrl coverImageAlt accent
  supportEmail visibility publishAt refundPolicy revision`;
const eventCounts = "id ownerId title status startsAt endsAt createdAt";
const ticket = "eventId key name kind priceMinor quantity maxPerOrder salesStart salesEnd position";
const profile = "id displayName createdAt";
const numbers = "{ stage revision }";
const pageInfo = "pageInfo { startCursor endCursor hasNextPage hasPreviousPage }";
const noPage = { startCursor: null, endCursor: null, hasNextPage: false, hasPreviousPage: false };
const sessionCounts = "{ id userId eventId stage status state startedAt lastSavedAt completedAt revision }";

/**
 * For each field of the API, an attempt to reach another user's rows, and its result. Anonymous callers get FORBIDDEN,
 * except for the open probes.
 */
const PROBES: Readonly<Record<string, Probe>> = {
  "a session by its id": {
    document: `query ($session: UUID!) {
      wizardSession(id: $session) { ${session} user { ${profile} } event { ${event} } }
    }`,
    owner: { wizardSession: { id: SESSION, user: { id: ADA }, event: { id: EVENT }, state: { secret: true } } },
    other: { data: { wizardSession: null } },
  },
  "the problems of a session": {
    document: `query ($session: UUID!) {
      wizardSession(id: $session) {
        problems { stage pointer code message }
        progress { number key title started complete problems { pointer } }
      }
    }`,
    owner: { wizardSession: { progress: [{ number: 1, started: false, complete: false }, {}, {}, {}, {}, {}] } },
    other: { data: { wizardSession: null } },
  },
  "a session's history": {
    document: `query ($session: UUID!) {
      wizardSession(id: $session) {
        revisions {
          nodes { revision stage status definitionVersion savedAt savedBy saveId size changedPaths } edges { cursor node { size } } totalCount ${pageInfo}
        }
      }
    }`,
    owner: {
      wizardSession: {
        revisions: { nodes: [{ revision: 7, changedPaths: ["/secret"] }, { revision: 6 }], totalCount: 2 },
      },
    },
    other: { data: { wizardSession: null } },
  },
  "an earlier state of a session": {
    document: `query ($session: UUID!) {
      wizardSessionAt(id: $session, revision: 6) { revision stage state savedAt definitionVersion }
    }`,
    owner: { wizardSessionAt: { revision: 6, stage: 4, state: { secret: false } } },
    other: NOT_FOUND,
  },
  "an event by its id": {
    document: "query ($event: UUID!) { event(id: $event) { id owner { id } wizardSessions { nodes { id } } } }",
    owner: { event: { id: EVENT, owner: { id: ADA }, wizardSessions: { nodes: [{ id: SESSION }] } } },
    other: { data: { event: null } },
  },
  "an event with its details and tickets": {
    document: `query ($event: UUID!) {
      event(id: $event) {
        ${event} privateDetails { eventId organizerEmail joinUrl event { id } }
        tickets { nodes { ${ticket} event { id } } edges { cursor node { key } } totalCount ${pageInfo} }
      }
    }`,
    owner: {
      event: { id: EVENT, privateDetails: { joinUrl: "https://meet.example.com" }, tickets: { nodes: [{ key: "t" }] } },
    },
    other: { data: { event: null } },
  },
  "the page of an unpublished event": {
    document: `{
      publishedEvent(slug: "secret-fair") {
        id slug title category summary organizerName timezone startsAt endsAt doorsAt mode venueName address city region
        postalCode country currency description coverImageUrl coverImageAlt accent supportEmail visibility refundPolicy
        tickets { key name kind priceMinor quantity maxPerOrder salesStart salesEnd }
      }
    }`,
    // The event is not published.
    owner: { publishedEvent: null },
    other: { data: { publishedEvent: null } },
    open: true,
  },
  "a profile by its id": {
    document: `query ($ada: UUID!) {
      profile(id: $ada) { displayName events { nodes { id } } wizardSessions { nodes { id } } }
    }`,
    owner: { profile: { events: { nodes: [{ id: EVENT }] }, wizardSessions: { nodes: [{ id: SESSION }] } } },
    other: { data: { profile: null } },
  },
  "the list of sessions": {
    document: `{ wizardSessions { nodes { id } edges { cursor node { id } } totalCount ${pageInfo} } }`,
    owner: { wizardSessions: { nodes: [{ id: SESSION }], edges: [{ node: { id: SESSION } }], totalCount: 1 } },
    other: { data: { wizardSessions: { nodes: [], edges: [], totalCount: 0, pageInfo: noPage } } },
  },
  "the list of sessions, with a condition": {
    document: "query ($ada: UUID!) { wizardSessions(condition: { userId: $ada }) { totalCount nodes { id } } }",
    owner: { wizardSessions: { totalCount: 1, nodes: [{ id: SESSION }] } },
    other: { data: { wizardSessions: { totalCount: 0, nodes: [] } } },
  },
  "the list of sessions, with a filter that matches all": {
    document: `query ($ada: UUID!) {
      wizardSessions(filter: { or: [{ userId: { equalTo: $ada } }, { stage: { greaterThan: 0 } }] }) { totalCount }
    }`,
    owner: { wizardSessions: { totalCount: 1 } },
    other: { data: { wizardSessions: { totalCount: 0 } } },
  },
  "the list of events": {
    document: `{ events { nodes { id } edges { cursor node { id } } totalCount ${pageInfo} } }`,
    owner: { events: { nodes: [{ id: EVENT }], edges: [{ node: { id: EVENT } }], totalCount: 1 } },
    other: { data: { events: { nodes: [], edges: [], totalCount: 0, pageInfo: noPage } } },
    open: true,
  },
  // Each user sees only their own profile.
  "the list of profiles": {
    document: `{ profiles { nodes { displayName } edges { cursor node { id } } totalCount ${pageInfo} } }`,
    owner: { profiles: { nodes: [{ displayName: "Ada" }], edges: [{ node: { id: ADA } }], totalCount: 1 } },
    other: {
      data: {
        profiles: {
          nodes: [{ displayName: "Ben" }],
          edges: [{ cursor: expect.any(String), node: { id: BEN } }],
          totalCount: 1,
          pageInfo: { ...noPage, startCursor: expect.any(String), endCursor: expect.any(String) },
        },
      },
    },
  },
  "the aggregates of sessions": {
    document: `{
      wizardSessions {
        aggregates {
          keys sum ${numbers} min ${numbers} max ${numbers} average ${numbers} distinctCount ${sessionCounts}
          stddevSample ${numbers} stddevPopulation ${numbers} varianceSample ${numbers} variancePopulation ${numbers}
        }
        groupedAggregates(groupBy: [USER_ID]) { keys }
      }
    }`,
    owner: {
      wizardSessions: {
        aggregates: { sum: { stage: "4", revision: "7" }, distinctCount: { id: "1" } },
        groupedAggregates: [{ keys: [ADA] }],
      },
    },
    other: {
      data: {
        wizardSessions: {
          aggregates: {
            keys: null,
            sum: { stage: "0", revision: "0" },
            ...Object.fromEntries(
              ["min", "max", "average", "stddevSample", "stddevPopulation", "varianceSample", "variancePopulation"].map(
                (name) => [name, { stage: null, revision: null }],
              ),
            ),
            distinctCount: Object.fromEntries(sessionCounts.match(/\w+/g)?.map((column) => [column, "0"]) ?? []),
          },
          groupedAggregates: [],
        },
      },
    },
  },
  "the aggregates of events": {
    document: `{
      events {
        aggregates { keys distinctCount { ${eventCounts} } }
        groupedAggregates(groupBy: [TITLE]) { keys }
      }
    }`,
    owner: { events: { aggregates: { distinctCount: { id: "1" } }, groupedAggregates: [{ keys: ["Secret fair"] }] } },
    other: {
      data: {
        events: {
          aggregates: {
            keys: null,
            distinctCount: Object.fromEntries(eventCounts.split(" ").map((column) => [column, "0"])),
          },
          groupedAggregates: [],
        },
      },
    },
    open: true,
  },
  "the aggregates of profiles": {
    document: `query ($ada: UUID!) {
      profiles(condition: { id: $ada }) { aggregates { keys distinctCount { id displayName createdAt } } }
    }`,
    owner: { profiles: { aggregates: { distinctCount: { id: "1" } } } },
    other: {
      data: { profiles: { aggregates: { keys: null, distinctCount: { id: "0", displayName: "0", createdAt: "0" } } } },
    },
  },

  "a result page of the export of the caller's data": {
    document: `{ exportMyDataPage(after: "wizard_sessions/${SESSION}/0") { rows next } }`,
    owner: { exportMyDataPage: { next: null } },
    other: { data: { exportMyDataPage: { rows: [], next: null } } },
  },
  "the export of the caller's data": {
    document: "{ exportMyData }",
    owner: {
      exportMyData: {
        userId: ADA,
        tables: { profiles: [{ id: ADA }], events: [{ id: EVENT }], wizard_sessions: [{ id: SESSION }] },
      },
    },
    other: {
      data: {
        exportMyData: {
          ...{ format: "stagekeep-my-data", version: 1, exportedAt: expect.any(String), userId: BEN, history: true },
          tables: {
            profiles: [{ id: BEN, display_name: "Ben", created_at: expect.any(String) }],
            ...{
              events: [],
              event_tickets: [],
              event_private_details: [],
              wizard_sessions: [],
              wizard_session_event_bases: [],
              wizard_session_revisions: [],
            },
          },
        },
      },
    },
  },

  "a new session for Ada": {
    document: `mutation ($ada: UUID!) {
      createWizardSession(input: { wizardSession: { userId: $ada } }) {
        wizardSession { userId } wizardSessionEdge { cursor node { userId } } query { wizardSessions { totalCount } }
      }
    }`,
    owner: {
      createWizardSession: { wizardSession: { userId: ADA }, query: { wizardSessions: { totalCount: 2 } } },
    },
    other: FORBIDDEN,
  },
  // If nothing is selected, PostgreSQL does not check the policy for reading.
  "a new session for Ada, without selecting it": {
    document: `mutation ($ada: UUID!) {
      createWizardSession(input: { clientMutationId: "1", wizardSession: { userId: $ada } }) { clientMutationId }
    }`,
    owner: { createWizardSession: { clientMutationId: "1" } },
    other: FORBIDDEN,
  },
  "a new session on Ada's event": {
    document: `mutation ($event: UUID!) {
      createWizardSession(input: { wizardSession: { eventId: $event } }) { wizardSession { event { id } } }
    }`,
    owner: { createWizardSession: { wizardSession: { event: { id: EVENT } } } },
    other: FORBIDDEN,
  },
  "an update of a session": {
    document: `mutation ($session: UUID!) {
      updateWizardSession(input: { id: $session, patch: { stage: 5, state: {} } }) {
        wizardSession { id stage } wizardSessionEdge { cursor node { id } } query { wizardSessions { nodes { id } } }
      }
    }`,
    owner: { updateWizardSession: { wizardSession: { id: SESSION, stage: 5 }, wizardSessionEdge: { node: {} } } },
    other: NOT_FOUND,
  },
  "a save of a session": {
    document: `mutation ($session: UUID!, $save: UUID!) {
      saveWizardSession(input: { id: $session, saveId: $save, baseRevision: 7, patch: { secret: null } }) {
        outcome wizardSession { id state revision user { id } } conflicts { pointer base yours theirs }
      }
    }`,
    owner: {
      saveWizardSession: {
        outcome: "SAVED",
        wizardSession: { id: SESSION, state: {}, revision: 8, user: { id: ADA } },
        conflicts: [],
      },
    },
    other: NOT_FOUND,
  },
  "a save that would return its conflicts": {
    document: `mutation ($session: UUID!, $save: UUID!) {
      saveWizardSession(input: { id: $session, saveId: $save, baseRevision: 6, patch: { secret: 1 } }) {
        outcome conflicts { pointer base yours theirs }
      }
    }`,
    owner: {
      saveWizardSession: {
        outcome: "CONFLICT",
        conflicts: [{ pointer: "/secret", base: false, yours: 1, theirs: true }],
      },
    },
    other: NOT_FOUND,
  },
  "the completion of a session": {
    document: `mutation ($session: UUID!) {
      completeWizardSession(input: { id: $session, baseRevision: 7 }) { wizardSession { id status } event { id title } }
    }`,
    owner: { completeWizardSession: { wizardSession: { id: SESSION, status: "COMPLETED" }, event: { id: EVENT } } },
    other: NOT_FOUND,
    before: `update wizard_sessions set state = '${JSON.stringify(COMPLETE_STATE)}'`,
  },
  "the restoration of a revision": {
    document: `mutation ($session: UUID!) {
      restoreWizardSession(input: { id: $session, revision: 6 }) {
        wizardSession { id state revision }
      }
    }`,
    owner: {
      restoreWizardSession: { wizardSession: { id: SESSION, state: { secret: false }, revision: 8 } },
    },
    other: NOT_FOUND,
  },
  "a start with the id of Ada's session": {
    document: `mutation ($session: UUID!) {
      startWizardSession(input: { id: $session }) {
        wizardSession { id state revision }
      }
    }`,
    owner: {
      startWizardSession: { wizardSession: { id: SESSION, state: { secret: true }, revision: 7 } },
    },
    other: NOT_FOUND,
  },
  "a start on Ada's event": {
    document: `mutation ($save: UUID!, $event: UUID!) {
      startWizardSession(input: { id: $save, eventId: $event }) { wizardSession { id event { id } } }
    }`,
    owner: { startWizardSession: { wizardSession: { id: SAVE, event: { id: EVENT } } } },
    other: FORBIDDEN,
  },
  "the deletion of a session": {
    document: `mutation ($session: UUID!) {
      deleteWizardSession(input: { id: $session }) {
        wizardSession { id } wizardSessionEdge { cursor node { id } } query { wizardSessions { totalCount } }
      }
    }`,
    owner: { deleteWizardSession: { wizardSession: { id: SESSION }, query: { wizardSessions: { totalCount: 0 } } } },
    other: NOT_FOUND,
  },
  "a new event for Ada": {
    document: `mutation ($ada: UUID!) {
      createEvent(input: { event: { title: "Ours", ownerId: $ada } }) {
        event { ownerId } eventEdge { cursor node { ownerId } } query { events { totalCount } }
      }
    }`,
    owner: { createEvent: { event: { ownerId: ADA }, query: { events: { totalCount: 2 } } } },
    other: FORBIDDEN,
  },
  "a new event for Ada, without selecting it": {
    document: `mutation ($ada: UUID!) {
      createEvent(input: { clientMutationId: "1", event: { title: "Ours", ownerId: $ada } }) { clientMutationId }
    }`,
    owner: { createEvent: { clientMutationId: "1" } },
    other: FORBIDDEN,
  },
  "an update of an event": {
    document: `mutation ($event: UUID!) {
      updateEvent(input: { id: $event, patch: { title: "Ours" } }) {
        event { id title wizardSessions { nodes { id } } } eventEdge { cursor node { id } } query { events { totalCount } }
      }
    }`,
    owner: { updateEvent: { event: { title: "Ours", wizardSessions: { nodes: [{ id: SESSION }] } } } },
    other: NOT_FOUND,
  },
  "the deletion of an event": {
    document: `mutation ($event: UUID!) {
      deleteEvent(input: { id: $event }) { event { id } eventEdge { cursor node { id } } query { events { totalCount } } }
    }`,
    owner: { deleteEvent: { event: { id: EVENT }, query: { events: { totalCount: 0 } } } },
    other: NOT_FOUND,
  },
  "the end of an event's publication": {
    document: `mutation ($event: UUID!) {
      unpublishEvent(input: { id: $event }) {
        event { id status } eventEdge { cursor node { id } } query { events { totalCount } }
      }
    }`,
    owner: { unpublishEvent: { event: { id: EVENT, status: "DRAFT" }, query: { events: { totalCount: 1 } } } },
    other: NOT_FOUND,
    before: PUBLISH,
  },
  "the cancellation of an event": {
    document: `mutation ($event: UUID!) {
      cancelEvent(input: { id: $event }) {
        event { id status } eventEdge { cursor node { id } } query { events { totalCount } }
      }
    }`,
    owner: { cancelEvent: { event: { id: EVENT, status: "CANCELLED" }, query: { events: { totalCount: 1 } } } },
    other: NOT_FOUND,
    before: PUBLISH,
  },
  "a copy of an event": {
    document: `mutation ($event: UUID!, $save: UUID!) {
      duplicateEvent(input: { id: $save, eventId: $event }) {
        wizardSession { id state } wizardSessionEdge { cursor node { id } } query { wizardSessions { totalCount } }
      }
    }`,
    owner: {
      duplicateEvent: {
        wizardSession: { id: SAVE, state: { basics: { title: "Secret fair" } } },
        query: { wizardSessions: { totalCount: 2 } },
      },
    },
    other: NOT_FOUND,
  },
  "an update of a profile": {
    document: `mutation ($ada: UUID!) {
      updateProfile(input: { id: $ada, patch: { displayName: "Eve" } }) {
        profile { displayName wizardSessions { nodes { id } } } profileEdge { cursor node { id } }
        query { profiles { totalCount } }
      }
    }`,
    owner: { updateProfile: { profile: { displayName: "Eve", wizardSessions: { nodes: [{ id: SESSION }] } } } },
    other: NOT_FOUND,
  },
  "the erasure of Ada's data": {
    document:
      "mutation ($ada: UUID!) { eraseMe(input: { userId: $ada }) { erased query { profiles { totalCount } } } }",
    owner: {
      eraseMe: {
        erased: { profiles: 1, events: 1, wizard_sessions: 1, wizard_session_revisions: 2 },
        query: { profiles: { totalCount: 0 } },
      },
    },
    other: WRONG_USER_ID,
  },
};

/** Numbers over all users' sessions: refused to users, returned to an analyst. */
const FUNNEL = `{
  wizardFunnel(from: "2026-01-01T00:00:00Z", to: "2027-01-01T00:00:00Z") {
    stage key title started reached completed abandoned dropOff medianSeconds p90Seconds
  }
}`;

/**
 * The fields, such as `Query.events`, that no document selects. Everything that can be reached from Query, Mutation and
 * Subscription counts, columns and counts included, because each field can leak data.
 */
function fieldsWithoutProbe(schema: GraphQLSchema, documents: readonly string[]): string[] {
  const asked = new Set<string>();
  for (const document of documents) {
    const tree = parse(document);
    const [error] = validate(schema, tree);
    if (error) throw error;
    const typeInfo = new TypeInfo(schema);
    const Field = () => void asked.add(`${typeInfo.getParentType()?.name}.${typeInfo.getFieldDef()?.name}`);
    visit(tree, visitWithTypeInfo(typeInfo, { Field }));
  }
  const reached = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);
  const fields: string[] = [];
  for (const type of reached) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const target = getNamedType(field.type);
      if (isObjectType(target)) reached.add(target);
      // Only what the caller sent.
      if (field.name !== "clientMutationId") fields.push(`${type?.name}.${field.name}`);
    }
  }
  return fields
    .filter((field) => !asked.has(field))
    .map((field) => `${field} is asked for by no probe: add one to PROBES in graphql/cross-user.test.ts.`);
}

/** Documents for everyone. They read no rows. */
const OPEN_TO_ALL = ["{ wizardStages { number key title schema } }"];

/** Documents sent over a websocket. */
const SUBSCRIPTION = `subscription ($session: UUID!) {
  wizardSessionChanged(id: $session) {
    kind revision saveId stage savedBy wizardSession { id state user { id } event { title } }
  }
}`;

const documents = [...OPEN_TO_ALL, FUNNEL, SUBSCRIPTION, ...Object.values(PROBES).map(({ document }) => document)];

describe("the probes below", () => {
  it("cover every field of the API", () => {
    expect(fieldsWithoutProbe(schema, documents)).toEqual([]);
  });

  it.each([
    ["a list on a row", "extend type Profile { drafts: [WizardSession!]! }", ["Profile.drafts"]],
    ["a column", "extend type WizardSession { notes: JSON }", ["WizardSession.notes"]],
    ["a query", "extend type Query { latestWizardSession: WizardSession }", ["Query.latestWizardSession"]],
    ["a number", "extend type Query { sessionsOfAll: Int }", ["Query.sessionsOfAll"]],
    ["a mutation", "extend type Mutation { purge(before: Datetime!): Int }", ["Mutation.purge"]],
    [
      "a type of its own",
      "type Report { stages: [Stage] } type Stage { count: Int } extend type Event { report: Report }",
      ["Event.report", "Report.stages", "Stage.count"],
    ],
    [
      "a subscription",
      "extend type Subscription { sessionChanged(id: UUID!): WizardSession }",
      ["Subscription.sessionChanged"],
    ],
  ])("do not cover a new field: %s", (_, addition, missing) => {
    const extended = extendSchema(schema, parse(addition));
    const named = fieldsWithoutProbe(extended, documents).map((sentence) => sentence.split(" ")[0]);
    expect(named.toSorted()).toEqual(missing);
  });

  it("do not cover every field if one is removed", () => {
    const others = documents.filter((document) => document !== PROBES["the deletion of a session"]?.document);
    const named = fieldsWithoutProbe(schema, others).map((sentence) => sentence.split(" ")[0]);
    expect(named.toSorted()).toEqual([
      ...["query", "wizardSession", "wizardSessionEdge"].map((field) => `DeleteWizardSessionPayload.${field}`),
      "Mutation.deleteWizardSession",
    ]);
  });
});

let ada: Caller;
let ben: Caller;
let analyst: Caller;
beforeAll(async () => {
  [ada, ben, analyst] = [await api.user(ADA), await api.user(BEN), await api.analyst()];
});
beforeEach(async () => {
  await withoutTriggers(api.db, `truncate profiles cascade; ${ROWS}`);
});

describe.each(Object.entries(PROBES))("%s", (_, { document, owner, other, open, before: preparation }) => {
  if (preparation) beforeEach(() => withoutTriggers(api.db, preparation));

  /** All rows, without policies. */
  const everything = async () =>
    (
      await api.db.root.query(
        `select to_jsonb(r) as row from profiles r
         union all select to_jsonb(r) from events r
         union all select to_jsonb(r) from wizard_sessions r
         union all select to_jsonb(r) from event_tickets r
         union all select to_jsonb(r) from event_private_details r
         union all select to_jsonb(r) from wizard_session_event_bases r
         union all select to_jsonb(r) from wizard_session_revisions r`,
      )
    ).rows;

  async function expectRefused(caller: Caller, extensions: object) {
    const before = await everything();
    const { errors, data } = (await caller.answer(document, VARIABLES)) as { errors?: object[]; data: object };
    expect(errors).toEqual([expect.objectContaining({ extensions })]);
    expect(Object.values(data)).toEqual([null]);
    expect(await everything()).toEqual(before);
  }

  it("works for Ada", async () => {
    expect(await ada.ask(document, VARIABLES)).toMatchObject(owner);
  });

  async function expectNothingOfHers(caller: Caller) {
    if ("extensions" in other) return await expectRefused(caller, other.extensions);
    const before = await everything();
    expect(await caller.ask(document, VARIABLES)).toEqual(other.data);
    expect(await everything()).toEqual(before);
  }

  it("returns nothing of Ada's to another user, and changes nothing", () => expectNothingOfHers(ben));

  if (open) it("returns nothing of Ada's to an anonymous caller", () => expectNothingOfHers(api.anon()));
  else {
    it("is refused to an anonymous caller, and changes nothing", () => expectRefused(api.anon(), FORBIDDEN.extensions));
  }

  it("is refused to an analyst, and changes nothing", async () => {
    await expectRefused(analyst, FORBIDDEN.extensions);
  });
});

describe("numbers over all users' sessions", () => {
  it.each([
    ["her", () => ada],
    ["him", () => ben],
    ["an anonymous caller", () => api.anon()],
  ])("are refused to %s", async (_, caller) => {
    expect((await caller().refused(FUNNEL)).extensions).toEqual(FORBIDDEN.extensions);
  });

  it("are returned to an analyst, without any of Ada's data", async () => {
    const { wizardFunnel } = await analyst.ask<{ wizardFunnel: object[] }>(FUNNEL);
    expect(wizardFunnel).toHaveLength(6);
    expect(JSON.stringify(wizardFunnel)).not.toMatch(/secret|[0-9a-f]{8}-/i);
  });
});

describe("a subscription", () => {
  it("works for Ada", async () => {
    const watching = tab(ada).subscribe(SESSION, SUBSCRIPTION.replaceAll("$session", "$id"));
    expect(await watching.waitForChanges(1)).toEqual({
      ...{ kind: "REFETCH", revision: 7, saveId: null, stage: 4, savedBy: ADA },
      wizardSession: { id: SESSION, state: { secret: true }, user: { id: ADA }, event: { title: "Secret fair" } },
    });
  });

  it("is refused to another user and to an anonymous caller", async () => {
    expect((await tab(ben).refused(SUBSCRIPTION, VARIABLES)).extensions).toEqual({ code: "NOT_FOUND" });
    const anonymous = tab(api.anon());
    expect(await until(() => anonymous.closed)).toMatchObject({ code: 4401 });
  });
});

// Policies prevent links between rows of two users. If a back end creates one, neither user sees the other's row.
describe("a link between Ada's session and Ben's event, in both directions", () => {
  const HIS_EVENT = "eb000000-0000-4000-8000-000000000000";
  const HIS_SESSION = "5b000000-0000-4000-8000-000000000000";
  const DOCUMENT = `query ($session: UUID!, $event: UUID!) {
    wizardSession(id: $session) { eventId event { title } }
    event(id: $event) {
      wizardSessions {
        nodes { id } edges { node { id } } totalCount
        aggregates { distinctCount { id } } groupedAggregates(groupBy: [STAGE]) { keys }
      }
    }
  }`;
  const none = {
    nodes: [],
    edges: [],
    totalCount: 0,
    aggregates: { distinctCount: { id: "0" } },
    groupedAggregates: [],
  };

  beforeEach(() =>
    withoutTriggers(
      api.db,
      `insert into events (id, owner_id, title) values ('${HIS_EVENT}', '${BEN}', 'His');
       insert into wizard_sessions (id, user_id, event_id) values ('${HIS_SESSION}', '${BEN}', '${EVENT}');
       update wizard_sessions set event_id = '${HIS_EVENT}' where id = '${SESSION}'`,
    ),
  );

  it("shows Ada nothing of Ben's", async () => {
    expect(await ada.ask(DOCUMENT, { session: SESSION, event: EVENT })).toEqual({
      wizardSession: { eventId: HIS_EVENT, event: null },
      event: { wizardSessions: none },
    });
  });

  it("shows Ben nothing of Ada's", async () => {
    expect(await ben.ask(DOCUMENT, { session: HIS_SESSION, event: HIS_EVENT })).toEqual({
      wizardSession: { eventId: EVENT, event: null },
      event: { wizardSessions: none },
    });
  });

  it("is visible to a trusted back end", async () => {
    const service = await api.service();
    expect(await service.ask(DOCUMENT, { session: SESSION, event: EVENT })).toMatchObject({
      wizardSession: { event: { title: "His" } },
      event: { wizardSessions: { nodes: [{ id: HIS_SESSION }], totalCount: 1 } },
    });
  });
});
