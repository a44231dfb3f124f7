import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { applyPatch, pathsOf } from "../../json/mergePatch.ts";
import { memberAt, overlap } from "../../json/pointer.ts";
import { useTestDatabase } from "../../testkit/database.ts";
import { startSession, storedSession } from "../../testkit/rows.ts";
import { history, type SaveAnswer, save, stateAt } from "../../testkit/saving.ts";

const db = useTestDatabase();

const TABS = 3;

// With few keys, the tabs often write the same path, or one above or below it.
const { patch: patches } = fc.letrec<{ value: unknown; patch: object }>((tie) => ({
  value: fc.oneof({ depthSize: "small" }, fc.constantFrom(null, 1, 2, [1], [2], {}), tie("patch")),
  patch: fc.dictionary(fc.constantFrom("a", "b", "c", "0"), tie("value"), { maxKeys: 3, noNullPrototype: true }),
}));

const steps = fc.oneof(
  // A tab prepares a save with the last revision that it has received as the base.
  { weight: 4, arbitrary: fc.record({ does: fc.constant("make"), tab: fc.nat(TABS - 1), patch: patches }) },
  // Some prepared saves arrive in any order, concurrently or one by one. Some answers are lost.
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant("arrive"),
      picks: fc.array(fc.record({ pick: fc.nat(), lost: fc.boolean() }), { minLength: 1, maxLength: 4 }),
      atOnce: fc.boolean(),
    }),
  },
  // A save arrives a second time.
  { weight: 1, arbitrary: fc.record({ does: fc.constant("again"), pick: fc.nat() }) },
);

interface Save {
  readonly tab: number;
  readonly saveId: string;
  readonly base: number;
  readonly patch: object;
}

it("any interleaving of saves from three tabs keeps every acknowledged write, leaves no gap in the revisions and applies no save twice", async () => {
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 40 }), async (script) => {
      const ada = randomUUID();
      const { id } = await startSession(db, ada);
      const known = Array<number>(TABS).fill(0);
      const waiting: Save[] = [];
      const arrived: Save[] = [];
      const applied = new Map<number, Save>();
      const conflicts: { readonly sent: Save; readonly answer: SaveAnswer }[] = [];

      const arrive = async (sent: Save, lost: boolean) => {
        const answer = await save(db, ada, { ...sent, id });
        outcomes.add(answer.outcome);
        if (answer.outcome === "SAVED" || answer.outcome === "MERGED") {
          expect(applied.has(answer.session.revision)).toBe(false);
          applied.set(answer.session.revision, sent);
        } else if (answer.outcome === "CONFLICT") {
          conflicts.push({ sent, answer });
        }
        arrived.push(sent);
        // A tab that receives the answer uses its revision from then on. A tab that does not sends the save again.
        if (lost) waiting.push(sent);
        else known[sent.tab] = Math.max(known[sent.tab] ?? 0, answer.session.revision);
      };
      for (const step of script) {
        if ("patch" in step) {
          const { tab, patch } = step;
          waiting.push({ tab, patch, saveId: randomUUID(), base: known[tab] ?? 0 });
        } else if ("picks" in step) {
          const picked = step.picks.flatMap(({ pick, lost }) =>
            waiting.splice(pick % Math.max(1, waiting.length), 1).map((sent) => ({ sent, lost })),
          );
          if (step.atOnce) await Promise.all(picked.map(({ sent, lost }) => arrive(sent, lost)));
          else for (const { sent, lost } of picked) await arrive(sent, lost);
        } else {
          const sent = arrived[step.pick % Math.max(1, arrived.length)];
          if (sent) await arrive(sent, false);
        }
      }

      // The revisions have no gap, each has the saveId of an acknowledged save, and no saveId is repeated.
      const rows = await history(db, id);
      expect(rows.map(({ revision }) => revision)).toEqual(rows.map((_, n) => n));
      expect(rows.slice(1).map(({ save_id }) => save_id)).toEqual(
        rows.slice(1).map(({ revision }) => applied.get(revision)?.saveId),
      );
      expect(new Set([...applied.values()].map(({ saveId }) => saveId)).size).toBe(applied.size);

      // Each state is the previous one with the acknowledged patch applied.
      const states: unknown[] = [{}];
      for (const { revision } of rows.slice(1)) {
        states.push(applyPatch(states.at(-1), applied.get(revision)?.patch));
        expect((await stateAt(db, ada, id, revision)).state).toEqual(states.at(-1));
      }
      expect((await storedSession(db, id))?.state).toEqual(states.at(-1));

      for (const [revision, { base, patch }] of applied) {
        for (const path of pathsOf(patch)) {
          const value = memberAt(applyPatch({}, patch), path);
          // The written value is still in the state, or a later save has overwritten it.
          const newer = [...applied].some(
            ([later, sent]) => later > revision && pathsOf(sent.patch).some((other) => overlap(path, other)),
          );
          const present = memberAt(states.at(-1), path);
          // An empty object in a patch only requires that the path exists.
          const isThere = isDeepStrictEqual(value, {}) ? present !== undefined : isDeepStrictEqual(present, value);
          expect(isThere || newer).toBe(true);
          // The save overwrote a value that its tab had seen, or an equal one.
          const over = memberAt(states[revision - 1], path);
          const after = memberAt(states[revision], path);
          expect(isDeepStrictEqual(over, after) || isDeepStrictEqual(over, memberAt(states[base], path))).toBe(true);
        }
      }
      // Every reported conflict overlaps with a save since the base. It compares the recorded patches: a save can change
      // more paths than it sends, because removing a key below a missing object creates that object.
      for (const { sent, answer } of conflicts) {
        const now = answer.session.revision;
        for (const { pointer } of answer.conflicts) {
          const path = pointer.slice(1).split("/");
          const since = rows.filter(({ revision }) => revision > sent.base && revision <= now);
          expect(since.some(({ patch }) => pathsOf(patch).some((written) => overlap(path, written)))).toBe(true);
        }
      }
    }),
    { numRuns: 150 },
  );
  // The generated scripts must have reached every outcome.
  expect([...outcomes].toSorted()).toEqual(["CONFLICT", "DUPLICATE", "MERGED", "SAVED"]);
}, 120_000);
