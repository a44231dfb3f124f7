import { describe, expect, it } from "@jest/globals";
import { choicesOf } from "../../wizard/fields.ts";
import type { Schema } from "../../wizard/schema.ts";
import { rankOf, searchWordsOf } from "./searchWords.ts";

/** The options that a search finds, best first. */
function find(schema: Schema, search: string): string[] {
  const words = searchWordsOf(schema);
  return (choicesOf(schema) ?? [])
    .map((choice) => ({ value: String(choice.const), rank: rankOf(choice.title, words(String(choice.const)), search) }))
    .filter((option) => option.rank !== undefined)
    .toSorted((one, other) => (one.rank ?? 0) - (other.rank ?? 0))
    .map(({ value }) => value);
}

describe("time zones", () => {
  const zones = { type: "string", format: "iana-timezone" };

  it.each([
    ["Japan", "Asia/Tokyo"],
    ["JST", "Asia/Tokyo"],
    ["jst", "Asia/Tokyo"],
    ["Tokyo", "Asia/Tokyo"],
    ["Germany", "Europe/Berlin"],
    ["CET", "Europe/Berlin"],
    ["CEST", "Europe/Berlin"],
    ["Brazil", "America/Sao_Paulo"],
    ["sao paulo", "America/Sao_Paulo"],
    ["EST", "America/New_York"],
    ["EDT", "America/New_York"],
    ["Pacific", "America/Los_Angeles"],
    ["GMT", "Europe/London"],
    ["BST", "Europe/London"],
    ["AEST", "Australia/Sydney"],
    ["Cote d'Ivoire".replace("'", "’"), "Africa/Abidjan"],
  ])("the search %j finds %s", (search, zone) => expect(find(zones, search)).toContain(zone));

  it("an abbreviation finds its zones first", () => {
    expect(find(zones, "JST")[0]).toBe("Asia/Tokyo");
    expect(find(zones, "Atlantis")).toEqual([]);
  });
});

describe("currencies", () => {
  const currencies = { type: "string", format: "iso-4217" };

  it.each([
    ["R$", "BRL"],
    ["€", "EUR"],
    ["£", "GBP"],
    ["₹", "INR"],
    ["zł", "PLN"],
    ["Ft", "HUF"],
    ["yen", "JPY"],
    ["$", "USD"],
  ])("the search %j finds %s", (search, currency) => expect(find(currencies, search)).toContain(currency));

  it("a symbol finds its currency first", () => expect(find(currencies, "R$")[0]).toBe("BRL"));
});
