import { isEqual, isObject, type Json, type JsonObject, member } from "./json.ts";

/** A JSON merge patch (RFC 7396): what changes; null for what goes; arrays as a whole. */
export type MergePatch = JsonObject;

/** What a patch makes of a state. Parts that it does not touch stay the same objects. */
export function applyPatch(target: JsonObject, patch: MergePatch): JsonObject {
  return merge(target, patch) as JsonObject;
}

function merge(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, merge(result.get(key), value));
  }
  return Object.fromEntries(result);
}

/** The smallest patch that makes `to` of `from`. Members of `to` that are null have to be null in `from`. */
export function diffPatch(from: JsonObject, to: JsonObject): MergePatch {
  const changes = new Map<string, Json>();
  for (const [key, value] of Object.entries(to)) {
    const before = member(from, key);
    if (isObject(before) && isObject(value)) {
      const inner = diffPatch(before, value);
      if (!isEmpty(inner)) changes.set(key, inner as Json);
    } else if (before === undefined || !isEqual(before, value)) {
      changes.set(key, value);
    }
  }
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) changes.set(key, null);
  return Object.fromEntries(changes);
}

/** The paths that a patch writes. An empty object is written as a whole. */
export function pathsOf(patch: Json | MergePatch): string[][] {
  if (!isObject(patch)) return [[]];
  return Object.entries(patch).flatMap(([key, value]) =>
    isObject(value) && !isEmpty(value) ? pathsOf(value).map((path) => [key, ...path]) : [[key]],
  );
}

export function isEmpty(patch: MergePatch): boolean {
  return Object.keys(patch).length === 0;
}
