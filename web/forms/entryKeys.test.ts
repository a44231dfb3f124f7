import { expect, it } from "@jest/globals";
import { STAGES } from "../../wizard/stages.ts";
import { entryKeys, movedPositions, newEntryKey } from "./entryKeys.ts";

it("makes keys that the wizard accepts and that sort by creation time", () => {
  const names = STAGES.find(({ key }) => key === "tickets")?.schema.properties?.tickets?.propertyNames;
  const keys = [newEntryKey(0, 0), newEntryKey(1_800_000_000_000, 2 ** 32 - 1), newEntryKey(1_800_000_000_001, 0)];
  for (const key of [...keys, newEntryKey()]) expect(key).toMatch(new RegExp(String(names?.pattern)));
  expect(entryKeys(Object.fromEntries(keys.toReversed().map((key) => [key, {}])))).toEqual(keys);
});

it("makes no key twice", () => {
  expect(new Set(Array.from({ length: 100 }, () => newEntryKey())).size).toBe(100);
});

it("sorts keys like PostgreSQL and leaves out deleted entries", () => {
  expect(entryKeys({ b: {}, aa: {}, a: "x", c: null })).toEqual(["a", "b", "aa"]);
  expect(entryKeys([1])).toEqual([]);
  expect(entryKeys(undefined)).toEqual([]);
});

it("sorts by position first, and entries without one last", () => {
  const entries = { aa: { position: 2 }, b: {}, a: { position: "1" }, c: { position: 1 }, d: { position: 2 } };
  expect(entryKeys(entries)).toEqual(["c", "d", "aa", "a", "b"]);
});

it("numbers all entries when one moves, and returns only what changes", () => {
  expect(movedPositions({ a: {}, b: {}, c: {} }, "c", -1)).toEqual([
    { key: "a", position: 1 },
    { key: "c", position: 2 },
    { key: "b", position: 3 },
  ]);
  const entries = { a: { position: 1 }, b: { position: 2 }, c: { position: 3 } };
  expect(movedPositions(entries, "a", 1)).toEqual([
    { key: "b", position: 1 },
    { key: "a", position: 2 },
  ]);
  for (const [key, by] of [
    ["a", -1],
    ["c", 1],
    ["x", 1],
  ] as const)
    expect(movedPositions(entries, key, by)).toEqual([]);
});
