import { expect, it } from "@jest/globals";
import { STAGES } from "../../wizard/stages.ts";
import { entryKeys, newEntryKey } from "./entryKeys.ts";

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
