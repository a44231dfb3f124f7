import { describe, expect, it } from "@jest/globals";
import { STAGES } from "../stages.ts";
import { withValue } from "../testing/edit.ts";
import { TRIP } from "../testing/trip.ts";
import { checkStage } from "./checkStage.ts";

const messageFor = (schema: unknown) => {
  try {
    checkStage("1-trip", schema);
    return undefined;
  } catch (error) {
    return String(error);
  }
};

describe("checkStage", () => {
  it("accepts a supported stage", () => expect(messageFor(TRIP)).toBeUndefined());

  it.each(STAGES)("accepts the stage $key of the wizard", ({ schema }) => expect(messageFor(schema)).toBeUndefined());

  it.each([
    ["/properties/days", { title: "Days", type: "array", items: { type: "integer" }, minItems: 1 }],
    ["/properties/size", { title: "Size", type: "integer", enum: [1, 2] }],
    ["/properties/home", { title: "Home", type: "object", properties: { city: { title: "City", type: "string" } } }],
    ["/properties/price", { title: "Price", type: "number", multipleOf: 0.5, exclusiveMaximum: 9 }],
  ])("accepts the field %s", (at, field) => expect(messageFor(withValue(TRIP, at, field))).toBeUndefined());

  it("accepts a condition on a field of another branch that repeats that branch's condition", () => {
    const branch = JSON.parse(
      '{"if": {"properties": {"means": {"const": "train"}}, "required": ["means", "seat"]}, "then": {"required": ["line"]}}',
    );
    expect(messageFor({ ...TRIP, allOf: [...(TRIP.allOf ?? []), branch] })).toBeUndefined();
  });

  it.each([5, null, [], "schema", true])("refuses %j", (schema) => {
    expect(messageFor(schema)).toMatch(/^StageFileError: 1-trip: /);
  });

  it.each<[what: string, at: string, value: unknown, message: string | RegExp]>([
    ["a stage that is not an object", "/type", "string", /strictTypes/],
    ["an unknown keyword", "/properties/note/maxlength", 5, /^StageFileError: 1-trip: .*unknown keyword: "maxlength"$/],
    ["an unknown format", "/properties/note/format", "phone", /unknown format "phone"/],
    ["an invalid pattern", "/properties/note/pattern", "(", /[Ii]nvalid regular expression/],
    ["an invalid value of a keyword", "/properties/note/maxLength", "5", /schema is invalid/],
    [
      "a field without a label",
      "/properties/note/title",
      "",
      '1-trip/note needs a "title": it is the label of the field.',
    ],
    [
      "a field with several types",
      "/properties/note/type",
      ["string", "null"],
      '1-trip/note needs exactly one "type".',
    ],
    ["a field without a type", "/properties/note", { title: "Note" }, '1-trip/note needs exactly one "type".'],
    [
      "a keyword of groups in a text field",
      "/properties/note/allOf",
      [{ type: "string" }],
      '1-trip/note uses "allOf", which is not supported here.',
    ],
    [
      "other keywords that combine schemas",
      "/anyOf",
      [{ required: ["note"] }],
      '1-trip uses "anyOf", which is not supported here.',
    ],
    ["definitions to refer to", "/$defs", {}, '1-trip uses "$defs", which is not supported here.'],
    [
      "options without a value",
      "/properties/means/oneOf/0",
      { type: "string", title: "Any" },
      '1-trip/means needs {"const": …, "title": …} for each option in "oneOf".',
    ],
    [
      "options without a label",
      "/properties/means/oneOf/0",
      { const: "x" },
      '1-trip/means needs {"const": …, "title": …} for each option in "oneOf".',
    ],
    [
      "a collection without a limit",
      "/properties/stops/maxProperties",
      undefined,
      '1-trip/stops needs "maxProperties": without it, a client can send any number of entries.',
    ],
    [
      "a collection with fields of its own",
      "/properties/stops/properties",
      {},
      '1-trip/stops uses "properties", which is not supported here.',
    ],
    [
      "an error in an entry",
      "/properties/stops/additionalProperties/properties/place/title",
      "",
      '1-trip/stops/*/place needs a "title": it is the label of the field.',
    ],
    [
      "an error in a branch",
      "/allOf/0/then/properties/seat/title",
      "",
      '1-trip/seat needs a "title": it is the label of the field.',
    ],
    ["an undefined required field", "/required/0", "meals", '1-trip/meals is in "required" but not in "properties".'],
    [
      "a required field of another branch",
      "/allOf/1/then/required/0",
      "line",
      '1-trip/line is in "required" but not in "properties".',
    ],
    [
      "a field that is defined twice",
      "/allOf/2/then/properties/note",
      { title: "Note", type: "string" },
      "1-trip/note is defined twice: define each field in one place.",
    ],
    ["an else branch", "/allOf/0/else", { required: ["note"] }, '1-trip uses "else", which is not supported here.'],
    [
      "a branch without a condition",
      "/allOf/0/if",
      undefined,
      /"then" without "if"|needs \{"if": …, "then": …\} for each part of "allOf"/,
    ],
    ["an unsupported kind of condition", "/allOf/0/if/not", {}, '1-trip: if uses "not", which is not supported here.'],
    [
      "a condition that holds without any answer",
      "/allOf/0/if/required",
      undefined,
      '1-trip needs "required" in "if": the fields that the others depend on.',
    ],
    [
      "a condition on an undefined field",
      "/allOf/2/if/required/0",
      "meals",
      `1-trip/meals is used in "if" but may be hidden: define it next to "allOf", or repeat the condition that shows it.`,
    ],
    [
      "a condition on a field that may be hidden",
      "/allOf/2/if/required/0",
      "seat",
      `1-trip/seat is used in "if" but may be hidden: define it next to "allOf", or repeat the condition that shows it.`,
    ],
    [
      "a condition on a collection",
      "/allOf/2/if/required/0",
      "stops",
      `1-trip/stops is a group or a collection, which "if" can't use.`,
    ],
    [
      "a condition on a value that may be missing",
      "/allOf/2/if/properties",
      { note: { const: "x" } },
      '1-trip/note must also be in "required" of the same "if".',
    ],
    [
      "a condition on a length",
      "/allOf/0/if/properties/means",
      { type: "string" },
      '1-trip/means: if uses "type", which is not supported here.',
    ],
    [
      "a condition that can never hold",
      "/allOf/1/if/properties/means/const",
      "plane",
      `1-trip/means never has the value "plane" used in "if".`,
    ],
    [
      "a requirement other than fields",
      "/allOf/2/then/minProperties",
      2,
      '1-trip: then uses "minProperties", which is not supported here.',
    ],
  ])("refuses %s", (_, at, value, message) => {
    expect(messageFor(edited(TRIP, at, value))).toEqual(
      typeof message === "string" ? `StageFileError: ${message}` : expect.stringMatching(message),
    );
  });
});

/** Like `withValue`, but also for items of lists. `undefined` removes the value. */
function edited(schema: unknown, pointer: string, value: unknown): unknown {
  const copy = structuredClone(schema);
  const names = pointer.split("/").slice(1);
  const last = names.pop() ?? "";
  const parent = names.reduce<Record<string, unknown>>(
    (inner, name) => inner[name] as Record<string, unknown>,
    copy as Record<string, unknown>,
  );
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}
