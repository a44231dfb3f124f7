import { describe, expect, it } from "@jest/globals";
import { type Budget, firstWorld, LEFT, movesFrom, type World } from "../testing/model.ts";
import type { Pending } from "./pending.ts";
import { statusOf } from "./view.ts";

/** Tries every order of moves up to a depth, breadth first. Worlds that differ only in names and times count once. */
function explore(first: World, depth: number) {
  const seen = new Set([keyOf(first)]);
  const phases = new Set<string>();
  const moves = new Set<string>();
  let worlds: { readonly world: World; readonly path: readonly string[] }[] = [{ world: first, path: [] }];
  for (let level = 0; level < depth && worlds.length > 0; level++) {
    worlds = worlds.flatMap(({ world, path }) =>
      movesFrom(world).flatMap(([name, after]) => {
        const longer = [...path, name];
        if (after.violations.length > 0) throw new Error(`${longer.join(", ")}: ${after.violations.join("; ")}.`);
        moves.add(name);
        phases.add(statusOf(after.saver, after.now).phase);
        const key = keyOf(after);
        if (seen.has(key)) return [];
        seen.add(key);
        return [{ world: after, path: longer }];
      }),
    );
  }
  return { worlds: seen.size, isComplete: worlds.length === 0, phases, moves };
}

const TIMES = ["at", "first", "last", "retryAt"];
/** After this time nothing changes any more by waiting alone. */
const LONG_AGO = -10_000;

function keyOf({ saver, now, ids: _, ...others }: World): string {
  const { config: _config, savedAt: _savedAt, undoStack, ...state } = saver;
  const names = new Map<string, string>();
  const isTime = (key: string, value: unknown): value is number => TIMES.includes(key) && typeof value === "number";
  const text = JSON.stringify({ ...others, ...state, undo: undoStack.length }, (key, value) =>
    isTime(key, value) ? Math.max(value - now, LONG_AGO) : value,
  );
  return text.replace(/\bid\d+/g, (id) => names.get(id) ?? names.set(id, `#${names.size}`).get(id) ?? id);
}

const EVERYTHING: Budget = {
  edit: 2,
  loss: 1,
  elsewhere: 1,
  refusal: 1,
  expiry: 1,
  otherUser: 1,
  offline: 1,
  hide: 1,
  stop: 1,
  complete: 1,
};

/**
 * After every move `testing/model.ts` checks: no edit is lost; no request carries another user's token; one request and
 * one keepalive request are in flight at most; a key is always sent with the same content; a save is in the journal
 * before it is sent; "saved" and "kept" are true; unsaved changes that nothing blocks are sent some time.
 */
describe("in every order of events", () => {
  it.each<[string, Budget, Pending | undefined]>([
    ["edits and lost answers", { edit: 2, loss: 2 }, undefined],
    ["conflicts", { edit: 2, elsewhere: 1 }, undefined],
    ["expired tokens and lost answers", { edit: 2, expiry: 1, loss: 1 }, undefined],
    ["another user", { edit: 2, otherUser: 1 }, undefined],
    ["leaving the page, online and offline", { edit: 2, hide: 1, stop: 1, offline: 1 }, undefined],
    ["refusals and completion", { edit: 2, refusal: 1, complete: 1 }, undefined],
    ["changes of a closed tab", { edit: 1, elsewhere: 1, refusal: 1, stop: 1 }, LEFT],
  ])("the properties hold to the end: %s", (_, budget, left) => {
    expect(explore(firstWorld(budget, left), Number.POSITIVE_INFINITY).isComplete).toBe(true);
  });

  it("the properties hold for everything together, to a depth of 6", () => {
    const { worlds, moves, phases } = explore(firstWorld(EVERYTHING, LEFT), 6);
    expect(worlds).toBeGreaterThan(10_000);
    expect([...moves]).toEqual(
      expect.arrayContaining(["edit", "save ends", "signs in", "page left", "orphanSave ends"]),
    );
    expect([...phases].toSorted()).toEqual([
      "completed",
      "conflict",
      "editing",
      "kept",
      "loading",
      "refused",
      "saved",
      "saving",
      "signIn",
    ]);
  }, 120_000);
});
