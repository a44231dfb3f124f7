import { isObject } from "../../json/equality.ts";

/** A key for a new entry of a collection. Newer keys sort after older ones. */
export function newEntryKey(now = Date.now(), random = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0): string {
  return `${now.toString(36).padStart(9, "0")}-${random.toString(36).padStart(7, "0")}`;
}

/** The field of an entry that holds its place in the user's order. The form has buttons instead of an input for it. */
export const POSITION_FIELD = "position";

/**
 * The keys of a collection in the user's order: by position, and then in the order of PostgreSQL, which sorts the keys of
 * jsonb by length first. Entries without a position come last.
 */
export function entryKeys(collection: unknown): string[] {
  if (!isObject(collection)) return [];
  return Object.keys(collection)
    .filter((key) => collection[key] !== null && collection[key] !== undefined)
    .sort((left, right) => left.length - right.length || (left < right ? -1 : 1))
    .sort((left, right) => compare(positionOf(collection[left]), positionOf(collection[right])));
}

/** The positions to write when an entry moves up (-1) or down (1). */
export function movedPositions(collection: unknown, key: string, by: -1 | 1): { key: string; position: number }[] {
  const keys = entryKeys(collection);
  const from = keys.indexOf(key);
  const other = keys[from + by];
  if (from < 0 || other === undefined || !isObject(collection)) return [];
  [keys[from], keys[from + by]] = [other, key];
  return keys
    .map((moved, index) => ({ key: moved, position: index + 1 }))
    .filter(({ key: moved, position }) => positionOf(collection[moved]) !== position);
}

function positionOf(entry: unknown): number {
  const position = isObject(entry) ? entry[POSITION_FIELD] : undefined;
  return typeof position === "number" ? position : Number.POSITIVE_INFINITY;
}

function compare(left: number, right: number): number {
  // Infinity minus infinity is not a number.
  return left === right ? 0 : left - right;
}
