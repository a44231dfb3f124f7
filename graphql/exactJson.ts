// A double holds every number of up to 15 digits: https://en.wikipedia.org/wiki/Double-precision_floating-point_format
const CERTAINLY_EXACT = /^-?[\d.]{1,15}(?:e[+-]?\d{1,2})?$/i;
/** Strings, and the numbers that might not be exact. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.]*e[+-]?\d+|-?[\d.]{16,}/gi;
const SURROGATE_ESCAPE = /\\ud[89a-f]/i;
/** A message quotes the beginning of a longer number. */
const QUOTED_LENGTH = 40;

/**
 * Finds a value of a JSON text that JavaScript or PostgreSQL would change: a number that a double can't hold, or an
 * unpaired surrogate. Returns an error message, or undefined if there is none. `json` must be valid JSON.
 */
export function findInexactValue(json: string): string | undefined {
  for (const [token] of json.matchAll(TOKENS)) {
    if (!token.startsWith('"')) {
      if (!isExact(token)) return inexact(token);
    } else if (SURROGATE_ESCAPE.test(token) && !(JSON.parse(token) as string).isWellFormed()) {
      return "A string holds an unpaired surrogate (\\ud800 to \\udfff). Send both halves of the pair, or neither.";
    }
  }
  return undefined;
}

/** The error message for a number that is not exact. */
export function inexact(literal: string): string {
  const quoted = literal.length > QUOTED_LENGTH ? `${literal.slice(0, QUOTED_LENGTH)}…` : literal;
  return `The number ${quoted} can't be stored exactly. Round it, or send it as a string.`;
}

/** Whether a double holds a number, as JSON and GraphQL write it, without rounding. */
export function isExact(literal: string): boolean {
  if (CERTAINLY_EXACT.test(literal)) return true;
  const read = Number(literal);
  const written = String(read);
  return written === literal || (Number.isFinite(read) && canonical(literal) === canonical(written));
}

/** Significant digits and exponent: `-1.50e3` and `1500` are both `15e2`. */
function canonical(literal: string): string {
  const [mantissa = "", exponent = "0"] = literal.toLowerCase().replace(/^-/, "").split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return "0";
  // A loop, because /0+$/ takes quadratic time on zeros that another digit follows.
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return `${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}
