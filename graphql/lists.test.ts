import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { buildSchema, isEnumType, isInputObjectType } from "graphql";
import { ClientError } from "graphql-request";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { ADA, BEN, FAIR, FETE, insertSampleSessions, numbersOf, sampleId } from "../testkit/sampleSessions.ts";
import { createSession, updateSession } from "../testkit/sessions.ts";

const api = useTestApi();
const schema = buildSchema(readFileSync(new URL("schema.graphql", import.meta.url), "utf8"));
let ada: Caller;
let ben: Caller;
beforeAll(async () => {
  await insertSampleSessions(api.db);
  [ada, ben] = [await api.user(ADA), await api.user(BEN)];
});

interface Listed {
  readonly wizardSessions: { readonly totalCount: number; readonly nodes: readonly { readonly id: string }[] };
}

/** The numbers of the sessions that a caller gets. Checks the total count too. */
async function list(args: string, caller = ada): Promise<number[]> {
  const { wizardSessions } = await caller.ask<Listed>(`{ wizardSessions${args} { totalCount nodes { id } } }`);
  expect(wizardSessions.totalCount).toBe(wizardSessions.nodes.length);
  return numbersOf(wizardSessions.nodes);
}

/** The answer to unknown arguments. */
async function unknown(args: string): Promise<ClientError["response"]> {
  const answer = await ada.ask(`{ wizardSessions(${args}) { totalCount } }`).catch((error: unknown) => error);
  if (answer instanceof ClientError) return answer.response;
  throw new Error(`This was not refused: ${JSON.stringify(answer)}`);
}

const COLUMNS = [
  ...["completedAt", "eventId", "id", "lastSavedAt", "revision", "stage", "startedAt", "status", "userId"],
] as const;
const toConstant = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

function fieldsOf(input: string): string[] {
  const type = schema.getType(input);
  return isInputObjectType(type) ? Object.keys(type.getFields()).toSorted() : [];
}

describe("a list without conditions", () => {
  it("contains all of the caller's sessions and no others", async () => {
    expect(await list("")).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await list("", ben)).toEqual([7, 8]);
  });

  it("contains all users' sessions for a trusted back end", async () => {
    expect(await list("", await api.service())).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe("a condition", () => {
  it.each([
    [`id: "${sampleId(2)}"`, [2]],
    [`userId: "${ADA}"`, [1, 2, 3, 4, 5, 6]],
    [`eventId: "${FAIR}"`, [2, 5, 6]],
    ["eventId: null", [3, 4]],
    ["stage: 3", [1, 4, 6]],
    ["status: IN_PROGRESS", [1, 3, 6]],
    ["revision: 7", [5]],
    ['startedAt: "2026-03-03T12:00:00Z"', [1]],
    ['lastSavedAt: "2026-03-06T12:00:00+01:00"', [5]],
    ['completedAt: "2026-03-04T11:00:00Z"', [2]],
    ["status: IN_PROGRESS, stage: 3", [1, 6]],
    ["stage: 2", []],
    [`userId: "${BEN}"`, []],
    [`id: "${sampleId(7)}"`, []],
    ["revision: 99", []],
  ])("{ %s } selects the matching sessions", async (condition, expected) => {
    expect(await list(`(condition: { ${condition} })`)).toEqual(expected);
  });

  it("can name every column except the state", () => {
    expect(fieldsOf("WizardSessionCondition")).toEqual(COLUMNS);
  });
});

describe("a filter", () => {
  const OPERATORS = [
    ...["equalTo", "greaterThan", "greaterThanOrEqualTo", "in", "isNull"],
    ...["lessThan", "lessThanOrEqualTo", "notEqualTo", "notIn"],
  ];

  it.each([
    ["stage: { equalTo: 3 }", [1, 4, 6]],
    ["stage: { notEqualTo: 3 }", [2, 3, 5]],
    ["stage: { in: [1, 6] }", [2, 3, 5]],
    ["stage: { in: [] }", []],
    ["stage: { notIn: [1, 6] }", [1, 4, 6]],
    ["revision: { lessThan: 4 }", [3, 4]],
    ["revision: { lessThanOrEqualTo: 4 }", [1, 3, 4]],
    ["revision: { greaterThan: 5 }", [2, 5]],
    ["revision: { greaterThanOrEqualTo: 5 }", [2, 5, 6]],
    ["completedAt: { isNull: true }", [1, 3, 4, 6]],
    ["completedAt: { isNull: false }", [2, 5]],
    ["status: { equalTo: ABANDONED }", [4]],
    ["status: { in: [ABANDONED, COMPLETED] }", [2, 4, 5]],
    ["status: { notIn: [IN_PROGRESS] }", [2, 4, 5]],
    [`id: { in: ["${sampleId(1)}", "${sampleId(7)}"] }`, [1]],
    [`eventId: { notEqualTo: "${FAIR}" }`, [1]],
    [`eventId: { in: ["${FETE}"] }`, [1]],
    [`userId: { equalTo: "${BEN}" }`, []],
    [`userId: { notEqualTo: "${ADA}" }`, []],
    ['lastSavedAt: { lessThan: "2026-03-04T12:00:00Z" }', [2, 4]],
    ['startedAt: { greaterThanOrEqualTo: "2026-03-03T12:00:00Z" }', [1, 3]],
    ["stage: { greaterThan: 1, lessThan: 6 }", [1, 4, 6]],
    ["stage: { equalTo: 3 }, status: { equalTo: IN_PROGRESS }", [1, 6]],
    ["and: [{ stage: { equalTo: 3 } }, { revision: { lessThan: 5 } }]", [1, 4]],
    ["or: [{ stage: { equalTo: 1 } }, { revision: { equalTo: 9 } }]", [2, 3]],
    ["or: [{ stage: { equalTo: 1 } }, { stage: { notEqualTo: 1 } }]", [1, 2, 3, 4, 5, 6]],
  ])("{ %s } selects the matching sessions", async (filter, expected) => {
    expect(await list(`(filter: { ${filter} })`)).toEqual(expected);
  });

  it("can be combined with a condition", async () => {
    expect(await list("(condition: { stage: 3 }, filter: { revision: { greaterThan: 3 } })")).toEqual([1, 6]);
  });

  it.each([
    ["WizardSessionFilter", COLUMNS],
    ["EventFilter", ["createdAt", "endsAt", "id", "ownerId", "slug", "startsAt", "status", "title"]],
    ["ProfileFilter", ["id"]],
  ])("%s can name its columns, and none of other tables", (input, columns) => {
    expect(fieldsOf(input)).toEqual([...columns, "and", "or"].toSorted());
  });

  it.each([
    "DatetimeFilter",
    "EventStatusFilter",
    "IntFilter",
    "StringFilter",
    "UUIDFilter",
    "WizardSessionStatusFilter",
  ])("%s has the nine operators that an index supports, and no others", (input) => {
    expect(fieldsOf(input)).toEqual(OPERATORS);
  });

  it.each([
    ["status: { likeInsensitive: IN_PROGRESS }", "likeInsensitive"],
    ["stage: { distinctFrom: 3 }", "distinctFrom"],
    ["state: { contains: {} }", "state"],
    ['user: { displayName: { equalTo: "Ada" } }', "user"],
  ])("is refused if it is { %s }", async (filter, named) => {
    const { status, errors } = await unknown(`filter: { ${filter} }`);
    expect(status).toBe(400);
    expect(errors).toEqual([expect.objectContaining({ extensions: { code: "INVALID_INPUT" } })]);
    expect(errors?.[0]?.message).toContain(named);
  });

  // If null meant "no filter", a variable left out by mistake would show everything.
  it.each(["stage: null", "stage: { equalTo: null }", "stage: { in: null }"])(
    "is refused if it is { %s }",
    async (filter) => {
      const { extensions } = await ada.refused(`{ wizardSessions(filter: { ${filter} }) { totalCount } }`);
      expect(extensions).toEqual({ code: "INVALID_INPUT" });
    },
  );

  it("is refused if a value can't be read", async () => {
    const document = '{ wizardSessions(filter: { startedAt: { lessThan: "soon" } }) { totalCount } }';
    const { message, extensions } = await ada.refused(document);
    expect(extensions).toEqual({ code: "INVALID_INPUT" });
    expect(message).toBe(
      '`lessThan` can\'t be "soon". Send a time with its offset from UTC, in the years 1 to 9999, such as 2027-06-19T18:00:00+02:00.',
    );
  });
});

describe("an order", () => {
  const ORDERS = COLUMNS.flatMap((column) => ["ASC", "DESC"].map((direction) => ({ column, direction })));

  it.each(ORDERS)("by $column $direction is PostgreSQL's own", async ({ column, direction }) => {
    const { rows } = await api.db.root.query<{ id: string }>(
      `select id from wizard_sessions where user_id = $1 order by ${toConstant(column)} ${direction}, id ${direction}`,
      [ADA],
    );
    expect(await list(`(orderBy: ${toConstant(column)}_${direction})`)).toEqual(numbersOf(rows));
  });

  it("can name two columns", async () => {
    expect(await list("(orderBy: [STAGE_DESC, REVISION_DESC])")).toEqual([2, 5, 6, 1, 4, 3]);
    expect(await list("(orderBy: [STATUS_ASC, LAST_SAVED_AT_DESC])")).toEqual([4, 5, 2, 3, 1, 6]);
  });

  it.each([
    ["WizardSessionOrderBy", COLUMNS],
    ["EventOrderBy", ["createdAt", "endsAt", "id", "ownerId", "startsAt", "status", "title"]],
    ["ProfileOrderBy", ["id"]],
  ])("%s has its columns in both directions, and none of other tables", (name, columns) => {
    const type = schema.getType(name);
    const both = [...columns, "primaryKey"].flatMap((column) => [
      `${toConstant(column)}_ASC`,
      `${toConstant(column)}_DESC`,
    ]);
    const offered = isEnumType(type) ? type.getValues().map((value) => value.name) : [];
    expect(offered.toSorted()).toEqual([...both, "NATURAL"].toSorted());
  });
});

describe("the session to continue", () => {
  const RESUME = `{
    wizardSessions(condition: { status: IN_PROGRESS }, orderBy: LAST_SAVED_AT_DESC, first: 1) { nodes { id } }
  }`;
  const resumed = async (caller: Caller) => (await caller.ask<Listed>(RESUME)).wizardSessions.nodes;

  it("is the one in progress that was saved last", async () => {
    expect(numbersOf(await resumed(ada))).toEqual([3]);
    expect(numbersOf(await resumed(ben))).toEqual([7]);
  });

  it("changes when another one is saved, and when it is abandoned", async () => {
    const carol = await api.user();
    expect(await resumed(carol)).toEqual([]);
    const [first, second] = [await createSession(carol), await createSession(carol)];
    expect(await resumed(carol)).toEqual([{ id: second.id }]);
    await updateSession(carol, first.id, { stage: 2 });
    expect(await resumed(carol)).toEqual([{ id: first.id }]);
    await updateSession(carol, first.id, { status: "ABANDONED" });
    expect(await resumed(carol)).toEqual([{ id: second.id }]);
  });
});
