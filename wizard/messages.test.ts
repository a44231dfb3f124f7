import { describe, expect, it } from "@jest/globals";
import { entryName, problemText } from "./messages.ts";
import { problemsOf } from "./problems.ts";
import type { Schema } from "./schema.ts";
import { COMPLETE_STATE } from "./testing/completeState.ts";
import { withValue } from "./testing/edit.ts";
import { compile } from "./validator.ts";

const TICKET = "/tickets/tickets/3f0e8a52-6c1d-4b7a-9e2f-5d8c7b6a1f04";

describe("the messages of problems", () => {
  it.each<[at: string, value: unknown, message: string]>([
    ["/basics/title", "", "“Title” is required. Fill it in."],
    ["/basics/title", "x".repeat(151), "“Title” is too long. Use at most 150 characters."],
    ["/basics/title", 5, "“Title” must be text."],
    ["/basics/category", null, "“Category” is required. Choose an option."],
    ["/basics/category", "opera", "“Category”: choose an option from the list."],
    ["/basics/category", 5, "“Category”: choose an option from the list."],
    ["/basics/organizerEmail", "ada", "“Organizer's e-mail” must be an e-mail address, such as ada@example.com."],
    ["/schedule/timezone", "", "“Time zone” is required. Choose an option."],
    ["/schedule/timezone", "Mars", "“Time zone” must be the name of a time zone, such as Europe/Berlin."],
    [
      "/schedule/startsAt",
      "tomorrow",
      "“Starts” must be a date and time with its offset from UTC, such as 2027-06-19T18:00:00+02:00.",
    ],
    [
      "/location/mode",
      "boat",
      "“Location type”: choose one of these options: At a venue · Online · At a venue and online.",
    ],
    ["/location/country", "XX", "“Country” must be a two-letter country code, such as DE."],
    ["/tickets/currency", "ABC", "“Currency” must be the code of a current currency, such as EUR."],
    ["/tickets/tickets", {}, "“Tickets”: add at least one."],
    ["/tickets/tickets", [], "“Tickets” can't be read. Fill it in again."],
    [
      "/tickets/tickets/a b",
      COMPLETE_STATE.tickets.tickets.child,
      "“Ticket” can't be saved under this key. Remove it and add it again.",
    ],
    [`${TICKET}/priceMinor`, 0, "Ticket “Early bird”: “Price” must be more than 0."],
    [`${TICKET}/priceMinor`, 1e12, "Ticket “Early bird”: “Price” must be at most 999,999,999,999."],
    [`${TICKET}/quantity`, 0, "Ticket “Early bird”: “Number of tickets” must be at least 1."],
    [`${TICKET}/quantity`, 1.5, "Ticket “Early bird”: “Number of tickets” must be a whole number."],
    [`${TICKET}/name`, "", "Ticket: “Name” is required. Fill it in."],
    [
      "/page/slug",
      "My party",
      "“Page address” has the wrong format. The last part of the event page's web address: " +
        "3 to 60 lowercase letters (a to z), digits and hyphens. Example: summer-party-2027.",
    ],
    [
      "/page/coverImageUrl",
      "http://example.com",
      "“Cover image” must be a web address that starts with https://, such as https://images.example.com/garden.jpg.",
    ],
    ["/publish/acceptTerms", null, "“I accept the terms” must be ticked."],
    ["/publish/acceptTerms", false, "“I accept the terms” must be ticked."],
    ["/publish/acceptTerms", "yes", "“I accept the terms” must be yes or no."],
  ])("for the answer at %s: %.30j", (at, value, message) => {
    expect(problemsOf(withValue(COMPLETE_STATE, at, value)).map((problem) => problem.message)).toEqual([message]);
  });

  // Keywords that the stage files of this wizard do not use.
  it.each<[schema: Schema, value: unknown, code: string, message: string]>([
    [{ type: "string", minLength: 2 }, "x", "too_short", "“Field” is too short. Use at least 2 characters."],
    [{ type: "string", maxLength: 1 }, "xx", "too_long", "“Field” is too long. Use at most 1 character."],
    [{ type: "number", exclusiveMaximum: 1.5 }, 1.5, "too_large", "“Field” must be less than 1.5."],
    [{ type: "number" }, "x", "wrong_type", "“Field” must be a number."],
    [{ type: "string", const: "a" }, "b", "not_an_option", "“Field”: choose an option from the list."],
    [{ type: "integer", enum: [1, 2] }, 3, "not_an_option", "“Field”: choose one of these options: 1 · 2."],
    [{ type: "string", pattern: "^a$" }, "b", "wrong_format", "“Field” has the wrong format."],
    [{ type: "string", format: "email" }, "b", "wrong_format", "“Field” must be an e-mail address."],
    [{ type: "integer", multipleOf: 5 }, 6, "invalid", "“Field” is not valid."],
    [{ type: "integer", multipleOf: 5, description: "In fives." }, 6, "invalid", "“Field” is not valid. In fives."],
  ])("for the schema %j", (schema, value, code, message) => {
    const errors = compile(schema)(value);
    expect(errors.map((error) => problemText({ ...schema, title: "Field" }, error))).toEqual([{ code, message }]);
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

  it("names the entry that a field belongs to", () =>
    expect(named("Rome", "places", "a", "name")).toBe("Place “Rome”: "));
  it("is empty for the entry itself", () => expect(named("Rome", "places", "a")).toBe(""));
  it("leaves out a name that is not text", () => expect(named(5, "places", "a", "name")).toBe("Place: "));
  it("shortens a long name without splitting a surrogate pair", () => {
    expect(named("x".repeat(40), "places", "a", "name")).toBe(`Place “${"x".repeat(40)}”: `);
    expect(named("x".repeat(41), "places", "a", "name")).toBe(`Place “${"x".repeat(40)}…”: `);
    expect(named(`x${"😀".repeat(30)}`, "places", "a", "name").isWellFormed()).toBe(true);
  });
});
