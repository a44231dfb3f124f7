export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export interface JsonObject {
  readonly [key: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member of an object itself, whatever its name: `constructor` is a name like any other. */
export function member(value: unknown, key: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((value, place) => isEqual(value, b[place]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]));
}

/** `next`, made of the parts of `previous` wherever they are equal, so that whoever compares by identity sees what changed. */
export function share<T>(previous: unknown, next: T): T {
  if (previous === next || isEqual(previous, next)) return previous as T;
  if (!isObject(previous) || !isObject(next)) return next;
  return Object.fromEntries(
    Object.entries(next).map(([key, value]) => [key, share(member(previous, key), value)]),
  ) as unknown as T;
}

/**
 * A value as it will be after a save: what JSON can't hold is gone (`NaN` is null), and so are members that are null,
 * which a merge patch can't set.
 */
export function storable(value: Json | undefined): Json | undefined {
  const text = JSON.stringify(value);
  return text === undefined ? undefined : withoutNulls(JSON.parse(text));
}

function withoutNulls(value: Json): Json {
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutNulls(inner)]));
}
