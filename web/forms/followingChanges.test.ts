import { describe, expect, it } from "@jest/globals";
import { followingChanges, zoneOf } from "./followingChanges.ts";

const STATE = {
  schedule: { timezone: "Europe/Berlin", startsAt: "2027-06-19T18:00:00+02:00", endsAt: "soon" },
  location: { mode: "online" },
  tickets: {
    currency: "EUR",
    tickets: {
      a: { kind: "paid", priceMinor: 1250, salesStart: "2027-01-19T09:00:00+01:00" },
      b: { kind: "free", priceMinor: 500 },
      c: "no ticket",
    },
  },
  publish: { publishAt: "2027-03-01T08:00:00Z" },
};

describe("another time zone", () => {
  it("keeps the time on the clock, in each stage", () => {
    expect(followingChanges(STATE, "/schedule/timezone", "America/New_York")).toEqual([
      { pointer: "/schedule/startsAt", value: "2027-06-19T18:00:00-04:00" },
      { pointer: "/tickets/tickets/a/salesStart", value: "2027-01-19T09:00:00-05:00" },
      { pointer: "/publish/publishAt", value: "2027-03-01T09:00:00-05:00" },
    ]);
  });

  it.each([undefined, "", "Mars/Olympus", 5])("changes nothing when it is %j", (zone) =>
    expect(followingChanges(STATE, "/schedule/timezone", zone)).toEqual([]),
  );
});

describe("another currency", () => {
  it("keeps the amounts of what is asked for", () => {
    expect(followingChanges(STATE, "/tickets/currency", "JPY")).toEqual([
      { pointer: "/tickets/tickets/a/priceMinor", value: 13 },
    ]);
    expect(followingChanges(STATE, "/tickets/currency", "KWD")).toEqual([
      { pointer: "/tickets/tickets/a/priceMinor", value: 12500 },
    ]);
  });

  it("changes nothing where it has as many digits", () => {
    expect(followingChanges(STATE, "/tickets/currency", "USD")).toEqual([]);
  });
});

it("follows nothing else", () => {
  expect(followingChanges(STATE, "/basics/title", "Fête")).toEqual([]);
  expect(followingChanges({}, "/schedule/timezone", "Europe/Paris")).toEqual([]);
});

it("falls back to the zone of whoever looks on", () => {
  expect(zoneOf(STATE)).toBe("Europe/Berlin");
  expect(zoneOf({ schedule: { timezone: "nowhere" } })).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
});
