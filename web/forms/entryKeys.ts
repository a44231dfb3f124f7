import { isObject } from "../../json/equality.ts";

/** A key for a new entry of a collection. Newer keys sort after older ones. */
export function newEntryKey(now = Date.now(), random = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0): string {
  return `${now.toString(36).padStart(9, "0")}-${random.toString(36).padStart(7, "0")}`;
}

/** The keys of a collection in the order of PostgreSQL, which sorts the keys of jsonb by length first. */
export function entryKeys(collection: unknown): string[] {
  if (!isObject(collection)) return [];
  return Object.keys(collection)
    .filter((key) => collection[key] !== null && collection[key] !== undefined)
    .sort((left, right) => left.length - right.length || (left < right ? -1 : 1));
}
