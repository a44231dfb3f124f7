import { isEqual, isObject, type Json, type JsonObject, type UnknownObject } from "./equality.ts";
import { member } from "./pointer.ts";

/** A JSON merge patch (RFC 7396): the members that change; null removes a member; arrays are replaced as a whole. */
export type MergePatch = JsonObject;

/** The target with the patch applied. Parts that the patch does not touch stay the same objects. */
export function applyPatch(target: JsonObject, patch: MergePatch): JsonObject;
export function applyPatch(target: unknown, patch: unknown): unknown;
export function applyPatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, applyPatch(result.get(key), value));
  }
  return Object.fromEntries(result);
}

/** The smallest patch that turns `from` into `to`. A member that is null in `to` has to be null in `from` as well. */
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

/** The values of `state` that a patch replaces, under the members of the patch. Members that `state` lacks are left out. */
export function valuesBefore(state: JsonObject, patch: MergePatch): JsonObject {
  const values = new Map<string, Json>();
  for (const [key, written] of Object.entries(patch)) {
    const before = member(state, key);
    if (before === undefined) continue;
    const isWalked = isObject(before) && isObject(written) && !isEmpty(written);
    values.set(key, isWalked ? valuesBefore(before, written) : before);
  }
  return Object.fromEntries(values);
}

/** The paths that a patch writes. An empty object is written as one value. */
export function pathsOf(patch: unknown): string[][] {
  if (!isObject(patch)) return [[]];
  return Object.entries(patch).flatMap(([key, value]) =>
    isObject(value) && !isEmpty(value) ? pathsOf(value).map((path) => [key, ...path]) : [[key]],
  );
}

export function isEmpty(patch: UnknownObject): boolean {
  return Object.keys(patch).length === 0;
}
