import { describe, expect, it } from "@jest/globals";
import { describePointer, describeValue } from "./describeField.ts";

const STATE = {
  schedule: { timezone: "Europe/Berlin" },
  tickets: { currency: "EUR", tickets: { a: { name: "Early bird" }, b: {} } },
};

describe("describePointer", () => {
  it.each([
    ["/basics/title", "Basics › Title"],
    ["/location/venueName", "Place › Venue"],
    ["/tickets/tickets/a/priceMinor", "Tickets › Ticket “Early bird” › Price"],
    ["/tickets/tickets/a", "Tickets › Ticket “Early bird”"],
    ["/tickets/tickets/b/name", "Tickets › Ticket without a name › Name"],
    ["/tickets/tickets/gone", "Tickets › Ticket"],
    ["/tickets/tickets", "Tickets › Tickets"],
    ["/basics", "Basics"],
    ["/basics/unheardOf", "Basics › unheardOf"],
    ["/elsewhere/x", "/elsewhere/x"],
    ["", "The whole draft"],
  ])("describes %s as %j", (pointer, words) => expect(describePointer(STATE, pointer)).toBe(words));
});

describe("describeValue", () => {
  it.each([
    ["/basics/title", "Fête", "Fête"],
    ["/basics/title", "", undefined],
    ["/basics/title", null, undefined],
    ["/basics/title", 5, "5"],
    ["/basics/category", "food_and_drink", "Food and drink"],
    ["/basics/category", "unheard_of", "unheard_of"],
    ["/schedule/startsAt", "soon", "soon"],
    ["/location/country", "DE", "Germany"],
    ["/tickets/currency", "EUR", "Euro"],
    ["/tickets/tickets/a/priceMinor", 1250, "€12.50"],
    ["/tickets/tickets/a/priceMinor", "12x", "12x"],
    ["/tickets/tickets/a/quantity", 50, "50"],
    [
      "/tickets/tickets/a",
      { note: "x", priceMinor: 5, kind: "paid", name: "Early bird" },
      "Name: Early bird; Price type: Paid; Price: €0.05; note: x",
    ],
    ["/tickets/tickets", { a: { name: "Early bird" } }, "Ticket: Name: Early bird"],
    ["/publish/acceptTerms", true, "Yes"],
    ["/elsewhere/x", { y: [1, 2] }, "y: 1, 2"],
  ])("describes the value at %s: %j as %j", (pointer, value, words) =>
    expect(describeValue(STATE, pointer, value)).toBe(words),
  );

  it("uses the time zone of the event", () => {
    expect(describeValue(STATE, "/schedule/startsAt", "2027-06-19T16:00:00Z")).toMatch(/19 June 2027 at 18:00/);
  });
});
