import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { findInexactValue, isExact } from "./exactJson.ts";

const digits = (min: number, max: number) =>
  fc
    .array(fc.oneof(fc.constantFrom("0", "9"), fc.nat(9).map(String)), { minLength: min, maxLength: max })
    .map((each) => each.join(""));
const powers = fc.oneof(fc.integer({ min: -30, max: 30 }), fc.integer({ min: -420, max: 420 }));
/** Number literals of JSON. */
const literals = fc
  .record({
    sign: fc.constantFrom("", "-"),
    whole: fc.oneof(
      fc.constant("0"),
      digits(1, 25).map((text) => `1${text}`),
    ),
    fraction: fc.oneof(
      fc.constant(""),
      digits(1, 25).map((text) => `.${text}`),
    ),
    power: fc.oneof(
      fc.constant(""),
      fc.tuple(fc.constantFrom("e", "E", "e+"), powers).map(([e, n]) => (n < 0 ? `${e.charAt(0)}${n}` : `${e}${n}`)),
    ),
  })
  .map(({ sign, whole, fraction, power }) => sign + whole + fraction + power);

/** A decimal number as an integer, in units of 1e-1000. */
function scaled(literal: string): bigint {
  const [, sign, whole = "", fraction = "", power = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(literal) ?? [];
  const value = BigInt(whole + fraction) * 10n ** BigInt(1000 + Number(power) - fraction.length);
  return sign === "-" ? -value : value;
}

describe("a number", () => {
  it("is exact if reading and writing it gives the same number", () => {
    const seen = new Set<boolean>();
    fc.assert(
      fc.property(literals, (literal) => {
        const read = JSON.parse(literal) as number;
        const same = Number.isFinite(read) && scaled(String(read)) === scaled(literal);
        seen.add(same);
        expect(isExact(literal)).toBe(same);
        expect(findInexactValue(`{"key":[${literal}]}`) === undefined).toBe(same);
      }),
      { numRuns: 3_000 },
    );
    expect(seen.size).toBe(2);
  });

  it("is exact if JavaScript wrote it", () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (number) => {
        expect(findInexactValue(JSON.stringify({ number }))).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ["1e400", false],
    ["-1e400", false],
    ["1e-400", false],
    ["12345678901234567890", false],
    ["9007199254740993", false],
    ["0.1234567890123456789012", false],
    ["0.10000000000000001", false],
    ["9007199254740992", true],
    ["123456789012345680000", true],
    ["0.30000000000000004", true],
    ["1.7976931348623157e308", true],
    ["5e-324", true],
    ["-0", true],
    ["0e999999", true],
    ["1.50", true],
    ["100E-2", true],
  ])("%s: %s", (literal, exact) => {
    expect(isExact(literal)).toBe(exact);
    expect(findInexactValue(literal) === undefined).toBe(exact);
  });

  it("is quoted by its first 40 characters if it is long", () => {
    for (const literal of ["1".repeat(1e6), `0.1${"0".repeat(1e6)}1`, `1${"0".repeat(1e6)}`]) {
      expect(findInexactValue(literal)).toBe(
        `The number ${literal.slice(0, 40)}… can't be stored exactly. Round it, or send it as a string.`,
      );
    }
  });

  it("is not looked for inside strings", () => {
    expect(findInexactValue('{"1e400":"1e400, \\"1e400\\\\\\" 1e400","a\\\\":"1e400"}')).toBeUndefined();
    expect(findInexactValue('{"\\\\":1e400}')).toContain("1e400");
  });
});

describe("an unpaired surrogate", () => {
  it.each(["\\ud83d", "\\uD83D", "\\udc4d", "\\ud83d\\ud83d\\udc4d", "\\ud83dx", "\\ud83d\\n", "\\udc4d\\ud83d"])(
    "is found in %s",
    (text) => {
      expect(findInexactValue(`["${text}"]`)).toContain("unpaired surrogate");
      expect(findInexactValue(`{"a":{"${text}":1}}`)).toContain("unpaired surrogate");
    },
  );

  it.each(["\\ud83d\\udc4d", "👍", "\\\\ud83d", "\\ud7ff", "\\ue000", "\\u0000", "\\u00d8", "\\\\\\\\udc4d"])(
    "is not found in %s",
    (text) => expect(findInexactValue(`["${text}"]`)).toBeUndefined(),
  );

  it("is found if and only if a string is not well-formed", () => {
    const units = fc.constantFrom("\\ud83d", "\\udc4d", "\\uDBFF", "\\uDC00", "\\\\", '\\"', "d", "\\u0041", "u");
    fc.assert(
      fc.property(fc.array(units, { maxLength: 8 }), (parts) => {
        const text = `"${parts.join("")}"`;
        expect(findInexactValue(text) === undefined).toBe((JSON.parse(text) as string).isWellFormed());
      }),
      { numRuns: 2_000 },
    );
  });
});

it.each(["", '"', '"\\', '"\\u', '"\\ud8', "-", "1e", "[1e400", "{a: 1-2e999}", "\u0000"])(
  "does not throw on %j, which may not be JSON",
  (text) => expect(() => findInexactValue(text)).not.toThrow(),
);
