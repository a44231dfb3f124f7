import { describe, expect, it } from "@jest/globals";
import { differencesOf } from "./diff.ts";

describe("differencesOf", () => {
  it.each([
    [{}, {}, []],
    [{ a: { b: 1 } }, { a: { b: 1 } }, []],
    [{ a: { b: 1, c: 2 } }, { a: { b: 2, c: 2 } }, [["/a/b", 1, 2]]],
    [{ a: 1 }, {}, [["/a", 1, undefined]]],
    [{}, { a: { b: "x" } }, [["/a/b", undefined, "x"]]],
    [
      { a: { b: "x", c: "y" } },
      {},
      [
        ["/a/b", "x", undefined],
        ["/a/c", "y", undefined],
      ],
    ],
    [{ a: null }, {}, [["/a", null, undefined]]],
    [{ a: "text" }, { a: { b: 1 } }, [["/a", "text", { b: 1 }]]],
    [{ a: null }, { a: {} }, [["/a", null, {}]]],
    [{ a: [1, 2] }, { a: [1, 2] }, []],
    [{ a: [1, 2] }, { a: [2, 1] }, [["/a", [1, 2], [2, 1]]]],
    [{ "a/b": 1 }, { "a/b": 2 }, [["/a~1b", 1, 2]]],
    [JSON.parse('{"__proto__": 1}'), {}, [["/__proto__", 1, undefined]]],
  ])("between %j and %j", (before, after, expected) => {
    const found = differencesOf(before, after).map((one) => [one.pointer, one.before, one.after]);
    expect(found).toEqual(expected);
  });
});
