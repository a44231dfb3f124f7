import { readFileSync } from "node:fs";
import { describe, expect, it, jest } from "@jest/globals";
import {
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  getNamedType,
  type IntrospectionQuery,
  isEnumType,
  isInputObjectType,
  isObjectType,
  lexicographicSortSchema,
  printSchema,
} from "graphql";
import pg from "pg";
import { useTestApi } from "../testkit/api.ts";
import { exportSchema } from "./exportSchema.ts";

const api = useTestApi();
const schema = buildSchema(readFileSync(new URL("schema.graphql", import.meta.url), "utf8"));

interface Described {
  readonly description?: string | null | undefined;
}

/** The fields of an object or input type, by name; empty for an unknown type. */
function fieldsOf(typeName: string): Record<string, Described & { readonly type: { toString(): string } }> {
  const type = schema.getType(typeName);
  return isObjectType(type) || isInputObjectType(type) ? type.getFields() : {};
}
const namesOf = (typeName: string) => Object.keys(fieldsOf(typeName)).toSorted();
const typeOf = (typeName: string, field: string) => String(fieldsOf(typeName)[field]?.type);

// The types of a single row of a table.
const ROWS = Object.values(schema.getQueryType()?.getFields() ?? {})
  .map(({ type }) => getNamedType(type).name)
  .filter((name) => !/(Connection|State|Stage|Page|JSON)$|^Published/.test(name))
  .toSorted();

it("is the schema that the server returns", async () => {
  const anon = api.anon();
  const served = buildClientSchema(await anon.ask<IntrospectionQuery>(getIntrospectionQuery()));
  expect(printSchema(lexicographicSortSchema(served))).toBe(printSchema(lexicographicSortSchema(schema)));
});

it("has no smart tag for something that does not exist", async () => {
  const warn = jest.spyOn(console, "warn").mockReturnValue();
  const pool = new pg.Pool({ connectionString: api.db.authUrl });
  pool.on("error", () => {});
  await exportSchema(pool);
  await pool.end();
  expect(warn.mock.calls).toEqual([]);
  warn.mockRestore();
});

describe("queries", () => {
  it("are one row by its id, and lists", () => {
    expect(ROWS).toEqual(["Event", "Profile", "WizardSession"]);
    const queries = [
      ...["event", "events", "exportMyData", "exportMyDataPage", "profile", "profiles", "publishedEvent"],
      ...["wizardFunnel", "wizardSession", "wizardSessionAt", "wizardSessions", "wizardStages"],
    ];
    expect(namesOf("Query")).toEqual(queries);
  });

  it.each(ROWS)("find a %s by `id: UUID!` and by nothing else", (row) => {
    const query = schema.getQueryType()?.getFields()[row.charAt(0).toLowerCase() + row.slice(1)];
    expect(query?.args.map(({ name, type }) => `${name}: ${type}`)).toEqual(["id: UUID!"]);
    expect(typeOf(row, "id")).toBe("UUID!");
  });

  it("have no global ids", () => {
    const fields = Object.keys(schema.getTypeMap()).flatMap(namesOf);
    expect(fields).toContain("id");
    expect(fields.filter((field) => /^(nodeId|rowId)$/.test(field))).toEqual([]);
    expect(schema.getType("Node")).toBeUndefined();
  });

  it("return the fields of a session that the wizard needs", () => {
    const fields = namesOf("WizardSession").map((field) => `${field}: ${typeOf("WizardSession", field)}`);
    expect(fields).toEqual([
      ...["completedAt: Datetime", "definitionVersion: Int!", "event: Event", "eventId: UUID", "id: UUID!"],
      "lastSavedAt: Datetime!",
      ...["problems: [WizardProblem!]!", "progress: [WizardStageProgress!]!"],
      ...["revision: Int!", "revisions: WizardSessionRevisionConnection!", "stage: Int!", "startedAt: Datetime!"],
      ...["state: JSON!", "status: WizardSessionStatus!", "title: String", "user: Profile", "userId: UUID!"],
    ]);
  });

  it.each([
    ["WizardSessionStatus", ["ABANDONED", "COMPLETED", "IN_PROGRESS"]],
    ["EventStatus", ["CANCELLED", "DRAFT", "PUBLISHED"]],
  ])("%s is an enum", (name, values) => {
    const type = schema.getType(name);
    expect(
      isEnumType(type) &&
        type
          .getValues()
          .map((value) => value.name)
          .toSorted(),
    ).toEqual(values);
  });
});

describe("subscriptions", () => {
  it("are the saves of a session", () => {
    const fields = Object.values(schema.getSubscriptionType()?.getFields() ?? {});
    expect(
      fields.map(({ name, args, type }) => `${name}(${args.map((arg) => `${arg.name}: ${arg.type}`)}): ${type}`),
    ).toEqual(["wizardSessionChanged(id: UUID!): WizardSessionChange!"]);
  });
});

describe("mutations", () => {
  it("are those that a user needs", () => {
    expect(namesOf("Mutation")).toEqual([
      ...["cancelEvent", "completeWizardSession", "createEvent", "createWizardSession", "deleteEvent"],
      ...["deleteWizardSession", "duplicateEvent", "eraseMe", "restoreWizardSession", "saveWizardSession"],
      ...["startWizardSession", "unpublishEvent", "updateEvent", "updateProfile", "updateWizardSession"],
    ]);
  });

  it.each([
    ["WizardSessionInput", ["definitionVersion", "eventId", "id", "stage", "state", "status", "userId"]],
    ["WizardSessionPatch", ["definitionVersion", "eventId", "revision", "stage", "state", "status"]],
    ["EventInput", ["endsAt", "id", "ownerId", "startsAt", "title"]],
    ["EventPatch", ["endsAt", "revision", "startsAt", "title"]],
    ["ProfileInput", []],
    ["ProfilePatch", ["displayName"]],
  ])("%s has no field that only the database sets", (input, fields) => {
    expect(namesOf(input)).toEqual(fields);
  });

  it("the funnel has numbers, some of them nullable", () => {
    expect(typeOf("Query", "wizardFunnel")).toBe("[WizardFunnelStage!]!");
    expect(namesOf("WizardFunnelStage").map((field) => `${field}: ${typeOf("WizardFunnelStage", field)}`)).toEqual([
      ...["abandoned: Int!", "completed: Int!", "dropOff: Int!", "key: String!", "medianSeconds: Int"],
      ...["p90Seconds: Int", "reached: Int!", "stage: Int!", "started: Int!", "title: String!"],
    ]);
  });

  it.each(["WizardSession", "Event", "Profile"])("Update%sInput names the row by its id alone", (row) => {
    expect(namesOf(`Update${row}Input`)).toEqual(["clientMutationId", "id", "patch"]);
    expect(typeOf(`Update${row}Input`, "id")).toBe("UUID!");
  });

  it.each(["WizardSession", "Event"])("Delete%sInput names the row by its id alone", (row) => {
    expect(namesOf(`Delete${row}Input`)).toEqual(["clientMutationId", "id"]);
    expect(typeOf(`Delete${row}Input`, "id")).toBe("UUID!");
  });

  it.each([
    [
      "SaveWizardSessionInput",
      ["baseRevision: Int!", "baseValues: JSON", "id: UUID!", "patch: JSON!", "saveId: UUID!", "stage: Int"],
    ],
    [
      "CompleteWizardSessionInput",
      ["asNewEvent: Boolean", "baseRevision: Int!", "eventRevision: Int", "hideEvent: Boolean", "id: UUID!"],
    ],
    ["CompleteWizardSessionPayload", ["event: Event", "wizardSession: WizardSession!"]],
    ["RestoreWizardSessionInput", ["baseRevision: Int", "id: UUID!", "revision: Int!", "saveId: UUID"]],
    ["StartWizardSessionInput", ["eventId: UUID", "id: UUID!"]],
    [
      "SaveWizardSessionPayload",
      ["conflicts: [SaveConflict!]!", "outcome: SaveOutcome!", "wizardSession: WizardSession!"],
    ],
    ["EraseMeInput", ["atMost: Int", "clientMutationId: String", "userId: UUID!"]],
    ["MyDataPage", ["next: String", "rows: JSON!"]],
    ["SaveConflict", ["base: JSON", "pointer: String!", "theirs: JSON", "yours: JSON"]],
    [
      "WizardSessionState",
      ["definitionVersion: Int!", "revision: Int!", "savedAt: Datetime!", "stage: Int!", "state: JSON!"],
    ],
    [
      "WizardSessionChange",
      [
        ...["kind: WizardSessionChangeKind!", "revision: Int!", "saveId: UUID", "savedBy: UUID", "stage: Int!"],
        "wizardSession: WizardSession",
      ],
    ],
    [
      "WizardSessionRevision",
      [
        ...["changedPaths: [String!]!", "definitionVersion: Int!", "revision: Int!", "saveId: UUID"],
        ...["savedAt: Datetime!", "savedBy: UUID", "size: Int!"],
        ...["stage: Int!", "status: WizardSessionRevisionStatus!"],
      ],
    ],
  ])("%s has these fields", (type, fields) => {
    expect(namesOf(type).map((field) => `${field}: ${typeOf(type, field)}`)).toEqual(fields);
  });

  it("require no field of a new session", () => {
    expect(namesOf("WizardSessionInput").filter((field) => typeOf("WizardSessionInput", field).endsWith("!"))).toEqual(
      [],
    );
  });
});

describe("descriptions", () => {
  const saving = [
    "PublishedEvent",
    "PublishedTicket",
    "EventTicket",
    "EventPrivateDetail",
    "SaveWizardSessionInput",
    "SaveWizardSessionPayload",
    "SaveConflict",
    "WizardSessionState",
    "WizardFunnelStage",
  ];
  const explained = [...ROWS, "WizardSessionStatus", "EventStatus", "SaveOutcome", "WizardSessionRevision"];

  it.each(explained)("%s has one", (name) => {
    expect(schema.getType(name)?.description).toMatch(/\w{3}/);
  });

  it.each([...ROWS.flatMap((row) => [row, `${row}Input`, `${row}Patch`]), ...saving, "WizardSessionRevision"])(
    "every field of %s has one",
    (name) => {
      const silent = Object.entries(fieldsOf(name)).filter(([, { description }]) => !description);
      expect(silent.map(([field]) => `${name}.${field}`)).toEqual([]);
    },
  );

  it("contain no smart tags", () => {
    expect(printSchema(schema)).not.toMatch(/@(behavior|fieldName|foreignFieldName|omit|name)\b/);
  });
});
