import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isObject } from "../../json/equality.ts";
import { applyPatch } from "../../json/mergePatch.ts";
import { useTestDatabase } from "../../testkit/database.ts";
import { singleRow } from "../../testkit/rows.ts";

const db = useTestDatabase();

async function sqlValue(expression: string, ...values: unknown[]): Promise<unknown> {
  const query = `select ${expression} as value`;
  return singleRow((await db.root.query<{ value: unknown }>(query, values)).rows).value;
}
const patched = (target: string, patch: string) =>
  sqlValue("app_private.json_merge_patch($1, $2)::text", target, patch).then((text) => JSON.parse(String(text)));

/** Whether an object contains a null, which a merge patch can't write. */
const holdsNull = (value: unknown): boolean =>
  isObject(value) && Object.values(value).some((member) => member === null || holdsNull(member));

// All JSON types, under a few keys that often collide and some that need escaping.
const text = fc.string({ unit: "grapheme", maxLength: 4 });
const { object: objects } = fc.letrec<{ value: unknown; object: object }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, true, false, 0, 1.5, -1e21, 1e300, "", "x"),
    text,
    fc.array(tie("value"), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc.dictionary(
    fc.oneof({ weight: 4, arbitrary: fc.constantFrom("a", "b", "0", "", "a/b", "~", "__proto__") }, text),
    tie("value"),
    { maxKeys: 4, noNullPrototype: true },
  ),
}));

describe("json_merge_patch", () => {
  // https://www.rfc-editor.org/rfc/rfc7396#appendix-A
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', "{}"],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', "null", "null"],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ["[1,2]", '{"a":"b","c":null}', '{"a":"b"}'],
    ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])("applied to %s with the patch %s returns %s, as in the appendix of the RFC", async (target, patch, result) => {
    expect(await patched(target, patch)).toEqual(JSON.parse(result));
  });

  it("returns the same as applyPatch in json/mergePatch.ts", async () => {
    await fc.assert(
      fc.asyncProperty(objects, objects, async (target, patch) => {
        expect(await patched(JSON.stringify(target), JSON.stringify(patch))).toEqual(
          JSON.parse(JSON.stringify(applyPatch(target, patch))),
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe("json_merge_diff", () => {
  it("returns a patch that turns the first state into the second, unless the second contains a null", async () => {
    await fc.assert(
      fc.asyncProperty(objects, objects, async (before, after) => {
        const values = [before, after].map((state) => JSON.stringify(state));
        const made = await sqlValue(
          "app_private.json_merge_patch($1, app_private.json_merge_diff($1, $2)) = $2::jsonb",
          ...values,
        );
        expect(made || holdsNull(after)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ["an empty patch for equal states", '{"a":{"b":[1,{"c":2}]}}', '{"a":{"b":[1,{"c":2}]}}', "{}"],
    ["a new key", "{}", '{"a":{"b":1}}', '{"a":{"b":1}}'],
    ["null for each removed key", '{"a":1,"b":{"c":1,"d":2}}', '{"b":{"c":1}}', '{"a":null,"b":{"d":null}}'],
    ["a changed array as a whole", '{"a":[1,2,3]}', '{"a":[1,2,4]}', '{"a":[1,2,4]}'],
    ["an empty object that replaces a value", '{"a":1}', '{"a":{}}', '{"a":{}}'],
  ])("returns %s", async (_, before, after, patch) => {
    expect(await sqlValue("app_private.json_merge_diff($1, $2)", before, after)).toEqual(JSON.parse(patch));
  });
});

describe("json_merge_paths", () => {
  it.each([
    ["{}", []],
    ['{"a":1}', [["a"]]],
    ['{"a":null}', [["a"]]],
    ['{"a":{}}', [["a"]]],
    [
      '{"a":{"b":{},"c":{"d":null}}}',
      [
        ["a", "b"],
        ["a", "c", "d"],
      ],
    ],
    ['{"a":[{"b":1}]}', [["a"]]],
    ['{"":{"":1},"a/b":"~"}', [["", ""], ["a/b"]]],
  ])("returns the paths that %s writes", async (patch, paths) => {
    const written = "array(select to_jsonb(path) from app_private.json_merge_paths($1) order by path)";
    expect(await sqlValue(written, patch)).toEqual(paths);
  });
});

describe("json_pointer", () => {
  it.each([
    ["{}", ""],
    ["{a,b}", "/a/b"],
    ['{"a/b","m~n","~1",""}', "/a~1b/m~0n/~01/"],
  ])("formats %s as '%s'", async (path, pointer) => {
    expect(await sqlValue("app_private.json_pointer($1::text[])", path)).toBe(pointer);
  });
});

describe("json_at", () => {
  it("follows the keys of objects, but not the indexes of arrays", async () => {
    expect(await sqlValue("app_private.json_at($1, array['a', '0'])", '{"a":["in an array"]}')).toBeNull();
    expect(await sqlValue("app_private.json_at($1, array['a', '0'])", '{"a":{"0":"in an object"}}')).toBe(
      "in an object",
    );
    expect(await sqlValue("app_private.json_at($1, array['a', 'b', 'c'])", '{"a":1}')).toBeNull();
  });
});

describe("json_merge_overlap", () => {
  it.each([
    ["the same path", '{"a":1}', '{"a":2}', [["a"]]],
    ["a path and one below it", '{"a":1}', '{"a":{"b":2}}', [["a"]]],
    [
      "a path and one above it",
      '{"a":{"b":2,"c":{"d":3}}}',
      '{"a":1}',
      [
        ["a", "b"],
        ["a", "c", "d"],
      ],
    ],
    ["a removal and a change below it", '{"a":null}', '{"a":{"b":1}}', [["a"]]],
    ["a change and a removal above it", '{"a":{"b":1}}', '{"a":null}', [["a", "b"]]],
    ["siblings", '{"a":{"b":1}}', '{"a":{"c":2}}', []],
    ["keys with a common prefix", '{"a":1}', '{"ab":1}', []],
    ["an array and a key that looks like its index", '{"a":[1]}', '{"a":{"0":2}}', [["a"]]],
    ["an empty object and a path below it", '{"a":{}}', '{"a":{"b":1}}', [["a"]]],
    ["a path and an empty object above it", '{"a":{"b":1}}', '{"a":{}}', [["a", "b"]]],
    ["two empty objects", '{"a":{}}', '{"a":{}}', [["a"]]],
    ["an empty patch", "{}", '{"a":1}', []],
  ])("returns the paths of the first patch that overlap with the second: %s", async (_, yours, theirs, paths) => {
    const overlap = "array(select to_jsonb(path) from app_private.json_merge_overlap($1, $2) path order by path)";
    expect(await sqlValue(overlap, yours, theirs)).toEqual(paths);
  });

  it("returns exactly the paths that start with a path of the other patch, or the reverse", async () => {
    const same = `
      (select coalesce(jsonb_agg(distinct o.path), '[]') from app_private.json_merge_overlap($1, $2) o (path))
      = (select coalesce(jsonb_agg(distinct y.path), '[]')
           from app_private.json_merge_paths($1) y join app_private.json_merge_paths($2) t
             on y.path[1:cardinality(t.path)] = t.path or t.path[1:cardinality(y.path)] = y.path)`;
    await fc.assert(
      fc.asyncProperty(objects, objects, async (yours, theirs) => {
        expect(await sqlValue(same, JSON.stringify(yours), JSON.stringify(theirs))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("finds the only common path of two patches of ten thousand paths", async () => {
    const wide = (offset: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`key ${n + offset}`, n])));
    const overlap = "array(select to_jsonb(path) from app_private.json_merge_overlap($1, $2) path)";
    expect(await sqlValue(overlap, wide(0), wide(9_999))).toEqual([["key 9999"]]);
  });
});
