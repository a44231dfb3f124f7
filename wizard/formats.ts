import { CURRENCIES, isCurrency } from "./currencies.ts";
import { instantOf } from "./instants.ts";
import type { Choice } from "./schema.ts";
import { isOneLine } from "./texts.ts";

export interface Format {
  readonly isValid: (text: string) => boolean;
  /** Completes the sentence "It must be …". */
  readonly expected: string;
  /** All valid values, if a form can offer them as a list. */
  readonly choices?: () => readonly Choice[];
}

/** The formats that stage files may use. */
export const FORMATS: Readonly<Record<string, Format>> = {
  "one-line": { isValid: isOneLine, expected: "one line, without hidden characters that change the text direction" },
  email: { isValid: isEmail, expected: "an e-mail address" },
  "date-time": {
    isValid: (text) => instantOf(text) !== undefined,
    expected: "a date and time with its offset from UTC",
  },
  "https-url": { isValid: isHttpsUrl, expected: "a web address that starts with https://" },
  "iana-timezone": { isValid: isTimezone, expected: "the name of a time zone", choices: timezones },
  "iso-4217": {
    isValid: isCurrency,
    expected: "the code of a current currency",
    choices: () => named("currency", CURRENCIES),
  },
  "iso-3166-1-alpha-2": {
    isValid: (code) => codes("region").has(code),
    expected: "a two-letter country code",
    choices: () => named("region", [...codes("region")]),
  },
};

// The part before the @, as in RFC 6531: any characters except those with a meaning in addresses, blanks and invisible ones.
const LOCAL_PART = /^[^\s\p{C}\p{Z}"(),.:;<>@[\\\]]+(?:\.[^\s\p{C}\p{Z}"(),.:;<>@[\\\]]+)*$/u;
const ASCII_DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const BLANKS = /^[ \t\r\n\u00a0]+|[ \t\r\n\u00a0]+$/g;

/** Names and domains may have letters of any script. `write_event` in SQL removes blanks around the address. */
function isEmail(text: string): boolean {
  const address = text.replace(BLANKS, "");
  const at = address.lastIndexOf("@");
  return LOCAL_PART.test(address.slice(0, Math.max(at, 0))) && isDomain(address.slice(at + 1));
}

function isDomain(domain: string): boolean {
  // The URL parser would also read a port, a path and escapes.
  if (!/^[\p{L}\p{M}\p{N}.-]{1,253}$/u.test(domain) || !URL.canParse(`https://${domain}`)) return false;
  return ASCII_DOMAIN.test(new URL(`https://${domain}`).hostname);
}

// The URL parser alone is too lenient: it repairs "https:example.com" and trims white space, and parsers differ in what
// they repair.
function isHttpsUrl(text: string): boolean {
  return /^https:\/\/[^/\\?#\s][^\\\s]*$/i.test(text) && URL.canParse(text);
}

// Intl lists one name per zone and accepts its aliases: "Asia/Calcutta" is listed, "Asia/Kolkata" is not. It also accepts
// offsets such as "+01:00" and names in the wrong case. PostgreSQL does not list those as time zones.
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

const cache = new Map<string, ReadonlySet<string>>();

/** Built on first use, because it is slow and many pages show no list. */
function codes(kind: "region" | "timeZone"): ReadonlySet<string> {
  const codes = cache.get(kind) ?? new Set(listCodes(kind));
  cache.set(kind, codes);
  return codes;
}

function listCodes(kind: "region" | "timeZone"): string[] {
  if (kind === "region") return countries();
  // Intl accepts UTC but does not list it. Online events use it.
  return [...Intl.supportedValuesOf(kind), "UTC"];
}

// Intl names these regions, but ISO 3166-1 does not list them as countries: parts of countries with their own postal or
// customs rules, unions of countries, and codes for tests.
const NOT_COUNTRIES = new Set("AC CP CQ DG EA EU EZ IC QO TA UN XA XB XK ZZ".split(" "));

// Intl has no list of countries. It has a name for each code, and replaces codes that are no longer in use.
function countries(): string[] {
  const names = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  return letters
    .flatMap((first) => letters.map((second) => first + second))
    .filter((code) => !NOT_COUNTRIES.has(code) && names.of(code) && new Intl.Locale(`und-${code}`).region === code);
}

function named(type: "currency" | "region", codes: readonly string[]): readonly Choice[] {
  const names = new Intl.DisplayNames("en", { type });
  return codes.map((code) => ({ const: code, title: names.of(code) ?? code }));
}
