import { describe, expect, it } from "@jest/globals";
import { storable } from "./values.ts";

describe("storable", () => {
  it("removes what a merge patch or JSON cannot hold", () => {
    expect(storable({ a: null, b: { c: null, d: [null, Number.NaN] }, e: Number.NaN })).toEqual({
      b: { d: [null, null] },
    });
    expect(storable(undefined)).toBeUndefined();
  });
});
