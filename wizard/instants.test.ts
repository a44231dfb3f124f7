import { describe, expect, it } from "@jest/globals";
import { instantOf } from "./instants.ts";

describe("instantOf", () => {
  it("is exact to the microsecond", () => {
    expect(instantOf("1970-01-01T00:00:01Z")).toBe(1_000_000n);
    expect(instantOf("1970-01-01T00:00:00.5Z")).toBe(500_000n);
    expect(instantOf("1970-01-01T00:00:00.000001Z")).toBe(1n);
    expect(instantOf("1969-12-31T23:59:59.999999Z")).toBe(-1n);
    expect(instantOf("9999-12-31T23:59:59.999999Z")).toBe(253_402_300_799_999_999n);
  });

  it("takes the offset into account", () => {
    expect(instantOf("2027-06-19T18:00:00+02:00")).toBe(instantOf("2027-06-19T16:00:00Z"));
    expect(instantOf("2027-06-19T18:00:00-15:59")).toBe(instantOf("2027-06-20T09:59:00Z"));
  });

  it.each([
    "2028-02-29T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "2027-06-19T00:00:00-00:00",
    "2027-06-19T23:59:59.123456+15:59",
  ])("reads %s", (text) => expect(instantOf(text)).toEqual(expect.any(BigInt)));

  it.each([
    "2027-06-19",
    "2027-06-19T18:00:00",
    "2027-06-19T18:00Z",
    "2027-06-19 18:00:00Z",
    "2027-06-19t18:00:00z",
    "2027-06-19T18:00:00+0200",
    "2027-06-19T18:00:00+16:00",
    "2027-06-19T18:00:00+02:60",
    "2027-06-19T18:00:00.Z",
    "2027-06-19T18:00:00.1234567Z",
    "2027-06-19T18:00:60Z",
    "2027-06-19T24:00:01Z",
    "2027-06-31T18:00:00Z",
    "2027-02-29T18:00:00Z",
    "2027-00-19T18:00:00Z",
    "2027-06-00T18:00:00Z",
    "0000-06-19T18:00:00Z",
    "+12027-06-19T18:00:00Z",
    " 2027-06-19T18:00:00Z",
    "2027-06-19T18:00:00Z\n",
    "",
    "tomorrow",
    `2027-06-19T18:00:00${"Z".repeat(300_000)}`,
    1_800_000_000_000,
    null,
    undefined,
    ["2027-06-19T18:00:00Z"],
  ])("returns undefined for %j", (value) => expect(instantOf(value)).toBeUndefined());
});
