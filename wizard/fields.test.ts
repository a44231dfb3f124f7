import { describe, expect, it } from "@jest/globals";
import { allFieldsOf, answersOf, choicesOf, fieldsOf, schemaAt } from "./fields.ts";
import { TRIP } from "./testing/trip.ts";
import { compile } from "./validator.ts";

const shown = (value: unknown) => fieldsOf(TRIP, value).map(({ name, required }) => (required ? `${name}!` : name));

describe("fieldsOf", () => {
  it.each([
    [{}, ["means!", "phone", "stops", "note"]],
    [{ means: "train" }, ["means!", "line!", "seat", "phone", "stops", "note"]],
    [{ means: "both" }, ["means!", "line!", "seat", "phone", "stops", "note"]],
    [{ means: "bicycle" }, ["means!", "tyres!", "phone", "stops", "note!"]],
    [{ means: "rocket" }, ["means!", "phone", "stops", "note"]],
    [{ phone: "1" }, ["means!", "phone", "hours!", "stops", "note"]],
    [{ phone: 0 }, ["means!", "phone", "hours!", "stops", "note"]],
    [{ phone: " " }, ["means!", "phone", "stops", "note"]],
    [{ phone: null }, ["means!", "phone", "stops", "note"]],
    [null, ["means!", "phone", "stops", "note"]],
    [["train"], ["means!", "phone", "stops", "note"]],
    [Object.create({ phone: "1" }), ["means!", "phone", "stops", "note"]],
  ])("for the answers %j returns %j", (value, expected) => expect(shown(value)).toEqual(expected));

  it("requires the same fields as Ajv", () => {
    const check = compile(TRIP);
    for (const means of ["train", "bicycle", "both", "rocket", undefined]) {
      for (const phone of ["1", "", undefined]) {
        const answers = answersOf(TRIP, { means, phone });
        const required = check(answers).filter(({ keyword }) => keyword === "required");
        const expected = fieldsOf(TRIP, { means, phone }).filter(
          ({ name, required }) => required && !(name in answers),
        );
        expect(required.map(({ params }) => params.missingProperty).toSorted()).toEqual(
          expected.map(({ name }) => name).toSorted(),
        );
      }
    }
  });
});

describe("allFieldsOf", () => {
  it("returns all fields, those of a branch after the field that they depend on", () => {
    expect(allFieldsOf(TRIP).map(({ name }) => name)).toEqual([
      ...["means", "line", "seat", "tyres"],
      ...["phone", "hours"],
      ...["stops", "note"],
    ]);
  });
});

describe("schemaAt", () => {
  it.each([
    [[], "Trip"],
    [["seat"], "Seat"],
    [["stops"], "Stops"],
    [["stops", "any"], "Stop"],
    [["stops", "any", "place"], "Place"],
    [["unknown"], "Trip"],
  ])("finds the schema at %j", (segments, title) => expect(schemaAt(TRIP, segments).title).toBe(title));
});

describe("answersOf", () => {
  it("leaves out blank, hidden and unknown fields, and keeps invalid values", () => {
    const given = {
      means: "train",
      line: 5,
      seat: "",
      tyres: "thick",
      phone: " \n",
      hours: "9 to 5",
      stops: { a: { place: "Rome", nights: null, hotel: "Ritz" }, b: null, c: {}, d: "x" },
      note: ["a", null],
      extra: 1,
    };
    const before = structuredClone(given);
    expect(answersOf(TRIP, given)).toEqual({
      means: "train",
      line: 5,
      stops: { a: { place: "Rome" }, c: {}, d: "x" },
      note: ["a", null],
    });
    expect(given).toEqual(before);
  });

  it.each([{}, { a: null }, { a: "", b: " " }])("treats a collection without entries as no answer: %j", (stops) => {
    expect(answersOf(TRIP, { stops })).toEqual({});
  });

  it("keeps one entry over the limit and drops the rest", () => {
    const stop = { place: "Rome" };
    expect(Object.keys(answersOf(TRIP, { stops: { c: stop, b: stop, a: stop } }).stops ?? {})).toEqual(["c", "b", "a"]);
    const tooMany = { f: stop, e: stop, d: stop, c: stop, b: null, a: stop };
    expect(answersOf(TRIP, { stops: tooMany })).toEqual({ stops: { a: stop, c: stop, d: stop, e: stop } });
  });

  it("treats the key __proto__ as an ordinary key", () => {
    const answers = answersOf(
      TRIP,
      JSON.parse('{"stops": {"__proto__": {"place": "Rome"}}, "__proto__": {"note": "x"}}'),
    );
    expect(JSON.stringify(answers)).toBe('{"stops":{"__proto__":{"place":"Rome"}}}');
    expect(Object.getPrototypeOf(answers.stops)).toBe(Object.prototype);
    expect("note" in answers).toBe(false);
  });
});

describe("choicesOf", () => {
  it("returns the options with their labels", () => {
    expect(choicesOf(schemaAt(TRIP, ["means"]))).toContainEqual({ const: "train", title: "By train" });
  });

  it("uses the values of an enum as labels", () => {
    expect(choicesOf({ type: "integer", enum: [1, 2] })).toEqual([
      { const: 1, title: "1" },
      { const: 2, title: "2" },
    ]);
  });

  it("returns the values of a format that is a list", () => {
    expect(choicesOf({ type: "string", format: "iso-4217" })).toContainEqual({ const: "EUR", title: "Euro" });
    expect(choicesOf({ type: "string", format: "email" })).toBeUndefined();
  });

  it("returns undefined for a field that users type into", () =>
    expect(choicesOf(schemaAt(TRIP, ["note"]))).toBeUndefined());
});
