import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  checkIndexes,
  memberAt,
  overlap,
  pointerTo,
  segmentsOf,
  valueAt,
  withoutValueAt,
  withValueAt,
} from "./pointer.ts";

describe("JSON pointers", () => {
  it.each([
    [[], ""],
    [[""], "/"],
    [["tickets", "a/b"], "/tickets/a~1b"],
    [["m~n", "~1"], "/m~0n/~01"],
  ])("writes %j as %j, and reads it back", (segments, pointer) => {
    expect(pointerTo(segments)).toBe(pointer);
    expect(segmentsOf(pointer)).toEqual(segments);
  });

  it("reads back every pointer that it writes", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (segments) => expect(segmentsOf(pointerTo(segments))).toEqual(segments)),
    );
  });

  it("rejects a pointer that does not start with a slash", () => {
    expect(() => segmentsOf("title")).toThrow('"title" is not a JSON Pointer');
  });
});

describe("valueAt", () => {
  const state = { a: { "b/c": { d: 5 } }, list: [1, { e: 2 }] };
  it.each([
    ["/a/b~1c/d", 5],
    ["/list", [1, { e: 2 }]],
    ["/list/1/e", 2],
    ["/a/x/y", undefined],
    ["/list/length", undefined],
    ["/list/01", undefined],
    ["/constructor", undefined],
    ["", state],
  ])("finds at %j: %j", (pointer, value) => {
    expect(valueAt(state, pointer)).toEqual(value);
    expect(valueAt(state, segmentsOf(pointer))).toEqual(value);
  });
});

describe("memberAt", () => {
  it("goes through objects only", () => {
    expect(memberAt({ a: { "0": "in an object" } }, ["a", "0"])).toBe("in an object");
    expect(memberAt({ a: ["in an array"] }, ["a", "0"])).toBeUndefined();
    for (const path of [["toString"], ["__proto__"], ["constructor", "name"]]) {
      expect(memberAt({}, path)).toBeUndefined();
    }
  });
});

describe("withValueAt", () => {
  it.each([
    [{}, "/a/b", 1, { a: { b: 1 } }],
    [{ a: "text" }, "/a/b", 1, { a: { b: 1 } }],
    [{ a: { b: 1, c: 2 } }, "/a/b", undefined, { a: { c: 2 } }],
    [{}, "/a/b", undefined, {}],
    [{ list: [1, 2] }, "/list/0", 3, { list: [3, 2] }],
    [{ list: [1, 2] }, "/list/-", 3, { list: [1, 2, 3] }],
    [{ list: [1, 2] }, "/list/0", undefined, { list: [2] }],
  ])("changes %j at %s to %j: %j", (before, pointer, value, after) => {
    expect(withValueAt(before, segmentsOf(pointer), value)).toEqual(after);
  });

  it("rejects a root that is not an object, and a name where a list needs an index", () => {
    expect(() => withValueAt({}, [], 1)).toThrow("only be replaced by an object");
    expect(() => checkIndexes({ list: [] }, ["list", "first"])).toThrow('"first" is not an index of a list');
    checkIndexes({ list: [] }, ["list", "-"]);
  });
});

describe("withoutValueAt", () => {
  it("removes the objects that it empties, unless the model has them", () => {
    expect(withoutValueAt({ a: { b: { c: 1 } } }, ["a", "b", "c"], {})).toEqual({});
    expect(withoutValueAt({ a: { b: { c: 1 } } }, ["a", "b", "c"], { a: {} })).toEqual({ a: {} });
    expect(withoutValueAt({ a: { b: { c: 1 }, d: 1 } }, ["a", "b", "c"], {})).toEqual({ a: { d: 1 } });
  });
});

describe("overlap", () => {
  it.each([
    [["a"], ["a"], true],
    [["a"], ["a", "b"], true],
    [[], ["a"], true],
    [["a", "b"], ["a", "c"], false],
    [["a"], ["ab"], false],
  ])("of %j and %j: %j", (a, b, expected) => {
    expect(overlap(a, b)).toBe(expected);
    expect(overlap(b, a)).toBe(expected);
  });
});
