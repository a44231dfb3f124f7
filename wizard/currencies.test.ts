import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { CURRENCIES, currencyDigits, isCurrency } from "./currencies.ts";
import { FORMATS } from "./formats.ts";
import { problemsOf } from "./problems.ts";
import { COMPLETE_STATE } from "./testing/completeState.ts";
import { withValue } from "./testing/edit.ts";

const ISO_4217 = readFileSync(new URL("testing/iso-4217.csv", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split(","))
  .map(([code = "", minorUnit = "", withdrawn = ""]) => ({ code, minorUnit, withdrawn }));

describe("CURRENCIES", () => {
  it("are the currencies of ISO 4217 that are in use and have a minor unit", () => {
    const current = ISO_4217.filter(({ minorUnit }) => /\d/.test(minorUnit)).map(({ code }) => code);
    expect(current.length).toBeGreaterThan(150);
    expect(CURRENCIES).toEqual(current.toSorted());
  });

  it("are the choices of the format iso-4217", () => {
    expect(FORMATS["iso-4217"]?.choices?.().map((choice) => choice.const)).toEqual(CURRENCIES);
  });
});

describe("currencyDigits", () => {
  it("returns the decimals that ISO 4217 defines, for every currency", () => {
    const digits = CURRENCIES.map((code) => [code, String(currencyDigits(code))]);
    const expected = CURRENCIES.map((code) => [code, ISO_4217.find((row) => row.code === code)?.minorUnit]);
    expect(digits).toEqual(expected);
  });

  it.each([
    ["EUR", 2],
    ["HUF", 2],
    ["JPY", 0],
    ["KWD", 3],
    ["HRK", 2],
    [undefined, 2],
    ["", 2],
    ["euro", 2],
    ["constructor", 2],
  ])("of %s: %s", (currency, digits) => expect(currencyDigits(currency)).toBe(digits));
});

describe("withdrawn currencies", () => {
  const withdrawn = ISO_4217.filter((row) => row.withdrawn !== "").map(({ code }) => code);

  it("are not accepted", () => {
    expect(withdrawn).toEqual(expect.arrayContaining(["HRK", "BGN", "ZWL", "ANG", "SLL"]));
    expect(withdrawn.filter(isCurrency)).toEqual([]);
  });

  it.each(["HRK", "BGN", "ZWL", "ANG", "SLL"])("are a problem of a draft: %s", (currency) => {
    expect(problemsOf(withValue(COMPLETE_STATE, "/tickets/currency", currency))).toEqual([
      {
        stage: 4,
        pointer: "/tickets/currency",
        code: "wrong_format",
        message: "“Currency” must be the code of a current currency, such as EUR.",
      },
    ]);
  });
});
