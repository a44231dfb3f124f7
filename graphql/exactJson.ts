const [QUOTE, BACKSLASH, MINUS, PLUS, DOT] = [0x22, 0x5c, 0x2d, 0x2b, 0x2e];
const [ZERO, NINE, E, LOWER_D, LOWER_E, LOWER_U] = [0x30, 0x39, 0x45, 0x64, 0x65, 0x75];
const CASE = 0x20;
const ESCAPE_LENGTH = "\\ud83d".length;
// A double holds each number of 15 digits: https://en.wikipedia.org/wiki/Double-precision_floating-point_format
const CERTAIN_LENGTH = 15;
const CERTAIN = /^-?[\d.]{1,15}(?:e[+-]?\d{1,2})?$/i;
const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;
/** Of a longer number, a message quotes the beginning. */
const QUOTED = 40;

/**
 * What reading a JSON text (in UTF-8) would change without a word, said in a sentence: a number that a double does not
 * hold, half a character. Undefined where it is read as it is written. It looks at each byte once, and leaves it to
 * JSON.parse to find out whether the text is JSON.
 */
export function lossIn(json: Uint8Array): string | undefined {
  for (let at = 0; at < json.length; ) {
    const byte = json[at] as number;
    if (byte === QUOTE) {
      for (at++; at < json.length && json[at] !== QUOTE; ) {
        if (json[at] !== BACKSLASH) {
          at++;
          continue;
        }
        const half = surrogateAt(json, at);
        if (half === undefined) at += 2;
        else if (isHigh(half) && isLow(surrogateAt(json, at + ESCAPE_LENGTH))) at += 2 * ESCAPE_LENGTH;
        else return `A text holds \\u${half.toString(16)}, which is half a character. Send both halves, or neither.`;
      }
      at++;
    } else if (byte === MINUS || isDigit(byte)) {
      const start = at;
      let power = false;
      for (; at < json.length && isOfNumber(json[at] as number); at++) power ||= isPower(json[at] as number);
      if (!power && at - start <= CERTAIN_LENGTH) continue;
      const literal = Buffer.from(json.buffer, json.byteOffset + start, at - start).toString("latin1");
      if (NUMBER.test(literal) && !isExact(literal)) return inexact(literal);
    } else at++;
  }
  return undefined;
}

/** Why such a number is refused, and what to do instead. */
export function inexact(literal: string): string {
  const quoted = literal.length > QUOTED ? `${literal.slice(0, QUOTED)}…` : literal;
  return `The number ${quoted} can't be kept exactly. Round it, or send it as text, in quotes.`;
}

/** Whether a number, as JSON and GraphQL write it, is the same number after a double has held it. */
export function isExact(literal: string): boolean {
  if (CERTAIN.test(literal)) return true;
  const read = Number(literal);
  const written = String(read);
  return written === literal || (Number.isFinite(read) && digitsOf(literal) === digitsOf(written));
}

/** The digits that count and the power of ten: `-1.50e3` and `1500` are both `15e2`. */
function digitsOf(literal: string): string {
  const [mantissa = "", power = "0"] = literal.toLowerCase().replace(/^-/, "").split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return "0";
  // By hand: over zeros that another digit follows, /0+$/ takes the square of their number.
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return `${digits.slice(0, end)}e${Number(power) - fraction.length + digits.length - end}`;
}

/** The half of a character that is escaped at that place. */
function surrogateAt(json: Uint8Array, at: number): number | undefined {
  if (json[at] !== BACKSLASH || json[at + 1] !== LOWER_U || ((json[at + 2] ?? 0) | CASE) !== LOWER_D) return undefined;
  const unit = Number(`0x${String.fromCharCode(...json.subarray(at + 2, at + ESCAPE_LENGTH))}`);
  return isHigh(unit) || isLow(unit) ? unit : undefined;
}

const isHigh = (unit: number) => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number | undefined) => unit !== undefined && unit >= 0xdc00 && unit <= 0xdfff;
const isDigit = (byte: number) => byte >= ZERO && byte <= NINE;
const isPower = (byte: number) => byte === E || byte === LOWER_E;
const isOfNumber = (byte: number) => isDigit(byte) || byte === DOT || isPower(byte) || byte === MINUS || byte === PLUS;
