import { readFileSync } from "node:fs";
import { afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { buildSchema, getNamedType, isEnumType, isObjectType } from "graphql";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { ADA, insertSampleSessions, numbersOf, withoutTriggers } from "../testkit/sampleSessions.ts";

const api = useTestApi();
const schema = buildSchema(readFileSync(new URL("schema.graphql", import.meta.url), "utf8"));

// A user with more rows in every list than a page has.
const CROWD = "c0000000-0000-4000-8000-000000000000";
const CROWDED_EVENT = "ce000000-0000-4000-8000-000000000000";
const SAVED_SESSION = "5a000000-0000-4000-8000-000000000000";
const MANY = 120;

let ada: Caller;
let service: Caller;
beforeAll(async () => {
  await insertSampleSessions(api.db);
  await withoutTriggers(
    api.db,
    `insert into profiles (id) values ('${CROWD}');
     insert into profiles (id) select gen_random_uuid() from generate_series(1, ${MANY});
     insert into events (id, owner_id, title) values ('${CROWDED_EVENT}', '${CROWD}', 'Crowded');
     insert into events (owner_id, title) select '${CROWD}', 'Event ' || n from generate_series(1, ${MANY}) n;
     insert into event_tickets (event_id, key, name, kind, quantity)
     select '${CROWDED_EVENT}', n, 'Seat', 'free', 1 from generate_series(1, ${MANY}) n;
     insert into wizard_sessions (user_id, event_id) select '${CROWD}', '${CROWDED_EVENT}' from generate_series(2, ${MANY});
     insert into wizard_sessions (id, user_id) values ('${SAVED_SESSION}', '${CROWD}');
     insert into wizard_session_revisions (session_id, revision, stage, status, patch, size, saved_at)
     select '${SAVED_SESSION}', n, 1, 'in_progress', '{}', 2, now() from generate_series(1, ${MANY}) n`,
  );
  [ada, service] = [await api.user(ADA), await api.service()];
});

interface Page {
  readonly nodes: readonly { readonly id: string }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string;
    readonly endCursor: string;
  };
}

async function page(args: string, caller = ada): Promise<Page> {
  const selection = "nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";
  const answer = await caller.ask<{ readonly wizardSessions: Page }>(`{ wizardSessions(${args}) { ${selection} } }`);
  return answer.wizardSessions;
}

/** Reads all pages in one direction. Fails if they don't end. */
async function turn(first: string, next: (page: Page) => string | undefined): Promise<number[][]> {
  const pages: number[][] = [];
  for (let args: string | undefined = first; args !== undefined && pages.length < 10; ) {
    const current = await page(args);
    pages.push(numbersOf(current.nodes));
    args = next(current);
  }
  return pages;
}

const orderType = schema.getType("WizardSessionOrderBy");
const ORDERS = isEnumType(orderType)
  ? orderType.getValues().flatMap(({ name }) => (name === "NATURAL" ? [] : [name]))
  : [];

describe("cursors", () => {
  afterEach(() => void jest.restoreAllMocks());

  it("are tested for at least this many orders below", () => {
    expect(ORDERS.length).toBeGreaterThanOrEqual(18);
  });

  it.each(ORDERS)("visit every session once, forwards and backwards, by %s", async (orderBy) => {
    const all = numbersOf((await page(`orderBy: ${orderBy}`)).nodes);
    expect(all.toSorted()).toEqual([1, 2, 3, 4, 5, 6]);

    const forwards = await turn(`orderBy: ${orderBy}, first: 4`, ({ pageInfo }) =>
      pageInfo.hasNextPage ? `orderBy: ${orderBy}, first: 4, after: "${pageInfo.endCursor}"` : undefined,
    );
    expect(forwards).toEqual([all.slice(0, 4), all.slice(4)]);

    const backwards = await turn(`orderBy: ${orderBy}, last: 4`, ({ pageInfo }) =>
      pageInfo.hasPreviousPage ? `orderBy: ${orderBy}, last: 4, before: "${pageInfo.startCursor}"` : undefined,
    );
    expect(backwards).toEqual([all.slice(2), all.slice(0, 2)]);
  });

  it("are the same on edges", async () => {
    const document = "{ wizardSessions(first: 2) { edges { cursor node { id } } pageInfo { startCursor endCursor } } }";
    interface Edges {
      readonly wizardSessions: { readonly edges: readonly { readonly cursor: string }[]; readonly pageInfo: object };
    }
    const { edges, pageInfo } = (await ada.ask<Edges>(document)).wizardSessions;
    expect(pageInfo).toEqual({ startCursor: edges[0]?.cursor, endCursor: edges[1]?.cursor });
  });

  it("do not show another user's sessions", async () => {
    const { pageInfo } = await page("orderBy: STARTED_AT_ASC, first: 1");
    const ben = await api.user();
    expect(await page(`orderBy: STARTED_AT_ASC, after: "${pageInfo.endCursor}"`, ben)).toMatchObject({ nodes: [] });
  });

  it.each(["nonsense", "WyJyZXZpc2lvbiJd"])("are refused if they are %s", async (cursor) => {
    // In development, Grafast reports the error on the console.
    jest.spyOn(console, "error").mockReturnValue();
    const { extensions } = await ada.refused(`{ wizardSessions(after: "${cursor}") { nodes { id } } }`);
    expect(extensions).toEqual({ code: "INVALID_INPUT" });
  });

  it("can be replaced by an offset", async () => {
    expect(numbersOf((await page("offset: 4")).nodes)).toEqual([5, 6]);
    const { message, extensions } = await ada.refused("{ wizardSessions(offset: -1) { nodes { id } } }");
    expect(extensions).toEqual({ code: "INVALID_INPUT" });
    expect(message).toBe("In `wizardSessions`, the offset is negative. Send 0 or more.");
  });
});

// Every connection of the API: a document, and its path in the answer.
const CONNECTIONS: Readonly<Record<string, (selection: string) => string>> = {
  "Event.tickets": (list) => `{ event(id: "${CROWDED_EVENT}") { tickets${list} } }`,
  "Event.wizardSessions": (list) => `{ event(id: "${CROWDED_EVENT}") { wizardSessions${list} } }`,
  "Profile.events": (list) => `{ profile(id: "${CROWD}") { events${list} } }`,
  "Profile.wizardSessions": (list) => `{ profile(id: "${CROWD}") { wizardSessions${list} } }`,
  "Query.events": (list) => `{ events${list} }`,
  "Query.profiles": (list) => `{ profiles${list} }`,
  "Query.wizardSessions": (list) => `{ wizardSessions${list} }`,
  "WizardSession.revisions": (list) => `{ wizardSession(id: "${SAVED_SESSION}") { revisions${list} } }`,
};

/** The number of rows of a list in the answer. */
function count(answer: unknown): number {
  const [[key, value] = ["", undefined]] = Object.entries(Object(answer));
  return key === "nodes" && Array.isArray(value) ? value.length : count(value);
}

describe("the revisions of a session", () => {
  const document = (args: string) =>
    `{ wizardSession(id: "${SAVED_SESSION}") { revisions${args} { nodes { revision } pageInfo { endCursor } } } }`;
  const revisions = async (args: string) => {
    interface Answer {
      readonly wizardSession: {
        readonly revisions: { readonly nodes: readonly { readonly revision: number }[]; readonly pageInfo: PageInfo };
      };
    }
    interface PageInfo {
      readonly endCursor: string;
    }
    const { nodes, pageInfo } = (await service.ask<Answer>(document(args))).wizardSession.revisions;
    return { numbers: nodes.map(({ revision }) => revision), pageInfo };
  };

  it("come newest first", async () => {
    expect((await revisions("(first: 3)")).numbers).toEqual([MANY, MANY - 1, MANY - 2]);
    expect((await revisions("(first: 2, orderBy: REVISION_ASC)")).numbers).toEqual([1, 2]);
  });

  it("continue from a cursor to the first one, none twice", async () => {
    const first = await revisions("(first: 70)");
    const rest = await revisions(`(first: 70, after: "${first.pageInfo.endCursor}")`);
    expect([...first.numbers, ...rest.numbers]).toEqual(Array.from({ length: MANY }, (_, place) => MANY - place));
  });
});

describe("the size of a page", () => {
  it("is tested on every list below", () => {
    const found = Object.values(schema.getTypeMap()).flatMap((type) =>
      isObjectType(type)
        ? Object.values(type.getFields())
            .filter((field) => getNamedType(field.type).name.endsWith("Connection"))
            .map((field) => `${type.name}.${field.name}`)
        : [],
    );
    expect(found.toSorted()).toEqual(Object.keys(CONNECTIONS));
  });

  describe.each(Object.entries(CONNECTIONS))("of %s", (_, documentFor) => {
    const sizeOf = async (args: string, variables = {}, head = "") =>
      count(await service.ask(`query${head} ${documentFor(`${args} { nodes { __typename } }`)}`, variables));

    it("is 50 by default", async () => {
      expect(await sizeOf("")).toBe(50);
      expect(await sizeOf("(first: null, last: null)")).toBe(50);
      expect(await sizeOf("(first: $n)", {}, "($n: Int)")).toBe(50);
    });

    it.each(["first", "last"])("can be from 0 to 100 by `%s`", async (name) => {
      for (const size of [0, 1, 51, 100]) expect(await sizeOf(`(${name}: ${size})`)).toBe(size);
      expect(await sizeOf(`(${name}: $n)`, { n: 100 }, "($n: Int)")).toBe(100);
    });

    it.each(["first", "last"])("can't be anything else by `%s`, and the error names the argument", async (name) => {
      for (const size of [101, -1, 2_147_483_647]) {
        const { message, extensions } = await service.refused(
          documentFor(`(${name}: ${size}) { nodes { __typename } }`),
        );
        expect(extensions).toEqual({ code: "INVALID_INPUT", field: name });
        expect(message).toBe(`\`${name}\` must be from 0 to 100. Use \`after\` or \`before\` to get more rows.`);
      }
      const document = `query ($n: Int) ${documentFor(`(${name}: $n) { edges { cursor } }`)}`;
      expect((await service.refused(document, { n: 101 })).extensions).toEqual({ code: "INVALID_INPUT", field: name });
    });
  });

  it("still allows to continue with a cursor", async () => {
    const crowd = await api.user(CROWD);
    const first = await page("orderBy: ID_ASC", crowd);
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const rest = await page(`orderBy: ID_ASC, first: 100, after: "${first.pageInfo.endCursor}"`, crowd);
    expect(rest.pageInfo).toMatchObject({ hasNextPage: false });
    expect(new Set([...first.nodes, ...rest.nodes].map(({ id }) => id)).size).toBe(MANY);
  });

  it("does not change the count", async () => {
    const crowd = await api.user(CROWD);
    expect(await crowd.ask("{ wizardSessions(first: 1) { totalCount } }")).toEqual({
      wizardSessions: { totalCount: MANY },
    });
  });

  it("applies to a mutation's payload too; the save is kept", async () => {
    const document = `mutation {
      createWizardSession(input: { wizardSession: {} }) {
        wizardSession { id }
        query { wizardSessions(first: 101) { nodes { id } } }
      }
    }`;
    const carol = await api.user();
    expect((await carol.refused(document)).extensions).toEqual({ code: "INVALID_INPUT", field: "first" });
    expect(await carol.ask("{ wizardSessions { totalCount } }")).toEqual({ wizardSessions: { totalCount: 1 } });
  });
});
