import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Json, JsonObject } from "./equality.ts";
import { applyPatch, diffPatch, pathsOf, valuesBefore } from "./mergePatch.ts";

describe("applyPatch", () => {
  // RFC 7396, appendix A.
  it.each<[Json, Json, Json]>([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("turns %j by the patch %j into %j", (target, patch, result) => {
    expect(applyPatch(target, patch)).toEqual(result);
  });

  it("treats __proto__ and constructor as member names", () => {
    const patch = JSON.parse('{"__proto__":{"a":{"b":1}},"constructor":{"name":null,"c":{}}}');
    const merged = applyPatch({}, patch);
    expect(JSON.stringify(merged)).toBe('{"__proto__":{"a":{"b":1}},"constructor":{"c":{}}}');
    expect(applyPatch(merged, JSON.parse('{"__proto__":null,"constructor":{"c":null}}'))).toEqual({ constructor: {} });
    expect("a" in {}).toBe(false);
  });

  it("keeps the objects that the patch does not touch", () => {
    const state = { a: { x: 1 }, b: { y: 1 } };
    expect(applyPatch(state, { b: { y: 2 } }).a).toBe(state.a);
  });
});

const keys = fc.constantFrom("a", "b", "__proto__", "constructor", "");
// Without null as a member: a merge patch cannot set one.
const { object } = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof({ depthSize: "small" }, fc.constantFrom(1, "x", true, [], [null], {}), tie("object")),
  object: fc
    .uniqueArray(fc.tuple(keys, tie("value")), { selector: ([key]) => key, maxLength: 4 })
    .map(Object.fromEntries),
}));
const states = object as fc.Arbitrary<JsonObject>;

describe("diffPatch", () => {
  it("leads from one state to the other, and is empty if they are equal", () => {
    fc.assert(
      fc.property(states, states, (from, to) => {
        expect(applyPatch(from, diffPatch(from, to))).toEqual(to);
        expect(diffPatch(to, structuredClone(to))).toEqual({});
      }),
    );
  });

  it("leaves out a member that is null on both sides", () => {
    expect(diffPatch({ a: null, b: 1 }, { a: null, b: 2 })).toEqual({ b: 2 });
  });
});

describe("pathsOf", () => {
  it("lists the paths that a patch writes", () => {
    const patch = JSON.parse('{"__proto__":{"a":{"b":1}},"constructor":{"name":null,"c":{}},"list":[{"d":1}]}');
    expect(pathsOf(patch)).toEqual([["__proto__", "a", "b"], ["constructor", "name"], ["constructor", "c"], ["list"]]);
  });
});

describe("valuesBefore", () => {
  it.each([
    ["a changed value", { a: 1, b: 2 }, { a: 3 }, { a: 1 }],
    ["a removed value", { a: 1, b: 2 }, { a: null }, { a: 1 }],
    ["no member for a new value", { a: 1 }, { b: { c: 1 } }, {}],
    ["the members of an object that the patch changes", { a: { x: 1, y: 2 } }, { a: { x: 3, z: 4 } }, { a: { x: 1 } }],
    ["an object that the patch replaces by a value", { a: { x: 1, y: 2 } }, { a: 5 }, { a: { x: 1, y: 2 } }],
    ["a value that the patch replaces by an object", { a: 5 }, { a: { x: 1 } }, { a: 5 }],
    ["an object where the patch has an empty one", { a: { x: 1 } }, { a: {} }, { a: { x: 1 } }],
    ["an array as a whole", { a: [1, { b: 2 }] }, { a: [3] }, { a: [1, { b: 2 }] }],
    ["a null in the state", { a: null }, { a: 1 }, { a: null }],
    ["nothing of the prototype", {}, JSON.parse('{"__proto__": 1, "constructor": 2}'), {}],
  ])("returns %s", (_, state, patch, values) => {
    expect(valuesBefore(state as JsonObject, patch as JsonObject)).toEqual(values);
  });
});
