import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { mergePatch } from "../../testkit/mergePatch.ts";
import { type JsonObject, storable } from "./json.ts";
import { applyPatch, diffPatch } from "./mergePatch.ts";

const keys = fc.constantFrom("a", "b", "__proto__", "constructor", "");
const { object } = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof({ depthSize: "small" }, fc.constantFrom(null, 1, "x", true, [], [null], {}), tie("object")),
  object: fc
    .uniqueArray(fc.tuple(keys, tie("value")), { selector: ([key]) => key, maxLength: 4 })
    .map(Object.fromEntries),
}));
const patches = object as fc.Arbitrary<JsonObject>;
const states = patches.map((state) => storable(state as never) as unknown as JsonObject);

describe("merge patches", () => {
  it("are applied as RFC 7396 says", () => {
    fc.assert(
      fc.property(states, patches, (state, patch) => {
        expect(applyPatch(state, patch)).toEqual(mergePatch(state, patch));
      }),
    );
  });

  it("are made so that they lead from one state to the other, and are empty where there is nothing to do", () => {
    fc.assert(
      fc.property(states, states, (from, to) => {
        expect(applyPatch(from, diffPatch(from, to))).toEqual(to);
        expect(diffPatch(to, structuredClone(to))).toEqual({});
      }),
    );
  });

  it("leave alone what is null already, and what they do not touch", () => {
    expect(diffPatch({ a: null, b: 1 }, { a: null, b: 2 })).toEqual({ b: 2 });
    const state = { a: { x: 1 }, b: { y: 1 } };
    expect(applyPatch(state, { b: { y: 2 } }).a).toBe(state.a);
  });
});

describe("storable", () => {
  it("takes away what a merge patch or JSON can't hold", () => {
    expect(storable({ a: null, b: { c: null, d: [null, Number.NaN] }, e: Number.NaN })).toEqual({
      b: { d: [null, null] },
    });
    expect(storable(undefined)).toBeUndefined();
  });
});
