import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  formatMoment,
  formatSpan,
  isSkipped,
  isTimeZone,
  localValue,
  momentsAt,
  offsetName,
  sameWallTimeIn,
  secondsOf,
  wallTimeOf,
} from "./zonedTime.ts";

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

describe("localValue", () => {
  it.each([
    ["2027-06-19T18:00", BERLIN, "2027-06-19T18:00:00+02:00"],
    ["2027-01-19T18:00", BERLIN, "2027-01-19T18:00:00+01:00"],
    ["2027-06-19T18:00", "UTC", "2027-06-19T18:00:00Z"],
    ["2027-06-19T18:00", "America/St_Johns", "2027-06-19T18:00:00-02:30"],
    // The day before and the day of a clock change.
    ["2027-03-27T12:00", BERLIN, "2027-03-27T12:00:00+01:00"],
    ["2027-03-28T12:00", BERLIN, "2027-03-28T12:00:00+02:00"],
    ["2027-03-28T01:59", BERLIN, "2027-03-28T01:59:00+01:00"],
    // 02:30 is skipped.
    ["2027-03-28T02:30", BERLIN, "2027-03-28T02:30"],
    ["2027-06-19T18:00:30.5", BERLIN, "2027-06-19T18:00:30.5+02:00"],
    // 02:30 happens twice.
    ["2027-10-31T02:30", BERLIN, "2027-10-31T02:30:00+02:00"],
    ["2027-10-31T03:00", BERLIN, "2027-10-31T03:00:00+01:00"],
  ])("converts %s in %s: %s", (wall, zone, iso) => expect(localValue(wall, zone)).toBe(iso));

  it.each(["", "2027-06-19", "18:00", "2027-06-19T25:00", "12027-06-19T18:00"])("returns undefined for %j", (wall) =>
    expect(localValue(wall, BERLIN)).toBeUndefined(),
  );

  it("keeps every local time that exists", () => {
    const zones = [BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC", "Pacific/Apia"];
    const times = fc.date({ min: new Date("2015-01-01"), max: new Date("2040-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(times, fc.constantFrom(...zones), (date, zone) => {
        const wall = wallTimeOf(date.toISOString(), zone) as string;
        expect(wallTimeOf(localValue(wall, zone), zone)).toBe(wall);
        expect(momentsAt(wall, zone).map(Date.parse)).toContain(Math.floor(date.getTime() / 60_000) * 60_000);
      }),
    );
  });

  it("keeps the offset of the value before, if the local time happens with it", () => {
    const second = "2027-10-31T02:30:00+01:00";
    expect(localValue("2027-10-31T02:45", BERLIN, second)).toBe("2027-10-31T02:45:00+01:00");
    expect(localValue("2027-10-31T01:45", BERLIN, second)).toBe("2027-10-31T01:45:00+02:00");
  });
});

describe("sameWallTimeIn", () => {
  it("keeps the local time", () => {
    expect(sameWallTimeIn("2027-06-19T18:00:00+02:00", BERLIN, "America/New_York")).toBe("2027-06-19T18:00:00-04:00");
  });

  it.each([
    ["the seconds", "2027-05-31T23:59:59.5+02:00", BERLIN, "America/New_York", "2027-05-31T23:59:59.5-04:00"],
    [
      "the offset, if the time happens with it",
      "2027-10-31T02:30:00+01:00",
      BERLIN,
      "Europe/Paris",
      "2027-10-31T02:30:00+01:00",
    ],
    ["the second of two", "2027-10-31T02:30:00+01:00", BERLIN, "Europe/Paris", "2027-10-31T02:30:00+01:00"],
    // Lisbon repeats 01:30, London too: the same instant has another local time in Berlin.
    ["the second of two", "2027-10-31T01:30:00Z", "Europe/London", "Europe/Lisbon", "2027-10-31T01:30:00Z"],
    [
      "the local time that is skipped there",
      "2027-03-28T02:30:00-04:00",
      "America/New_York",
      BERLIN,
      "2027-03-28T02:30",
    ],
    ["the local time that was skipped", "2027-03-28T02:30", BERLIN, "America/New_York", "2027-03-28T02:30:00-04:00"],
  ])("keeps %s: %s from %s to %s", (_, iso, from, to, expected) =>
    expect(sameWallTimeIn(iso, from, to)).toBe(expected),
  );

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

it.each([
  ["2027-10-31T02:30", BERLIN, ["2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00"]],
  ["2027-11-07T01:30:15", "America/New_York", ["2027-11-07T01:30:15-04:00", "2027-11-07T01:30:15-05:00"]],
  ["2027-10-31T01:30", "Europe/London", ["2027-10-31T01:30:00+01:00", "2027-10-31T01:30:00Z"]],
  ["2027-04-04T01:45", "Australia/Lord_Howe", ["2027-04-04T01:45:00+11:00", "2027-04-04T01:45:00+10:30"]],
  ["2027-06-19T18:00", BERLIN, ["2027-06-19T18:00:00+02:00"]],
  ["2027-03-28T02:30", BERLIN, []],
  ["2027-03-14T02:00", "America/New_York", []],
  ["soon", BERLIN, []],
])("momentsAt(%s in %s) returns %j", (wall, zone, moments) => expect(momentsAt(wall, zone)).toEqual(moments));

it.each([
  ["2027-03-28T02:30", true],
  ["2027-03-28T02:30:00", true],
  ["2027-03-28T03:00", false],
  ["2027-10-31T02:30", false],
  ["2027-13-28T02:30", false],
  ["soon", false],
  [undefined, false],
])("isSkipped(%j): %s", (wall, expected) => expect(isSkipped(wall, BERLIN)).toBe(expected));

it.each([
  ["2027-05-31T23:59:59+02:00", "59"],
  ["2027-05-31T23:59:00.5Z", "00.5"],
  ["2027-05-31T23:59:00.000000+00:00", ""],
  ["2027-05-31T23:59Z", ""],
  [5, ""],
])("secondsOf(%j): %j", (iso, seconds) => expect(secondsOf(iso)).toBe(seconds));

it("shows the offset if the clocks change during an event, and of a time that happens twice", () => {
  expect(formatSpan("2027-10-31T01:00:00+02:00", "2027-10-31T02:30:00+01:00", BERLIN)).toMatch(
    /^Sunday,? 31 October 2027 at 01:00 \(UTC\+02:00\) – Sunday,? 31 October 2027 at 02:30 \(UTC\+01:00\)$/,
  );
  expect(formatMoment("2027-10-31T02:30:00+01:00", BERLIN)).toMatch(/02:30 \(UTC\+01:00\)$/);
  expect(formatMoment("2027-10-31T02:30:00+02:00", BERLIN)).toMatch(/02:30 \(UTC\+02:00\)$/);
  expect(formatMoment("2027-10-31T03:30:00+01:00", BERLIN)).toMatch(/03:30$/);
});
