import { fullFormats } from "ajv-formats/dist/formats.js";
import { instantOf } from "./instants.ts";
import type { Choice } from "./schema.ts";

export interface Format {
  readonly isValid: (text: string) => boolean;
  /** Ends the sentence «It has to be …». */
  readonly wanted: string;
  /** Everything that is valid, where that is a list of a length that a form can offer. */
  readonly choices?: () => readonly Choice[];
}

/** The values that `format` may have in the stage files. */
export const FORMATS: Readonly<Record<string, Format>> = {
  email: { isValid: isEmail, wanted: "an e-mail address" },
  "date-time": {
    isValid: (text) => instantOf(text) !== undefined,
    wanted: "a date and a time together with its offset from UTC",
  },
  "https-url": { isValid: isHttpsUrl, wanted: "a web address that begins with https://" },
  "iana-timezone": { isValid: isTimezone, wanted: "the name of a time zone", choices: timezones },
  "iso-4217": {
    isValid: (code) => codes("currency").has(code),
    wanted: "the three letters of a currency",
    choices: () => namedCodes("currency"),
  },
  "iso-3166-1-alpha-2": {
    isValid: (code) => codes("region").has(code),
    wanted: "the two letters of a country",
    choices: () => namedCodes("region"),
  },
};

function isEmail(text: string): boolean {
  return fullFormats.email instanceof RegExp && fullFormats.email.test(text);
}

// URL repairs what it can ("https:example.com", blanks around it), and such repairs differ between programs.
function isHttpsUrl(text: string): boolean {
  return /^https:\/\/[^/\\?#\s][^\\\s]*$/i.test(text) && URL.canParse(text);
}

// Intl lists one name for each zone, and understands the others: "Asia/Calcutta" is listed, "Asia/Kolkata" is not. It
// also takes offsets ("+01:00"), which are no zones, and names in lower case, which PostgreSQL would not list.
function isTimezone(name: string): boolean {
  if (codes("timeZone").has(name)) return true;
  if (!/^[A-Z]/.test(name)) return false;
  try {
    const listed = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
    return listed === name || listed.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}

function timezones(): readonly Choice[] {
  return [...codes("timeZone")].map((name) => ({ const: name, title: name.replaceAll("_", " ") }));
}

const made = new Map<string, ReadonlySet<string>>();

/** Made when somebody first asks: a page that shows no such list need not wait for it. */
function codes(kind: "currency" | "region" | "timeZone"): ReadonlySet<string> {
  const codes = made.get(kind) ?? new Set(listCodes(kind));
  made.set(kind, codes);
  return codes;
}

function listCodes(kind: "currency" | "region" | "timeZone"): string[] {
  if (kind === "region") return countries();
  // Intl knows UTC and does not list it. Events that are only online use it.
  return kind === "timeZone" ? [...Intl.supportedValuesOf(kind), "UTC"] : Intl.supportedValuesOf(kind);
}

// Regions that Intl has names for and ISO 3166-1 has no countries for: parts of countries that the post or customs treat
// apart, unions, and codes for tests.
const NO_COUNTRIES = new Set("AC CP CQ DG EA EU EZ IC QO TA UN XA XB XK ZZ".split(" "));

// Intl has no list of countries, but a name for each, and it knows which codes have been given up for others.
function countries(): string[] {
  const names = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  return letters
    .flatMap((first) => letters.map((second) => first + second))
    .filter((code) => !NO_COUNTRIES.has(code) && names.of(code) && new Intl.Locale(`und-${code}`).region === code);
}

function namedCodes(type: "currency" | "region"): readonly Choice[] {
  const names = new Intl.DisplayNames("en", { type });
  return [...codes(type)].map((code) => ({ const: code, title: names.of(code) ?? code }));
}
