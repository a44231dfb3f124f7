import { FORMATS } from "../../wizard/formats.ts";
import type { Schema } from "../../wizard/schema.ts";

const WINTER = Date.UTC(2027, 0);
const SUMMER = Date.UTC(2027, 6);

/** Words by which an option of a long list is found, besides its label. */
export type SearchWords = (value: string) => readonly string[];

export function searchWordsOf(schema: Schema): SearchWords {
  if (schema.format === "iana-timezone") return remembered(timeZoneWords);
  if (schema.format === "iso-4217") return remembered(currencyWords);
  return () => [];
}

/** Whether a text contains what a user has typed, in any case and without accents. */
export function contains(text: string, search: string): boolean {
  return plain(text).includes(plain(search));
}

/** How well an option fits: 0 for an equal word such as `JST`, 1 for the start of its label, 2 for another match. */
export function rankOf(label: string, words: readonly string[], search: string): number | undefined {
  if (words.some((word) => plain(word) === plain(search))) return 0;
  if (plain(label).startsWith(plain(search))) return 1;
  return [label, ...words].some((text) => contains(text, search)) ? 2 : undefined;
}

function plain(text: string): string {
  return text.trim().toLowerCase().normalize("NFKD").replaceAll(/\p{M}/gu, "");
}

/** The names of a time zone, their usual abbreviations, and its countries: "Japan Standard Time", "JST", "Japan". */
function timeZoneWords(zone: string): readonly string[] {
  const names = [
    ...new Set([
      nameOf(zone, "long", WINTER),
      nameOf(zone, "long", SUMMER),
      nameOf(zone, "longGeneric", WINTER),
      // These are CET and EET, not CEST and EEST.
      nameOf(zone, "long", WINTER).replace(/(European) Standard/, "$1"),
    ]),
  ];
  // Each of these locales has abbreviations of its own region only.
  const short = ["en-US", "en-GB", "en-AU", "en-IN", "en-ZA"].map((locale) => nameOf(zone, "short", WINTER, locale));
  return [...names, ...names.map(initials), ...short, ...countriesOf(zone)];
}

function nameOf(timeZone: string, timeZoneName: "short" | "long" | "longGeneric", time: number, locale = "en"): string {
  try {
    const parts = new Intl.DateTimeFormat(locale, { timeZone, timeZoneName }).formatToParts(time);
    return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  } catch {
    return "";
  }
}

function initials(name: string): string {
  return name.replaceAll(/[^A-Z]/g, "");
}

let countriesByZone: ReadonlyMap<string, readonly string[]> | undefined;

/** Empty in browsers that don't know the time zones of countries. */
function countriesOf(zone: string): readonly string[] {
  countriesByZone ??= readCountries();
  return countriesByZone.get(zone) ?? [];
}

function readCountries(): ReadonlyMap<string, readonly string[]> {
  const names = new Intl.DisplayNames("en", { type: "region" });
  const found = new Map<string, string[]>();
  for (const { const: code } of FORMATS["iso-3166-1-alpha-2"]?.choices?.() ?? []) {
    for (const zone of new Intl.Locale(`und-${code}`).getTimeZones?.() ?? []) {
      found.set(zone, [...(found.get(zone) ?? []), names.of(String(code)) ?? ""]);
    }
  }
  return found;
}

/** The symbols of a currency: "R$", "zł". */
function currencyWords(currency: string): readonly string[] {
  return (["symbol", "narrowSymbol"] as const).map((currencyDisplay) => {
    const format = new Intl.NumberFormat("en", { style: "currency", currency, currencyDisplay });
    return format.formatToParts(1).find(({ type }) => type === "currency")?.value ?? "";
  });
}

function remembered(words: SearchWords): SearchWords {
  const cache = caches.get(words) ?? new Map<string, readonly string[]>();
  caches.set(words, cache);
  return (value) => {
    const known = cache.get(value) ?? words(value);
    cache.set(value, known);
    return known;
  };
}

const caches = new Map<SearchWords, Map<string, readonly string[]>>();
