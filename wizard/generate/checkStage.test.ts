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
  it("accepts a stage that everything here can read", () => expect(messageFor(TRIP)).toBeUndefined());

  it.each(STAGES)("accepts the stages that there are: $key", ({ schema }) =>
    expect(messageFor(schema)).toBeUndefined(),
  );

  it.each([
    ["/properties/days", { title: "Days", type: "array", items: { type: "integer" }, minItems: 1 }],
    ["/properties/size", { title: "Size", type: "integer", enum: [1, 2] }],
    ["/properties/home", { title: "Home", type: "object", properties: { city: { title: "City", type: "string" } } }],
    ["/properties/price", { title: "Price", type: "number", multipleOf: 0.5, exclusiveMaximum: 9 }],
  ])("accepts a field such as %s", (at, field) => expect(messageFor(withValue(TRIP, at, field))).toBeUndefined());

  it.each([5, null, [], "schema", true])("refuses %j", (schema) => {
    expect(messageFor(schema)).toMatch(/^StageFileError: 1-trip: /);
  });

  it.each<[what: string, at: string, value: unknown, message: string | RegExp]>([
    ["no object", "/type", "string", /strictTypes/],
    [
      "a keyword that nobody knows",
      "/properties/note/maxlength",
      5,
      /^StageFileError: 1-trip: .*unknown keyword: "maxlength"$/,
    ],
    ["a format that nobody knows", "/properties/note/format", "phone", /unknown format "phone"/],
    ["a pattern that is none", "/properties/note/pattern", "(", /[Ii]nvalid regular expression/],
    ["a wrong value of a keyword", "/properties/note/maxLength", "5", /schema is invalid/],
    ["no label", "/properties/note/title", "", '1-trip/note needs a "title": it is the label.'],
    ["several types", "/properties/note/type", ["string", "null"], '1-trip/note needs one "type".'],
    ["no type", "/properties/note", { title: "Note" }, '1-trip/note needs one "type".'],
    [
      "a keyword for groups of a text",
      "/properties/note/allOf",
      [{ type: "string" }],
      '1-trip/note uses "allOf", which nothing here understands in this place.',
    ],
    [
      "another way to combine schemas",
      "/anyOf",
      [{ required: ["note"] }],
      '1-trip uses "anyOf", which nothing here understands in this place.',
    ],
    ["definitions elsewhere", "/$defs", {}, '1-trip uses "$defs", which nothing here understands in this place.'],
    [
      "choices that are no values",
      "/properties/means/oneOf/0",
      { type: "string", title: "Any" },
      '1-trip/means may have only {"const": …, "title": …} in "oneOf".',
    ],
    [
      "choices without labels",
      "/properties/means/oneOf/0",
      { const: "x" },
      '1-trip/means may have only {"const": …, "title": …} in "oneOf".',
    ],
    [
      "a collection without a limit",
      "/properties/stops/maxProperties",
      undefined,
      '1-trip/stops needs "maxProperties": somebody may send a collection of any size.',
    ],
    [
      "a collection with fields of its own",
      "/properties/stops/properties",
      {},
      '1-trip/stops uses "properties", which nothing here understands in this place.',
    ],
    [
      "a fault in an entry",
      "/properties/stops/additionalProperties/properties/place/title",
      "",
      '1-trip/stops/*/place needs a "title": it is the label.',
    ],
    ["a fault in a branch", "/allOf/0/then/properties/seat/title", "", '1-trip/seat needs a "title": it is the label.'],
    ["a required field that is none", "/required/0", "meals", "1-trip/meals is required, and no field."],
    [
      "a required field of another branch",
      "/allOf/1/then/required/0",
      "line",
      "1-trip/line is required, and no field.",
    ],
    [
      "a field in two places",
      "/allOf/2/then/properties/note",
      { title: "Note", type: "string" },
      "1-trip/note is there twice: a field is defined in one place.",
    ],
    [
      "an else",
      "/allOf/0/else",
      { required: ["note"] },
      '1-trip uses "else", which nothing here understands in this place.',
    ],
    [
      "a part without a condition",
      "/allOf/0/if",
      undefined,
      /"then" without "if"|may have only \{"if": …, "then": …\} in "allOf"/,
    ],
    [
      "another kind of condition",
      "/allOf/0/if/not",
      {},
      '1-trip: if uses "not", which nothing here understands in this place.',
    ],
    [
      "a condition that holds where nothing was answered",
      "/allOf/0/if/required",
      undefined,
      '1-trip needs "required" in "if": the fields that the others depend on.',
    ],
    [
      "a condition on no field",
      "/allOf/2/if/required/0",
      "meals",
      `1-trip/meals is asked for in "if", and not among the "properties" beside it.`,
    ],
    [
      "a condition on a field that may be hidden",
      "/allOf/2/if/required/0",
      "seat",
      `1-trip/seat is asked for in "if", and not among the "properties" beside it.`,
    ],
    [
      "a condition on a collection",
      "/allOf/2/if/required/0",
      "stops",
      '1-trip/stops is no single answer, as an "if" needs.',
    ],
    [
      "a condition half of which always holds",
      "/allOf/2/if/properties",
      { note: { const: "x" } },
      '1-trip/note has to be "required" in the same "if".',
    ],
    [
      "a condition on a length",
      "/allOf/0/if/properties/means",
      { type: "string" },
      '1-trip/means: if uses "type", which nothing here understands in this place.',
    ],
    [
      "a condition that can't come true",
      "/allOf/1/if/properties/means/const",
      "plane",
      `1-trip/means can't be "plane", as an "if" expects.`,
    ],
    [
      "something else to demand than fields",
      "/allOf/2/then/minProperties",
      2,
      '1-trip: then uses "minProperties", which nothing here understands in this place.',
    ],
  ])("refuses %s", (_, at, value, message) => {
    expect(messageFor(edited(TRIP, at, value))).toEqual(
      typeof message === "string" ? `StageFileError: ${message}` : expect.stringMatching(message),
    );
  });
});

/** Like `withValue`, also through lists; undefined takes away. */
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
