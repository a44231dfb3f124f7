// JSON values that keep what `JSON.parse` loses: the notation of numbers (1.0 and 1.00), keys such as `__proto__`, and the
// text that PostgreSQL prints. This file shares no code with `json/`, because the model has to be independent.

/** A number. `stored` is how jsonb prints it, `written` how the client sends it. */
export class ExactNumber {
  readonly stored: string;
  readonly written: string;
  constructor(stored: string, written = stored) {
    this.stored = stored;
    this.written = written;
  }
}

export type Json = null | boolean | string | ExactNumber | readonly Json[] | JsonMap;
export type JsonMap = ReadonlyMap<string, Json>;
export type Path = readonly string[];

export const isMap = (value: Json | undefined): value is JsonMap => value instanceof Map;
const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

/** The text of a value as PostgreSQL prints a jsonb: shorter keys first, keys of one length by their bytes. */
export function storedText(value: Json): string {
  if (isMap(value)) {
    const members = [...value].map(([key, member]) => ({ bytes: Buffer.from(key), key, member }));
    members.sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes));
    return `{${members.map(({ key, member }) => `${quoted(key)}: ${storedText(member)}`).join(", ")}}`;
  }
  if (isList(value)) return `[${value.map(storedText).join(", ")}]`;
  if (value instanceof ExactNumber) return value.stored;
  return typeof value === "string" ? quoted(value) : String(value);
}

/** The text of a value as a client sends it. */
export function sentText(value: Json): string {
  if (isMap(value)) return `{${[...value].map(([key, member]) => `${quoted(key)}:${sentText(member)}`)}}`;
  if (isList(value)) return `[${value.map(sentText)}]`;
  return value instanceof ExactNumber ? value.written : storedText(value);
}

// JSON.stringify escapes the same characters as PostgreSQL, except for unpaired surrogates, which are not used here.
const quoted = (text: string) => JSON.stringify(text);

/** The value after JSON.parse of it, with numbers as JavaScript prints them. */
export function throughJavaScript<T extends Json>(value: T): T {
  const convert = (part: Json): Json => {
    if (isMap(part)) return new Map([...part].map(([key, member]) => [key, convert(member)]));
    if (isList(part)) return part.map(convert);
    return part instanceof ExactNumber ? new ExactNumber(String(Number(part.stored)).replace(/^-0$/, "0")) : part;
  };
  return convert(value) as T;
}

/** Makes a value of plain objects, arrays, strings, booleans and integers. */
export function fromPlain(value: unknown): Json {
  if (Array.isArray(value)) return value.map(fromPlain);
  if (typeof value === "number") return new ExactNumber(String(value));
  if (typeof value !== "object" || value === null) return value as Json;
  return new Map(Object.entries(value).map(([key, member]) => [key, fromPlain(member)]));
}

/** Whether two values are equal for jsonb, which ignores the notation of numbers. */
export function equal(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  if (isMap(a)) return isMap(b) && a.size === b.size && [...a].every(([key, member]) => equal(member, b.get(key)));
  if (isMap(b)) return false;
  if (a instanceof ExactNumber) return b instanceof ExactNumber && Number(a.stored) === Number(b.stored);
  if (!Array.isArray(a) || !Array.isArray(b)) return false;
  return a.length === b.length && a.every((member, index) => equal(member, b[index]));
}

/** RFC 7396, section 2, word for word. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isMap(patch)) return patch;
  const result = new Map(isMap(target) ? target : []);
  for (const [name, value] of patch) {
    if (value === null) result.delete(name);
    else result.set(name, mergePatch(result.get(name), value));
  }
  return result;
}

export function valueAt(value: Json | undefined, path: Path): Json | undefined {
  return path.reduce<Json | undefined>((at, key) => (isMap(at) ? at.get(key) : undefined), value);
}

/** The paths of all values below `value`. An empty object is a value. */
function pathsBelow(value: Json, path: Path): Path[] {
  if (!isMap(value) || value.size === 0) return [path];
  return [...value].flatMap(([key, member]) => pathsBelow(member, [...path, key]));
}

/** The paths at which two objects differ. Where a whole object is new, the paths of its values. */
export function changedPaths(before: Json | undefined, after: Json | undefined, path: Path = []): Path[] {
  if (equal(before, after)) return [];
  if (isMap(before) && isMap(after)) {
    const keys = new Set([...before.keys(), ...after.keys()]);
    return [...keys].flatMap((key) => changedPaths(before.get(key), after.get(key), [...path, key]));
  }
  return after === undefined ? [path] : pathsBelow(after, path);
}

/** Whether two paths are the same, or one leads to the other. */
export const overlap = (a: Path, b: Path) => a.every((key, index) => index >= b.length || key === b[index]);

export const pointer = (path: Path) =>
  path.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

export function levels(value: Json): number {
  if (isMap(value)) return 1 + Math.max(0, ...[...value.values()].map(levels));
  return isList(value) ? 1 + Math.max(0, ...value.map(levels)) : 0;
}

/** Whether a null is a member of an object. A merge patch can't write one. */
export function hasNullMember(value: Json): boolean {
  return isMap(value) && [...value.values()].some((member) => member === null || hasNullMember(member));
}
