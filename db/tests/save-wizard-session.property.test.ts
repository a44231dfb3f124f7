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

// Few keys, so that the tabs meet often: beside, above and below each other.
const { patch: patches } = fc.letrec<{ value: unknown; patch: object }>((tie) => ({
  value: fc.oneof({ depthSize: "small" }, fc.constantFrom(null, 1, 2, [1], [2], {}), tie("patch")),
  patch: fc.dictionary(fc.constantFrom("a", "b", "c", "0"), tie("value"), { maxKeys: 3, noNullPrototype: true }),
}));

const steps = fc.oneof(
  // A tab makes a save upon what it knows.
  { weight: 4, arbitrary: fc.record({ does: fc.constant("make"), tab: fc.nat(TABS - 1), patch: patches }) },
  // Some of the saves that wait arrive, in whatever order, at once or one by one; some answers are lost.
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant("arrive"),
      picks: fc.array(fc.record({ pick: fc.nat(), lost: fc.boolean() }), { minLength: 1, maxLength: 4 }),
      atOnce: fc.boolean(),
    }),
  },
  // One that has arrived before arrives again.
  { weight: 1, arbitrary: fc.record({ does: fc.constant("again"), pick: fc.nat() }) },
);

interface Sent {
  readonly tab: number;
  readonly saveId: string;
  readonly base: number;
  readonly patch: object;
}

it("any interleaving of three tabs keeps every acknowledged write, counts without a gap, and applies no save twice", async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 40 }), async (script) => {
      const ada = randomUUID();
      const { id } = await startSession(db, ada);
      const known = Array<number>(TABS).fill(0);
      const waiting: Sent[] = [];
      const arrived: Sent[] = [];
      const applied = new Map<number, Sent>();
      const conflicts: { readonly sent: Sent; readonly answer: SaveAnswer }[] = [];

      const arrive = async (sent: Sent, lost: boolean) => {
        const answer = await save(db, ada, { ...sent, id });
        seen.add(answer.outcome);
        if (answer.outcome === "SAVED" || answer.outcome === "MERGED") {
          expect(applied.has(answer.session.revision)).toBe(false);
          applied.set(answer.session.revision, sent);
        } else if (answer.outcome === "CONFLICT") {
          conflicts.push({ sent, answer });
        }
        arrived.push(sent);
        // A tab that hears of it takes over what it is shown; one that does not sends the same again.
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

      // No gap, nothing that was not answered, and each key once.
      const rows = await history(db, id);
      expect(rows.map(({ revision }) => revision)).toEqual(rows.map((_, n) => n));
      expect(rows.slice(1).map(({ save_id }) => save_id)).toEqual(
        rows.slice(1).map(({ revision }) => applied.get(revision)?.saveId),
      );
      expect(new Set([...applied.values()].map(({ saveId }) => saveId)).size).toBe(applied.size);

      // Every state is that before it with the one acknowledged patch put onto it.
      const states: unknown[] = [{}];
      for (const { revision } of rows.slice(1)) {
        states.push(applyPatch(states.at(-1), applied.get(revision)?.patch));
        expect((await stateAt(db, ada, id, revision)).state).toEqual(states.at(-1));
      }
      expect((await storedSession(db, id))?.state).toEqual(states.at(-1));

      for (const [revision, { base, patch }] of applied) {
        for (const path of pathsOf(patch)) {
          const value = memberAt(applyPatch({}, patch), path);
          // What was written is there, or something newer is.
          const newer = [...applied].some(
            ([later, sent]) => later > revision && pathsOf(sent.patch).some((other) => overlap(path, other)),
          );
          const present = memberAt(states.at(-1), path);
          // An empty object says no more than that there is one.
          const isThere = isDeepStrictEqual(value, {}) ? present !== undefined : isDeepStrictEqual(present, value);
          expect(isThere || newer).toBe(true);
          // What it wrote over was known to its tab, or the same.
          const over = memberAt(states[revision - 1], path);
          const after = memberAt(states[revision], path);
          expect(isDeepStrictEqual(over, after) || isDeepStrictEqual(over, memberAt(states[base], path))).toBe(true);
        }
      }
      // Nobody was told of a conflict with what no save since the base has changed. A patch may change more than the
      // paths that it names: removing something from what is not there makes an empty object of it.
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
  // Or it would have tried nothing.
  expect([...seen].toSorted()).toEqual(["CONFLICT", "DUPLICATE", "MERGED", "SAVED"]);
}, 120_000);
