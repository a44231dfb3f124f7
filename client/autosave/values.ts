import { isEqual, isObject, type Json } from "../../json/equality.ts";
import { member } from "../../json/pointer.ts";

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
