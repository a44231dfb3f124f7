import { isObject, type Json, type JsonObject } from "./equality.ts";

/** The JSON Pointer (RFC 6901) that has these segments. */
export function pointerTo(path: readonly string[]): string {
  return path.map((segment) => `/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** The segments of a JSON Pointer. */
export function segmentsOf(pointer: string): string[] {
  if (pointer !== "" && !pointer.startsWith("/")) {
    throw new TypeError(`"${pointer}" is not a JSON Pointer: it has to start with "/".`);
  }
  return pointer
    .split("/")
    .slice(1)
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** A member of a JSON object itself, not of its prototype: `constructor` is a name like any other. */
export function member(value: unknown, key: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? (value[key] as Json) : undefined;
}

/** The value at a JSON Pointer or its segments, through objects and arrays; undefined if there is none. */
export function valueAt(root: unknown, at: string | readonly string[]): Json | undefined {
  const path = typeof at === "string" ? segmentsOf(at) : at;
  return path.reduce<unknown>(
    (parent, segment) => (Array.isArray(parent) ? parent[indexOf(segment)] : member(parent, segment)),
    root,
  ) as Json | undefined;
}

/** The value at a path through objects only: a merge patch cannot reach into an array, even by the name `0`. */
export function memberAt(root: unknown, path: readonly string[]): Json | undefined {
  return path.reduce<unknown>(member, root) as Json | undefined;
}

/** @throws {TypeError} if a segment of the path names something in an array other than an index or `-` */
export function checkIndexes(root: JsonObject, path: readonly string[]): void {
  const wrong = path.find((segment, depth) => Array.isArray(valueAt(root, path.slice(0, depth))) && !isIndex(segment));
  if (wrong !== undefined) throw new TypeError(`"${wrong}" is not an index of a list. Use a number, or "-" to append.`);
}

/**
 * A copy with `value` at a path; undefined removes what is there. Missing objects on the way are created, also in place
 * of other values.
 */
export function withValueAt(root: JsonObject, path: readonly string[], value: Json | undefined): JsonObject {
  const changed = changeAt(root, path, value);
  if (!isObject(changed)) throw new TypeError("The whole state can only be replaced by an object.");
  return changed;
}

/** A copy without the value at a path, and without the objects above it that this empties, unless `model` has them. */
export function withoutValueAt(root: JsonObject, path: readonly string[], model: JsonObject): JsonObject {
  let changed = withValueAt(root, path, undefined);
  for (let depth = path.length - 1; depth > 0; depth--) {
    const above = path.slice(0, depth);
    const left = valueAt(changed, above);
    if (!isObject(left) || Object.keys(left).length > 0 || valueAt(model, above) !== undefined) break;
    changed = withValueAt(changed, above, undefined);
  }
  return changed;
}

/** Whether one of two paths is the same as the other, or leads to something inside it. */
export function overlap(a: readonly string[], b: readonly string[]): boolean {
  return a.every((segment, depth) => depth >= b.length || segment === b[depth]);
}

function changeAt(parent: Json | undefined, path: readonly string[], value: Json | undefined): Json | undefined {
  const [segment, ...rest] = path;
  if (segment === undefined) return value;
  if (Array.isArray(parent) && isIndex(segment)) {
    const index = segment === "-" ? parent.length : indexOf(segment);
    const changed = changeAt(parent[index], rest, value);
    return changed === undefined ? parent.toSpliced(index, 1) : parent.toSpliced(index, 1, changed);
  }
  const members = new Map(isObject(parent) ? Object.entries(parent) : []);
  const changed = changeAt(members.get(segment), rest, value);
  if (changed !== undefined) members.set(segment, changed);
  // Removing something that is not there creates nothing on the way.
  else if (!members.delete(segment) && !isObject(parent)) return parent;
  return Object.fromEntries(members);
}

function isIndex(segment: string): boolean {
  return segment === "-" || !Number.isNaN(indexOf(segment));
}

function indexOf(segment: string): number {
  return /^(0|[1-9]\d*)$/.test(segment) ? Number(segment) : Number.NaN;
}
