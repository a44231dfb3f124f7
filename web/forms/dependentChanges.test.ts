import { describe, expect, it } from "@jest/globals";
import type { JsonObject } from "../../json/equality.ts";
import { dependentChanges, timeZoneOf } from "./dependentChanges.ts";

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

describe("a change of the time zone", () => {
  it("keeps the local times of all stages", () => {
    expect(dependentChanges(STATE, "/schedule/timezone", "America/New_York")).toEqual([
      { pointer: "/schedule/startsAt", value: "2027-06-19T18:00:00-04:00" },
      { pointer: "/tickets/tickets/a/salesStart", value: "2027-01-19T09:00:00-05:00" },
      { pointer: "/publish/publishAt", value: "2027-03-01T09:00:00-05:00" },
    ]);
  });

  it.each([undefined, "", "Mars/Olympus", 5])("changes nothing if the new value is %j", (zone) =>
    expect(dependentChanges(STATE, "/schedule/timezone", zone)).toEqual([]),
  );
});

describe("a change of the currency", () => {
  const PRICE = "/tickets/tickets/a/priceMinor";
  const priced = (currency: string, priceMinor: unknown) =>
    ({ tickets: { currency, tickets: { a: { kind: "paid", priceMinor } } } }) as JsonObject;

  it("keeps all amounts, including those of hidden fields", () => {
    expect(dependentChanges(STATE, "/tickets/currency", "KWD")).toEqual([
      { pointer: PRICE, value: 12500 },
      { pointer: "/tickets/tickets/b/priceMinor", value: 5000 },
    ]);
    expect(dependentChanges(STATE, "/tickets/currency", "JPY")).toEqual([
      { pointer: PRICE, value: "12.50" },
      { pointer: "/tickets/tickets/b/priceMinor", value: 5 },
    ]);
  });

  it.each([
    ["EUR", 1250, "JPY", "12.50"],
    ["JPY", "12.50", "EUR", 1250],
    ["JPY", "12.50", "KWD", 12500],
    ["KWD", 1234, "EUR", "1.234"],
    ["EUR", "1.234", "KWD", 1234],
    ["EUR", -5, "JPY", "-0.05"],
    ["JPY", "-0.05", "EUR", -5],
  ])("converts %s %j to %s: %j", (from, before, to, after) =>
    expect(dependentChanges(priced(from, before), "/tickets/currency", to)).toEqual([{ pointer: PRICE, value: after }]),
  );

  it.each([
    ["JPY", "KRW", "12.50"],
    ["EUR", "KWD", "1,200"],
    ["EUR", "KWD", "12"],
    ["EUR", "KWD", "twelve"],
    ["EUR", "JPY", 12.5],
    ["EUR", "JPY", null],
    ["EUR", "USD", 1250],
  ])("from %s to %s does not change %j", (from, to, value) =>
    expect(dependentChanges(priced(from, value), "/tickets/currency", to)).toEqual([]),
  );
});

it("ignores changes of other fields", () => {
  expect(dependentChanges(STATE, "/basics/title", "Fête")).toEqual([]);
  expect(dependentChanges({}, "/schedule/timezone", "Europe/Paris")).toEqual([]);
});

it("timeZoneOf falls back to the time zone of the browser", () => {
  expect(timeZoneOf(STATE)).toBe("Europe/Berlin");
  expect(timeZoneOf({ schedule: { timezone: "nowhere" } })).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
});
