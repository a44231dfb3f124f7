/** RFC 7396, section 2, word for word: what the SQL is held against. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, mergePatch(result.get(name), value));
  }
  return Object.fromEntries(result);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The paths that a patch writes, as lists of keys. An empty object is written as a whole. */
export function pathsOf(patch: unknown): string[][] {
  if (!isObject(patch)) return [[]];
  return Object.entries(patch).flatMap(([key, value]) =>
    isObject(value) && Object.keys(value).length > 0 ? pathsOf(value).map((path) => [key, ...path]) : [[key]],
  );
}

/** The value at a path through objects; undefined where there is none. */
export function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (parent, key) => (isObject(parent) && Object.hasOwn(parent, key) ? parent[key] : undefined),
    value,
  );
}

export function overlap(a: readonly string[], b: readonly string[]): boolean {
  return a.every((key, place) => place >= b.length || key === b[place]);
}
