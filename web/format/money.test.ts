import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { CURRENCIES, currencyDigits } from "../../wizard/currencies.ts";
import { decimalOf, formatMoney, minorOf, rescale } from "./money.ts";

describe("decimalOf", () => {
  it.each([
    [1250, 2, "12.50"],
    [5, 2, "0.05"],
    [0, 2, "0.00"],
    [-5, 2, "-0.05"],
    [1250, 0, "1250"],
    [1, 3, "0.001"],
    [999999999999, 2, "9999999999.99"],
  ])("formats %s with %s decimals as %s", (minor, digits, text) => expect(decimalOf(minor, digits)).toBe(text));
});

describe("minorOf", () => {
  it.each([
    ["12.50", 2, 1250],
    ["12,5", 2, 1250],
    ["12", 2, 1200],
    ["12.", 2, 1200],
    [".5", 2, 50],
    [" 1 200 ", 2, 120000],
    ["1'200.00", 2, 120000],
    ["4.35", 2, 435],
    ["1.2300", 2, 123],
    ["-1", 2, -100],
    ["100", 0, 100],
    ["100.0", 0, 100],
    ["12.500", 3, 12500],
    ["12,500", 3, 12500],
    ["1 200,50", 2, 120050],
  ])("parses %j with %s decimals as %s", (text, digits, minor) => expect(minorOf(text, digits)).toBe(minor));

  it.each([
    ["", 2],
    [".", 2],
    ["-", 2],
    ["twelve", 2],
    ["1.2.3", 2],
    ["1,200.00", 2],
    ["1,200.50", 2],
    ["1.200,50", 2],
    ["1,200", 2],
    ["1.200", 2],
    ["-1,200", 2],
    ["1,000", 0],
    ["1.000", 0],
    ["1,200,000", 2],
    ["1.200.000", 2],
    ["1,200,000", 3],
    ["1.234", 2],
    ["1.5", 0],
    ["1e3", 2],
    ["99999999999999999999", 2],
  ])("does not parse %j with %s decimals", (text, digits) => expect(minorOf(text, digits)).toBeUndefined());

  it("parses what decimalOf formats", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), fc.integer({ min: 0, max: 4 }), (minor, digits) => {
        expect(minorOf(decimalOf(minor, digits), digits)).toBe(minor === 0 ? 0 : minor);
      }),
    );
  });
});

describe("rescale", () => {
  it.each([
    [1200, 2, 0, 12],
    [-1200, 2, 0, -12],
    [1250, 2, 0, undefined],
    [12.5, 0, 0, undefined],
    [12.5, 2, 0, undefined],
    [Number.MAX_SAFE_INTEGER, 2, 3, undefined],
    [1200, 2, 3, 12000],
    [12, 0, 2, 1200],
    [5, 2, 2, 5],
  ])("converts %s from %s to %s decimals: %s", (minor, from, to, expected) =>
    expect(rescale(minor, from, to)).toBe(expected),
  );
});

describe("formatMoney", () => {
  it.each([
    [1250, "EUR", "€12.50"],
    [1250, "JPY", "¥1,250"],
    [999999999999, "EUR", "€9,999,999,999.99"],
    [1250, undefined, "12.50"],
    [1250, "euros", "12.50 euros"],
  ])("formats %s %s as %s", (minor, currency, text) => expect(formatMoney(minor, currency)).toBe(text));

  it.each([
    ["HUF", "HUF 5,000.00"],
    ["IQD", "IQD 500.000"],
    ["UGX", "UGX 500,000"],
    ["CLF", "CLF 50.0000"],
    ["HRK", "HRK 5,000.00"],
  ])("shows the decimals that ISO 4217 defines for %s", (currency, text) => {
    expect(formatMoney(500_000, currency).replaceAll("\u00a0", " ")).toBe(text);
  });

  it("reads 5000 HUF as 500,000 fillér, in every browser", () => {
    expect(minorOf("5000", currencyDigits("HUF"))).toBe(500_000);
  });

  it("shows as many decimals as users type, in every currency", () => {
    for (const currency of CURRENCIES) {
      const digits = currencyDigits(currency);
      expect(formatMoney(minorOf("5000", digits) ?? 0, currency)).toMatch(
        new RegExp(`5,000${digits > 0 ? `\\.0{${digits}}` : ""}$`),
      );
    }
  });
});
