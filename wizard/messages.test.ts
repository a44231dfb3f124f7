import { describe, expect, it } from "@jest/globals";
import { complaintAbout, entryName } from "./messages.ts";
import { problemsOf } from "./problems.ts";
import type { Schema } from "./schema.ts";
import { COMPLETE_STATE } from "./testing/completeState.ts";
import { withValue } from "./testing/edit.ts";
import { compile } from "./validator.ts";

const TICKET = "/tickets/tickets/3f0e8a52-6c1d-4b7a-9e2f-5d8c7b6a1f04";

describe("messages", () => {
  it.each<[at: string, value: unknown, message: string]>([
    ["/basics/title", "", "“Title” is missing: fill it in."],
    ["/basics/title", "x".repeat(151), "“Title” is too long: shorten it to 150 characters or fewer."],
    ["/basics/title", 5, "“Title” has to be a text."],
    ["/basics/category", null, "“Category” is missing: choose one."],
    ["/basics/category", "opera", "“Category”: choose one from the list."],
    ["/basics/category", 5, "“Category”: choose one from the list."],
    ["/basics/organizerEmail", "ada", "“Organizer's e-mail” has to be an e-mail address, such as ada@example.com."],
    ["/schedule/timezone", "", "“Time zone” is missing: choose one."],
    ["/schedule/timezone", "Mars", "“Time zone” has to be the name of a time zone, such as Europe/Berlin."],
    [
      "/schedule/startsAt",
      "tomorrow",
      "“Starts” has to be a date and a time together with its offset from UTC, such as 2027-06-19T18:00:00+02:00.",
    ],
    [
      "/location/mode",
      "boat",
      "“Kind of place”: choose one of these: At a venue · Online · Both at a venue and online.",
    ],
    ["/location/country", "XX", "“Country” has to be the two letters of a country, such as DE."],
    ["/tickets/currency", "ABC", "“Currency” has to be the three letters of a currency, such as EUR."],
    ["/tickets/tickets", {}, "“Tickets”: add at least one."],
    ["/tickets/tickets", [], "“Tickets” can't be read: fill it in again."],
    [
      "/tickets/tickets/a b",
      COMPLETE_STATE.tickets.tickets.child,
      "“Ticket” can't be kept under this name: remove it and add it again.",
    ],
    [`${TICKET}/priceMinor`, 0, "Ticket “Early bird”: “Price” has to be more than 0."],
    [`${TICKET}/priceMinor`, 1e12, "Ticket “Early bird”: “Price” has to be 999,999,999,999 or less."],
    [`${TICKET}/quantity`, 0, "Ticket “Early bird”: “Number of tickets” has to be 1 or more."],
    [`${TICKET}/quantity`, 1.5, "Ticket “Early bird”: “Number of tickets” has to be a whole number."],
    [`${TICKET}/name`, "", "Ticket: “Name” is missing: fill it in."],
    [
      "/page/slug",
      "My party",
      "“Page address” can't be written like this, but like summer-party-2027. The last part of the page's web address: " +
        "3 to 60 small letters (a to z), digits and hyphens.",
    ],
    [
      "/page/coverImageUrl",
      "http://example.com",
      "“Cover image” has to be a web address that begins with https://, such as https://images.example.com/garden.jpg.",
    ],
    ["/publish/acceptTerms", null, "“I accept the terms” has to be ticked."],
    ["/publish/acceptTerms", false, "“I accept the terms” has to be ticked."],
    ["/publish/acceptTerms", "yes", "“I accept the terms” has to be yes or no."],
  ])("at %s for %.30j", (at, value, message) => {
    expect(problemsOf(withValue(COMPLETE_STATE, at, value)).map((problem) => problem.message)).toEqual([message]);
  });

  // Keywords that other stage files may use.
  it.each<[schema: Schema, value: unknown, code: string, message: string]>([
    [{ type: "string", minLength: 2 }, "x", "too_short", "“Field” is too short: it needs 2 characters or more."],
    [{ type: "string", maxLength: 1 }, "xx", "too_long", "“Field” is too long: shorten it to 1 character or fewer."],
    [{ type: "number", exclusiveMaximum: 1.5 }, 1.5, "too_large", "“Field” has to be less than 1.5."],
    [{ type: "number" }, "x", "wrong_type", "“Field” has to be a number."],
    [{ type: "string", const: "a" }, "b", "not_an_option", "“Field”: choose one from the list."],
    [{ type: "integer", enum: [1, 2] }, 3, "not_an_option", "“Field”: choose one of these: 1 · 2."],
    [{ type: "string", pattern: "^a$" }, "b", "wrong_format", "“Field” can't be written like this."],
    [{ type: "string", format: "email" }, "b", "wrong_format", "“Field” has to be an e-mail address."],
    [{ type: "integer", multipleOf: 5 }, 6, "invalid", "“Field” is not right."],
    [{ type: "integer", multipleOf: 5, description: "In fives." }, 6, "invalid", "“Field” is not right. In fives."],
  ])("for %j", (schema, value, code, message) => {
    const errors = compile(schema)(value);
    expect(errors.map((error) => complaintAbout({ ...schema, title: "Field" }, error))).toEqual([{ code, message }]);
  });
});

describe("entryName", () => {
  const group: Schema = {
    type: "object",
    properties: {
      places: {
        type: "object",
        additionalProperties: { title: "Place", type: "object", properties: { name: { type: "string" } } },
      },
    },
  };
  const named = (name: unknown, ...segments: string[]) => entryName(group, { places: { a: { name } } }, segments);

  it("says which entry of a collection is meant", () =>
    expect(named("Rome", "places", "a", "name")).toBe("Place “Rome”: "));
  it("says nothing of an entry as such", () => expect(named("Rome", "places", "a")).toBe(""));
  it("does without a name that is none", () => expect(named(5, "places", "a", "name")).toBe("Place: "));
  it("shortens a long name, and cuts no character in two", () => {
    expect(named("x".repeat(40), "places", "a", "name")).toBe(`Place “${"x".repeat(40)}”: `);
    expect(named("x".repeat(41), "places", "a", "name")).toBe(`Place “${"x".repeat(40)}…”: `);
    expect(named(`x${"😀".repeat(30)}`, "places", "a", "name").isWellFormed()).toBe(true);
  });
});
