import { isObject, type Json, type JsonObject, member } from "./json.ts";

/** A JSON pointer (RFC 6901) of these segments. */
export function pointerTo(path: readonly string[]): string {
  return path.map((segment) => `/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

export function segmentsOf(pointer: string): string[] {
  if (pointer !== "" && !pointer.startsWith("/"))
    throw new TypeError(`«${pointer}» is no JSON pointer: it begins with /.`);
  return pointer
    .split("/")
    .slice(1)
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The value at a path through objects and arrays; undefined where there is none. */
export function valueAt(value: Json | undefined, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>(
    (parent, segment) => (Array.isArray(parent) ? parent[placeOf(segment)] : member(parent, segment)),
    value,
  );
}

/** @throws {TypeError} where a path names a member of a list that is no place in it */
export function checkPlaces(root: JsonObject, path: readonly string[]): void {
  const wrong = path.find((segment, depth) => Array.isArray(valueAt(root, path.slice(0, depth))) && !isPlace(segment));
  if (wrong !== undefined) throw new TypeError(`«${wrong}» is no place in a list.`);
}

/**
 * A copy with that value at a path; undefined removes it. Objects on the way there are made where there are none, also
 * in place of something else.
 */
export function withValueAt(root: JsonObject, path: readonly string[], value: Json | undefined): JsonObject {
  const changed = changeAt(root, path, value);
  if (!isObject(changed)) throw new TypeError("The whole state can only be replaced by an object.");
  return changed;
}

/** A copy without the value at a path, and without the objects above it that are empty then and are not in `model`. */
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

/** Whether one of two paths leads to the other or to something inside it. */
export function overlap(a: readonly string[], b: readonly string[]): boolean {
  return a.every((segment, place) => place >= b.length || segment === b[place]);
}

function changeAt(parent: Json | undefined, path: readonly string[], value: Json | undefined): Json | undefined {
  const [segment, ...rest] = path;
  if (segment === undefined) return value;
  if (Array.isArray(parent) && isPlace(segment)) {
    const index = segment === "-" ? parent.length : placeOf(segment);
    const changed = changeAt(parent[index], rest, value);
    return changed === undefined ? parent.toSpliced(index, 1) : parent.toSpliced(index, 1, changed);
  }
  const members = new Map(isObject(parent) ? Object.entries(parent) : []);
  const changed = changeAt(members.get(segment), rest, value);
  if (changed !== undefined) members.set(segment, changed);
  // Nothing is made in order to remove something from it.
  else if (!members.delete(segment) && !isObject(parent)) return parent;
  return Object.fromEntries(members);
}

function isPlace(segment: string): boolean {
  return segment === "-" || !Number.isNaN(placeOf(segment));
}

function placeOf(segment: string): number {
  return /^(0|[1-9]\d*)$/.test(segment) ? Number(segment) : Number.NaN;
}
