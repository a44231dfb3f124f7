import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isEqual, isObject } from "./equality.ts";

describe("isObject", () => {
  it.each([{}, { a: 1 }, JSON.parse('{"__proto__":1}')])("accepts %j", (value) => expect(isObject(value)).toBe(true));
  it.each([null, [], "text", 1, true, undefined])("rejects %j", (value) => expect(isObject(value)).toBe(false));
});

describe("isEqual", () => {
  it("finds a value equal to its copy, also with the members in another order", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (value, object) => {
        expect(isEqual(value, structuredClone(value))).toBe(true);
        expect(isEqual(object, Object.fromEntries(Object.entries(object).toReversed()))).toBe(true);
      }),
    );
  });

  it.each([
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ a: 1 }, { b: 1 }],
    [{ toString: 1 }, { a: 1 }],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], [1, 2]],
    [[], {}],
    [null, {}],
    ["1", 1],
  ])("tells %j from %j", (a, b) => {
    expect(isEqual(a, b)).toBe(false);
    expect(isEqual(b, a)).toBe(false);
  });
});
