import { isEqual, isObject, type Json } from "../../json/equality.ts";
import { member } from "../../json/pointer.ts";

/** `next` with the parts of `previous` that are equal, so that a comparison by identity shows what has changed. */
export function share<T>(previous: unknown, next: T): T {
  if (previous === next || isEqual(previous, next)) return previous as T;
  if (!isObject(previous) || !isObject(next)) return next;
  return Object.fromEntries(
    Object.entries(next).map(([key, value]) => [key, share(member(previous, key), value)]),
  ) as unknown as T;
}

/**
 * A value as it will be after a save: without what JSON cannot hold (`NaN` becomes null), and without members that are
 * null, which a merge patch cannot set.
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
