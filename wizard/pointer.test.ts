import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { pointerTo, segmentsOf } from "./pointer.ts";

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

  it("reads back whatever it writes", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (segments) => expect(segmentsOf(pointerTo(segments))).toEqual(segments)),
    );
  });
});
