import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { formatMoment, formatSpan, isTimeZone, momentAt, offsetName, sameWallTimeIn, wallTimeOf } from "./zonedTime.ts";

const BERLIN = "Europe/Berlin";

describe("wallTimeOf", () => {
  it.each([
    ["2027-06-19T18:00:00+02:00", BERLIN, "2027-06-19T18:00"],
    ["2027-06-19T16:00:00Z", BERLIN, "2027-06-19T18:00"],
    ["2027-06-19T18:00:30.5+02:00", "America/New_York", "2027-06-19T12:00"],
    ["2027-06-19T18:00:00Z", "Asia/Kathmandu", "2027-06-19T23:45"],
    ["2027-12-31T23:30:00Z", "Pacific/Auckland", "2028-01-01T12:30"],
    ["2027-06-19T18:00:00Z", "No/Where", "2027-06-19T18:00"],
  ])("converts %s to %s: %s", (iso, zone, wall) => expect(wallTimeOf(iso, zone)).toBe(wall));

  it.each([undefined, null, 5, "", "tomorrow", "2027-06-19", "2027-06-19T18:00", "2027-13-19T18:00:00Z"])(
    "returns undefined for %j",
    (value) => expect(wallTimeOf(value, BERLIN)).toBeUndefined(),
  );
});

describe("momentAt", () => {
  it.each([
    ["2027-06-19T18:00", BERLIN, "2027-06-19T18:00:00+02:00"],
    ["2027-01-19T18:00", BERLIN, "2027-01-19T18:00:00+01:00"],
    ["2027-06-19T18:00", "UTC", "2027-06-19T18:00:00Z"],
    ["2027-06-19T18:00", "America/St_Johns", "2027-06-19T18:00:00-02:30"],
    // The day before and the day of a clock change.
    ["2027-03-27T12:00", BERLIN, "2027-03-27T12:00:00+01:00"],
    ["2027-03-28T12:00", BERLIN, "2027-03-28T12:00:00+02:00"],
    ["2027-03-28T01:59", BERLIN, "2027-03-28T01:59:00+01:00"],
    // 02:30 is skipped and becomes 03:30.
    ["2027-03-28T02:30", BERLIN, "2027-03-28T03:30:00+02:00"],
    // 02:30 happens twice.
    ["2027-10-31T02:30", BERLIN, "2027-10-31T02:30:00+02:00"],
    ["2027-10-31T03:00", BERLIN, "2027-10-31T03:00:00+01:00"],
  ])("converts %s in %s: %s", (wall, zone, iso) => expect(momentAt(wall, zone)).toBe(iso));

  it.each(["", "2027-06-19", "18:00", "2027-06-19T25:00", "12027-06-19T18:00"])("returns undefined for %j", (wall) =>
    expect(momentAt(wall, BERLIN)).toBeUndefined(),
  );

  it("keeps every local time that exists", () => {
    const zones = [BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC", "Pacific/Apia"];
    const times = fc.date({ min: new Date("2015-01-01"), max: new Date("2040-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(times, fc.constantFrom(...zones), (date, zone) => {
        const wall = wallTimeOf(date.toISOString(), zone) as string;
        expect(wallTimeOf(momentAt(wall, zone), zone)).toBe(wall);
      }),
    );
  });
});

describe("sameWallTimeIn", () => {
  it("keeps the local time", () => {
    expect(sameWallTimeIn("2027-06-19T18:00:00+02:00", BERLIN, "America/New_York")).toBe("2027-06-19T18:00:00-04:00");
  });

  it("returns undefined if the value is not a date-time", () => {
    expect(sameWallTimeIn("soon", BERLIN, "UTC")).toBeUndefined();
  });
});

it("isTimeZone accepts valid time zones only", () => {
  expect([BERLIN, "UTC", "Asia/Calcutta", "Mars/Olympus", "", 5, null].map(isTimeZone)).toEqual([
    ...[true, true, true],
    ...[false, false, false, false],
  ]);
});

it("offsetName formats the offset of a time zone", () => {
  expect(offsetName("2027-06-19T18:00:00Z", BERLIN)).toBe("UTC+02:00");
  expect(offsetName("2027-06-19T18:00:00Z", "America/St_Johns")).toBe("UTC-02:30");
  expect(offsetName("2027-06-19T18:00:00Z", "UTC")).toBe("UTC");
});

it("formatMoment and formatSpan format dates for people", () => {
  expect(formatMoment("2027-06-19T16:00:00Z", BERLIN)).toMatch(/^Saturday,? 19 June 2027 at 18:00$/);
  expect(formatMoment("soon", BERLIN)).toBeUndefined();
  const evening = formatSpan("2027-06-19T16:00:00Z", "2027-06-19T21:00:00Z", BERLIN);
  expect(evening?.match(/2027/g)).toHaveLength(1);
  expect(evening).toMatch(/18:00\s*[–-]\s*23:00/);
  expect(formatSpan("2027-06-19T16:00:00Z", "2027-06-20T01:00:00Z", BERLIN)).toContain("20 June 2027");
  for (const value of ["infinity", "12027-01-01T00:00:00Z", "-4000-01-01T00:00:00Z", null]) {
    expect(formatMoment(value, BERLIN)).toBeUndefined();
    expect(formatSpan(value, "2027-06-20T01:00:00Z", BERLIN)).toBeUndefined();
    expect(formatSpan("2027-06-20T01:00:00Z", value, BERLIN)).toBeUndefined();
  }
});
