import { expect, it } from "@jest/globals";
import type { JsonObject } from "../../json/equality.ts";
import {
  answered,
  edit,
  freeze,
  isClean,
  nothingPending,
  type Pending,
  resolve,
  restored,
  shownState,
  takeOver,
  withDraftOf,
} from "./pending.ts";

let ids = 0;
const newId = () => `id${++ids}`;
const at = (revision: number, state: JsonObject) => ({ revision, stage: 1, state });
const typed = (from: Pending, state: JsonObject) => edit(from, state, 1, newId);

it("keeps the key of a growing draft until it is frozen", () => {
  const first = typed(nothingPending(at(4, {})), { a: "F" });
  const grown = typed(first, { a: "Fê" });
  expect(grown.draft).toEqual({ saveId: first.draft?.saveId, patch: { a: "Fê" } });
  const later = typed(freeze(grown), { a: "Fêt" });
  expect(later.saves).toEqual([grown.draft]);
  expect(later.draft?.saveId).not.toBe(grown.draft?.saveId);
  expect(shownState(later)).toEqual({ a: "Fêt" });
});

it("is clean again when every change was typed back", () => {
  expect(isClean(typed(typed(nothingPending(at(4, { a: 1 })), { a: 2 }), { a: 1 }))).toBe(true);
});

it.each<[string, JsonObject, JsonObject, JsonObject, JsonObject | string[]]>([
  ["different members", { a: 1 }, { a: 1, b: 2 }, { a: 1, c: 3 }, { a: 1, b: 2, c: 3 }],
  ["the same value", {}, { a: 2 }, { a: 2 }, { a: 2 }],
  ["different values", { a: 1 }, { a: 2 }, { a: 3 }, ["/a"]],
  ["below a removed object", { o: { x: 1 } }, { o: { x: 1, y: 1 } }, {}, ["/o"]],
  ["below an object that became a list", { o: { x: 1 } }, { o: { x: 2 } }, { o: [1] }, ["/o"]],
  ["below an object that both created", {}, { o: { x: 1 } }, { o: { y: 1 } }, { o: { x: 1, y: 1 } }],
  ["below a value that is not an object", {}, { o: { x: 1 } }, { o: "text" }, ["/o"]],
  ["above a changed member", { o: { x: 1 } }, {}, { o: { x: 2 } }, ["/o"]],
  ["a key with the special characters of a pointer", { "a/~": 1 }, { "a/~": 2 }, { "a/~": 3 }, ["/a~1~0"]],
])("finds conflicts with the state that was read: %s", (_, base, mine, theirs, expected) => {
  const { conflicts, ...rest } = takeOver(typed(nothingPending(at(4, base)), mine), at(5, theirs), newId);
  if (Array.isArray(expected)) expect(conflicts.map(({ pointer }) => pointer)).toEqual(expected);
  else expect([conflicts, shownState({ ...rest, conflicts })]).toEqual([[], expected]);
});

it("does not freeze a draft in conflict, and drops a conflict once both sides agree", () => {
  const conflict = takeOver(typed(nothingPending(at(4, {})), { a: 1, b: 1 }), at(5, { a: 2 }), newId);
  expect(freeze(conflict)).toBe(conflict);
  expect(typed(conflict, { a: 2, b: 1 }).conflicts).toEqual([]);
  expect(takeOver(conflict, at(6, { a: 1 }), newId)).toMatchObject({ conflicts: [], draft: { patch: { b: 1 } } });
});

it('leaves no empty object behind when "theirs" is chosen', () => {
  const conflict = takeOver(typed(nothingPending(at(4, { o: { x: 1 } })), { o: { x: 2 } }), at(5, {}), newId);
  expect(shownState(resolve(conflict, { "/o": "theirs" }, newId))).toEqual({});
  expect(shownState(resolve(conflict, { "/o": "yours" }, newId))).toEqual({ o: { x: 2 } });
});

it("does not see a conflict with its own save that was answered late", () => {
  const sent = freeze(typed(nothingPending(at(4, {})), { title: "F" }));
  const ahead = typed(sent, { title: "Fête", summary: "S" });
  const duplicate = { outcome: "DUPLICATE", base: at(6, { title: "F", more: 1 }), conflicts: [] } as const;
  const next = answered(ahead, duplicate, newId);
  expect(next).toMatchObject({
    base: { revision: 6 },
    saves: [],
    conflicts: [],
    draft: { patch: { title: "Fête", summary: "S" } },
  });
  const theirs = { ...duplicate, base: at(6, { title: "Theirs" }) };
  expect(answered(ahead, theirs, newId).conflicts).toEqual([
    { pointer: "/title", base: "F", yours: "Fête", theirs: "Theirs" },
  ]);
});

it("makes one draft of all changes after a conflict", () => {
  const ahead = typed(freeze(typed(nothingPending(at(4, {})), { a: 1, b: 1 })), { a: 1, b: 2, c: 3 });
  const conflicts = [{ pointer: "/a", base: null, yours: 1, theirs: 9 }];
  const next = answered(ahead, { outcome: "CONFLICT", base: at(5, { a: 9 }), conflicts }, newId);
  expect(next).toMatchObject({ saves: [], draft: { patch: { a: 1, b: 2, c: 3 } }, conflicts });
  expect(next.draft?.saveId).not.toBe(ahead.saves[0]?.saveId);
});

it("names the value that would be lost if the server names a path below it", () => {
  const sent = freeze(typed(nothingPending(at(4, {})), { o: { x: 1 } }));
  const conflicts = [{ pointer: "/o/x", base: null, yours: 1, theirs: null }];
  const next = answered(sent, { outcome: "CONFLICT", base: at(5, { o: "text" }), conflicts }, newId);
  expect(next.conflicts).toEqual([{ pointer: "/o", base: null, yours: { x: 1 }, theirs: "text" }]);
});

it("finds conflicts between the draft of a closed tab and a newer state", () => {
  const left = typed(nothingPending(at(4, { a: 1, b: 1 })), { a: 2, b: 1 });
  const merged = withDraftOf(nothingPending(at(6, { a: 3, b: 2 })), left, newId);
  expect(merged.conflicts).toEqual([{ pointer: "/a", base: 1, yours: 2, theirs: 3 }]);
  expect(shownState(merged)).toEqual({ a: 2, b: 2 });
});

it("freezes a draft from a journal, since the page that was left may have sent it", () => {
  const left = typed(freeze(typed(nothingPending(at(4, {})), { a: "F" })), { a: "Fê" });
  const again = restored(left);
  expect(again.saves).toEqual([...left.saves, left.draft]);
  expect(typed(again, { a: "Fêt" }).draft?.saveId).not.toBe(left.draft?.saveId);
});
