import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { createEvent, type SessionFields, singleRow, startSession, storedSession } from "../../testkit/rows.ts";
import { history, revisionNumbers, type Save, type SaveAnswer, save, stateAt, update } from "../../testkit/saving.ts";
import { COMPLETE_STATE } from "../../wizard/testing/completeState.ts";

const db = useTestDatabase();

const STATE_LIMIT = 256 * 1024;

/** Starts a session as a new user. `saveOnto` saves it as that user with a base revision and a patch. */
async function newSession(fields: SessionFields = {}) {
  const ada = randomUUID();
  const { id } = await startSession(db, ada, fields);
  return {
    ada,
    id,
    saveOnto: (base: number, patch: unknown, more: Partial<Save> = {}) => save(db, ada, { id, base, patch, ...more }),
  };
}

/** Reads a session and its history, which a rejected save must leave unchanged. */
const everythingOf = async (id: string) => [await storedSession(db, id), await history(db, id)];

describe("save_wizard_session", () => {
  it("writes the patch and the stage when the base revision is the current one", async () => {
    const { id, saveOnto } = await newSession({ state: { basics: { title: "Fair", summary: "Old" } } });
    const { outcome, session, conflicts } = await saveOnto(
      0,
      { basics: { title: "Fête", summary: null } },
      { stage: 2 },
    );
    expect({ outcome, conflicts }).toEqual({ outcome: "SAVED", conflicts: [] });
    expect(session).toMatchObject({ revision: 1, stage: 2, state: { basics: { title: "Fête" } } });
    expect(await storedSession(db, id)).toEqual(session);
  });

  it("keeps the stage when none is given", async () => {
    const { saveOnto } = await newSession({ stage: 4 });
    expect((await saveOnto(0, { a: 1 })).session).toMatchObject({ stage: 4, revision: 1 });
    expect((await saveOnto(1, { a: 2 }, { stage: 5 })).session).toMatchObject({ stage: 5, revision: 2 });
  });

  it("counts an empty patch as a save", async () => {
    const { saveOnto } = await newSession({ state: { a: 1 } });
    expect(await saveOnto(0, {})).toMatchObject({ outcome: "SAVED", session: { revision: 1, state: { a: 1 } } });
  });

  it("keeps the session's event", async () => {
    const ada = randomUUID();
    const event_id = await createEvent(db, ada);
    const { id } = await startSession(db, ada, { event_id });
    expect((await save(db, ada, { id, base: 0, patch: { a: 1 } })).session).toMatchObject({ event_id });
  });

  it("resumes an abandoned session", async () => {
    const { ada, id, saveOnto } = await newSession({ state: { a: 1 } });
    await update(db, ada, id, { status: "abandoned" });
    expect(await saveOnto(1, { b: 2 })).toMatchObject({
      outcome: "SAVED",
      session: { status: "in_progress", revision: 2, state: { a: 1, b: 2 } },
    });
  });

  it("lets service_role save the session of any user", async () => {
    const { id } = await newSession();
    const saved = await db.asService((client) =>
      client.query("select outcome from save_wizard_session($1, gen_random_uuid(), 0, '{}')", [id]),
    );
    expect(saved.rows).toEqual([{ outcome: "SAVED" }]);
  });
});

describe("save_wizard_session with an older base revision", () => {
  const BASE = { a: { x: 1, y: 1 }, b: [1, 2], c: "c", d: {} };

  // In each row, one tab saves the first patch. Then another tab, which still has BASE, saves the second.
  it.each([
    ["a change of a sibling key", { a: { x: 2 } }, { a: { y: 2 } }, { ...BASE, a: { x: 2, y: 2 } }],
    ["a change of another key", { a: null }, { c: null }, { b: [1, 2], d: {} }],
    ["the same change", { a: { x: 2 } }, { a: { x: 2 } }, { ...BASE, a: { x: 2, y: 1 } }],
    ["the same change and a new key", { c: "d" }, { c: "d", e: 1 }, { ...BASE, c: "d", e: 1 }],
    ["the same change of an array", { b: [3] }, { b: [3] }, { ...BASE, b: [3] }],
    ["the same removal", { c: null }, { c: null }, { a: BASE.a, b: BASE.b, d: {} }],
    ["an empty object at a path that the other tab filled", { d: { e: 1 } }, { d: {} }, { ...BASE, d: { e: 1 } }],
    [
      "another key of an object that both tabs create",
      { n: { x: 1 } },
      { n: { y: 1 } },
      { ...BASE, n: { x: 1, y: 1 } },
    ],
    ["an empty patch", { a: 1 }, {}, { ...BASE, a: 1 }],
  ])("merges %s", async (_, before, patch, merged) => {
    const { id, saveOnto } = await newSession({ state: BASE });
    await saveOnto(0, before);
    const answer = await saveOnto(0, patch);
    expect(answer).toMatchObject({ outcome: "MERGED", conflicts: [], session: { revision: 2 } });
    expect(answer.session.state).toEqual(merged);
    expect(await storedSession(db, id)).toEqual(answer.session);
  });

  it.each([
    ["another value at the same path", { a: { x: 2 } }, { a: { x: 3 } }, [["/a/x", 1, 3, 2]]],
    ["a change below a replaced value", { a: 5 }, { a: { x: 3 } }, [["/a/x", 1, 3, null]]],
    ["a change below a removed value", { a: null }, { a: { x: 3 } }, [["/a/x", 1, 3, null]]],
    [
      "a replacement of an object that was changed",
      { a: { x: 2 } },
      { a: "gone" },
      [["/a", BASE.a, "gone", { x: 2, y: 1 }]],
    ],
    ["a removal of a changed value", { c: "d" }, { c: null }, [["/c", "c", null, "d"]]],
    ["a change of a removed value", { c: null }, { c: "d" }, [["/c", "c", "d", null]]],
    ["a removal of an object that was changed", { a: { x: 2 } }, { a: null }, [["/a", BASE.a, null, { x: 2, y: 1 }]]],
    ["a different array", { b: [1, 2, 3] }, { b: [0, 1, 2] }, [["/b", [1, 2], [0, 1, 2], [1, 2, 3]]]],
    ["an object key in place of an array index", { b: [3] }, { b: { 0: 4 } }, [["/b/0", null, 4, null]]],
    ["an empty object in place of a changed value", { c: 1 }, { c: {} }, [["/c", "c", {}, 1]]],
    ["a key that both tabs add with different values", { n: 1 }, { n: 2 }, [["/n", null, 2, 1]]],
    [
      "several paths, among others that could be merged",
      { a: { x: 2, y: 2 }, c: "d" },
      { a: { x: 3, y: 2, z: 1 }, c: "e", "~/": 1 },
      [
        ["/a/x", 1, 3, 2],
        ["/c", "c", "e", "d"],
      ],
    ],
    [
      "keys that a JSON pointer escapes",
      { "a/b": { "m~n": 1 } },
      { "a/b": { "m~n": 2 } },
      [["/a~1b/m~0n", null, 2, 1]],
    ],
  ])("returns CONFLICT and writes nothing for %s", async (_, before, patch, expected) => {
    const { id, saveOnto } = await newSession({ state: BASE });
    await saveOnto(0, before);
    const stored = await everythingOf(id);
    const { outcome, conflicts, session } = await saveOnto(0, patch, { stage: 3 });
    expect(outcome).toBe("CONFLICT");
    expect(conflicts).toEqual(expected.map(([pointer, base, yours, theirs]) => ({ pointer, base, yours, theirs })));
    expect(session).toEqual(stored[0]);
    expect(await everythingOf(id)).toEqual(stored);
  });

  it("compares the patch with every save since the base, not only with the last", async () => {
    const { saveOnto } = await newSession();
    await saveOnto(0, { a: 1 });
    await saveOnto(1, { b: 1 });
    await saveOnto(2, { c: 1 });
    expect((await saveOnto(0, { a: 2 })).outcome).toBe("CONFLICT");
    expect((await saveOnto(1, { a: 2, c: 2 })).conflicts.map(({ pointer }) => pointer)).toEqual(["/c"]);
    expect((await saveOnto(1, { a: 2 })).outcome).toBe("MERGED");
  });

  it("compares the patch with whole states that an update wrote", async () => {
    const { ada, id, saveOnto } = await newSession({ state: { a: 1, b: 1 } });
    await update(db, ada, id, { state: { a: 2, b: 1 } });
    expect((await saveOnto(0, { a: 3 })).conflicts).toEqual([{ pointer: "/a", base: 1, yours: 3, theirs: 2 }]);
    expect(await saveOnto(0, { b: 2 })).toMatchObject({ outcome: "MERGED", session: { state: { a: 2, b: 2 } } });
  });

  it("sets the stage of the later save", async () => {
    const { saveOnto } = await newSession();
    await saveOnto(0, { a: 1 }, { stage: 3 });
    expect((await saveOnto(0, { b: 1 }, { stage: 2 })).session).toMatchObject({ stage: 2, state: { a: 1, b: 1 } });
  });

  it.each([
    ["the stage that its base had", { base: 0, stage: 2 }, 5],
    ["another stage than its base had", { base: 0, stage: 3 }, 3],
    ["the stage of a base that is no longer kept", { base: 1, stage: 2 }, 5],
    ["another stage than a base that is no longer kept", { base: 1, stage: 3 }, 5],
    ["no stage", { base: 0, stage: null }, 5],
  ])("keeps the newer stage unless the save moves: with %s", async (_, { base, stage }, expected) => {
    const { ada, id, saveOnto } = await newSession({ stage: 2 });
    await update(db, ada, id, { state: { a: 1 } });
    await update(db, ada, id, { stage: 5 });
    await db.root.query("delete from wizard_session_revisions where session_id = $1 and revision = 1", [id]);
    const { outcome, session } = await saveOnto(base, { b: 1 }, { stage, baseValues: {} });
    expect({ outcome, session }).toMatchObject({ outcome: "MERGED", session: { stage: expected, revision: 3 } });
  });

  it("accepts the same saveId after a conflict, with the returned revision as the base", async () => {
    const { saveOnto } = await newSession();
    const saveId = randomUUID();
    await saveOnto(0, { a: 1 });
    const { outcome, session } = await saveOnto(0, { a: 2 }, { saveId });
    expect(outcome).toBe("CONFLICT");
    expect((await saveOnto(session.revision, { a: 2 }, { saveId })).outcome).toBe("SAVED");
  });
});

describe("save_wizard_session with base values", () => {
  /** A session whose state was `base` and is now `present`. No revision between the first and the last is kept. */
  async function changed(base: unknown, present: unknown) {
    const session = await newSession({ state: base as SessionFields["state"] });
    await update(db, session.ada, session.id, { state: { between: true } });
    await update(db, session.ada, session.id, { state: present });
    await db.root.query("delete from wizard_session_revisions where session_id = $1 and revision < 2", [session.id]);
    return session;
  }

  it.each([
    [
      "paths that nothing else changed",
      { a: { x: 1, y: 1 } },
      { a: { x: 1, y: 2 } },
      { a: { x: 3 } },
      { a: { x: 3, y: 2 } },
    ],
    ["a new path", {}, { a: 1 }, { b: { c: 2 } }, { a: 1, b: { c: 2 } }],
    ["a new path beside one that was created meanwhile", {}, { a: { x: 1 } }, { a: { y: 2 } }, { a: { x: 1, y: 2 } }],
    ["the value that is already there", { a: 1 }, { a: 2 }, { a: 2, b: 1 }, { a: 2, b: 1 }],
    ["a removal of what is already removed", { a: 1 }, {}, { a: null, b: 1 }, { b: 1 }],
    ["a path that was changed and changed back", { a: 1 }, { a: 1 }, { a: 2 }, { a: 2 }],
    ["an empty object onto an object", { a: { x: 1 } }, { a: { x: 2 } }, { a: {} }, { a: { x: 2 } }],
    [
      "a key that looks like an array index",
      { a: { 0: 1 } },
      { a: { 0: 1, 1: 1 } },
      { a: { 0: 2 } },
      { a: { 0: 2, 1: 1 } },
    ],
  ])("merges %s", async (_, base, present, patch, merged) => {
    const { saveOnto } = await changed(base, present);
    const { outcome, session } = await saveOnto(0, patch, { baseValues: base });
    expect({ outcome, state: session.state }).toEqual({ outcome: "MERGED", state: merged });
  });

  it.each([
    ["another value", { a: 1 }, { a: 2 }, { a: 3 }, [{ pointer: "/a", base: 1, yours: 3, theirs: 2 }]],
    ["a removed value", { a: 1 }, {}, { a: 3 }, [{ pointer: "/a", base: 1, yours: 3, theirs: null }]],
    [
      "a value at a removed path",
      { a: 1 },
      { a: 2 },
      { a: null },
      [{ pointer: "/a", base: 1, yours: null, theirs: 2 }],
    ],
    ["a value that both added", {}, { a: 2 }, { a: 3 }, [{ pointer: "/a", base: null, yours: 3, theirs: 2 }]],
    [
      "no object any more where the patch adds a member",
      { a: { x: 1 } },
      {},
      { a: { y: 2 } },
      [{ pointer: "/a", base: { x: 1 }, yours: { y: 2 }, theirs: null }],
    ],
    [
      "a value where the patch has an object",
      { a: { x: 1 } },
      { a: 5 },
      { a: { x: 2 } },
      [{ pointer: "/a", base: { x: 1 }, yours: { x: 2 }, theirs: 5 }],
    ],
    [
      "an object where the patch has a value",
      { a: 1 },
      { a: { x: 1 } },
      { a: 2 },
      [{ pointer: "/a", base: 1, yours: 2, theirs: { x: 1 } }],
    ],
    [
      "another element of an array",
      { a: [1] },
      { a: [1, 2] },
      { a: [1, 3] },
      [{ pointer: "/a", base: [1], yours: [1, 3], theirs: [1, 2] }],
    ],
    [
      "several values, in the order of their paths",
      { "b/c": { d: 1, e: 1 } },
      { "b/c": { d: 2, e: 2 } },
      { "b/c": { e: 3, d: 3 } },
      [
        { pointer: "/b~1c/d", base: 1, yours: 3, theirs: 2 },
        { pointer: "/b~1c/e", base: 1, yours: 3, theirs: 2 },
      ],
    ],
  ])("returns a conflict and writes nothing if the state has %s", async (_, base, present, patch, conflicts) => {
    const { id, saveOnto } = await changed(base, present);
    const before = await everythingOf(id);
    expect(await saveOnto(0, patch, { baseValues: base })).toMatchObject({ outcome: "CONFLICT", conflicts });
    expect(await everythingOf(id)).toEqual(before);
  });

  it("ignores them on the present revision, and members that the patch does not write", async () => {
    const { saveOnto } = await newSession({ state: { a: 1, b: 1 } });
    expect(await saveOnto(0, { a: 2 }, { baseValues: { a: 9, b: 9 } })).toMatchObject({ outcome: "SAVED" });
    expect(await saveOnto(0, { c: 2 }, { baseValues: { a: 9, b: 9 } })).toMatchObject({ outcome: "MERGED" });
  });

  it("treats a null like a value that was missing", async () => {
    const { saveOnto } = await changed({}, { b: null });
    expect(await saveOnto(0, { a: 1, b: 1 }, { baseValues: { a: null } })).toMatchObject({ outcome: "MERGED" });
  });

  it.each([["[]"], ['"text"'], ["null"], ["1"]])("refuses %s instead of an object", async (text) => {
    const { id, saveOnto } = await newSession({ state: { a: 1 } });
    const before = await everythingOf(id);
    expect(await refusal(saveOnto(0, { a: 2 }, { baseValues: JSON.parse(text) }))).toMatchObject({
      ...{ code: "WZ400", detail: '{"field": "baseValues"}' },
      message: expect.stringContaining("baseValues must be a JSON object"),
    });
    expect(await everythingOf(id)).toEqual(before);
  });
});

describe("a large patch", () => {
  const members = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, null]));

  it("is saved with 12,000 members, at any depth", async () => {
    const { saveOnto } = await newSession({ state: members(10) });
    expect((await saveOnto(0, { ...members(5_999), in: members(6_000) })).session).toMatchObject({ revision: 1 });
  });

  it("is saved with more than 12,000 elements of arrays", async () => {
    const { saveOnto } = await newSession();
    expect((await saveOnto(0, { list: Array.from({ length: 20_000 }, (_, n) => n) })).outcome).toBe("SAVED");
  });

  it.each([
    ["with 12,001 members", { ...members(6_000), in: members(6_000) }],
    ["of more than 512 KiB", { ...members(1), text: "x".repeat(512 * 1024) }],
  ])("is refused %s, and nothing is written", async (_, patch) => {
    const { id, saveOnto } = await newSession({ state: { a: 1 } });
    const stored = await everythingOf(id);
    expect(await refusal(saveOnto(0, patch))).toMatchObject({ code: "WZ400", detail: '{"field": "patch"}' });
    expect(await everythingOf(id)).toEqual(stored);
  });
});

describe("a repeated saveId", () => {
  it("returns DUPLICATE and writes nothing, whatever was saved since and whatever base revision is sent", async () => {
    const { id, saveOnto } = await newSession();
    const ids = Array.from({ length: 120 }, () => randomUUID());
    for (const [revision, saveId] of ids.entries()) await saveOnto(revision, { n: revision }, { saveId });
    const stored = await everythingOf(id);
    for (const n of [0, 60, 119]) {
      for (const base of [n, 120]) {
        const answer = await saveOnto(base, { n }, { saveId: ids[n] });
        expect(answer).toEqual({ outcome: "DUPLICATE", conflicts: [], session: stored[0] });
      }
    }
    expect(await everythingOf(id)).toEqual(stored);
  });

  it.each([
    ["another patch", { a: 2 }, {}],
    ["a patch of more", { a: 1, b: 1 }, {}],
    ["another stage", { a: 1 }, { stage: 3 }],
    ["no stage", { a: 1 }, { stage: null }],
  ])("is refused with %s, and nothing is written", async (_, patch, more) => {
    const { id, saveOnto } = await newSession();
    const saveId = randomUUID();
    await saveOnto(0, { a: 1 }, { saveId, stage: 2 });
    const stored = await everythingOf(id);
    for (const base of [0, 1]) {
      expect(await refusal(saveOnto(base, patch, { stage: 2, ...more, saveId }))).toMatchObject({
        ...{ code: "WZ412", detail: '{"field": "saveId"}' },
      });
    }
    expect(await everythingOf(id)).toEqual(stored);
  });

  it("returns DUPLICATE for 90 days, even if its revision was pruned", async () => {
    const { id, saveOnto } = await newSession();
    const ids = Array.from({ length: 320 }, () => randomUUID());
    for (const [revision, saveId] of ids.entries()) await saveOnto(revision, { n: revision }, { saveId });
    expect(await revisionNumbers(db, id)).not.toContain(2);
    const stored = await everythingOf(id);
    for (const [n, saveId] of ids.entries()) expect((await saveOnto(n, { n }, { saveId })).outcome).toBe("DUPLICATE");
    expect(await refusal(saveOnto(1, { n: "other" }, { saveId: ids[1] }))).toMatchObject({ code: "WZ412" });
    expect(await everythingOf(id)).toEqual(stored);

    const kept = (await revisionNumbers(db, id)).length - 1;
    const { rows } = await db.root.query(
      "select sum(octet_length(keys))::int as bytes from app_private.wizard_session_old_keys where session_id = $1",
      [id],
    );
    expect(rows).toEqual([{ bytes: 16 * (ids.length - kept) }]);

    await db.root.query("update app_private.wizard_session_old_keys set forget_after = now() where session_id = $1", [
      id,
    ]);
    await db.root.query("select app_private.forget_save_keys(500)");
    expect((await saveOnto(320, { n: "new" }, { saveId: ids[1] })).outcome).toBe("SAVED");
  });

  it("returns DUPLICATE for any patch if the save was written before hashes were stored", async () => {
    const { id, saveOnto } = await newSession();
    const saveId = randomUUID();
    await saveOnto(0, { a: 1 }, { saveId });
    await db.root.query("update wizard_session_revisions set save_hash = null where session_id = $1", [id]);
    expect((await saveOnto(0, { a: 2 }, { saveId })).outcome).toBe("DUPLICATE");
  });

  it("returns DUPLICATE even if the session has been completed since", async () => {
    const { ada, id, saveOnto } = await newSession();
    const saveId = randomUUID();
    await saveOnto(0, { a: 1 }, { saveId });
    await update(db, ada, id, { state: COMPLETE_STATE, status: "completed" });
    const stored = await everythingOf(id);
    expect(await saveOnto(0, { a: 1 }, { saveId })).toMatchObject({
      outcome: "DUPLICATE",
      session: { state: COMPLETE_STATE },
    });
    expect(await refusal(saveOnto(2, { a: 2 }))).toMatchObject({ code: "WZ423" });
    expect(await refusal(saveOnto(0, { a: 2 }))).toMatchObject({ code: "WZ423" });
    expect(await everythingOf(id)).toEqual(stored);
  });

  it("counts as a new save in another session", async () => {
    const saveId = randomUUID();
    for (const { saveOnto } of [await newSession(), await newSession()]) {
      expect((await saveOnto(0, { a: 1 }, { saveId })).outcome).toBe("SAVED");
    }
  });

  it("is written once when eight calls run at the same time", async () => {
    const { id, saveOnto } = await newSession();
    const saveId = randomUUID();
    const answers = await Promise.all(Array.from({ length: 8 }, () => saveOnto(0, { a: 1 }, { saveId })));
    expect(answers.map(({ outcome }) => outcome).toSorted()).toEqual([...Array(7).fill("DUPLICATE"), "SAVED"]);
    expect(await revisionNumbers(db, id)).toEqual([0, 1]);
  });

  it("is rejected when an update sets it as last_save_id", async () => {
    const { ada, id, saveOnto } = await newSession();
    const saveId = randomUUID();
    await saveOnto(0, { a: 1 }, { saveId });
    await saveOnto(1, { a: 2 });
    const stored = await everythingOf(id);
    const attempt = update(db, ada, id, { last_save_id: saveId });
    expect(await refusal(attempt)).toMatchObject({
      code: "23505",
      constraint: "wizard_session_revisions_save_id_key",
    });
    expect(await everythingOf(id)).toEqual(stored);
  });

  it("is not recorded for a later update without a saveId", async () => {
    const { ada, id, saveOnto } = await newSession();
    await saveOnto(0, { a: 1 });
    await update(db, ada, id, { state: { a: 2 } });
    const last = (await history(db, id)).at(-1);
    expect(last).toMatchObject({ revision: 2, save_id: null, patch: { a: 2 } });
  });
});

describe("save_wizard_session fails and writes nothing", () => {
  it.each([
    ["a patch that is a string", 0, "{}", { code: "WZ400" }],
    ["a patch that is an array", 0, [], { code: "WZ400" }],
    ["a patch that is a number", 0, 1, { code: "WZ400" }],
    ["a patch that is JSON null", 0, null, { code: "WZ400" }],
    ["a base revision in the future", 2, {}, { code: "WZ400" }],
    ["a negative base revision", -1, {}, { code: "WZ400" }],
    ["a stage of 7", 1, {}, { code: "23514", constraint: "wizard_sessions_stage_check" }, 7],
    ["a stage of 0", 0, {}, { code: "23514", constraint: "wizard_sessions_stage_check" }, 0],
  ] as const)("for %s", async (_, base, patch, expected, stage: number | null = null) => {
    const { id, saveOnto } = await newSession({ state: { kept: true } });
    await saveOnto(0, { a: 1 });
    const stored = await everythingOf(id);
    expect(await refusal(saveOnto(base, patch, { stage }))).toMatchObject(expected);
    expect(await everythingOf(id)).toEqual(stored);
  });

  it.each([
    ["id", "null, gen_random_uuid(), 0, '{}'"],
    ["saveId", "gen_random_uuid(), null, 0, '{}'"],
    ["baseRevision", "gen_random_uuid(), gen_random_uuid(), null, '{}'"],
    ["patch", "gen_random_uuid(), gen_random_uuid(), 0, null"],
  ])("when %s is null, and names that field", async (field, values) => {
    const attempt = db.asUser(randomUUID(), (client) => client.query(`select save_wizard_session(${values})`));
    expect(await refusal(attempt)).toMatchObject({ code: "WZ400", detail: `{"field": "${field}"}` });
  });

  it("for the session of another user, with the same error as for an unknown id", async () => {
    const { id, saveOnto } = await newSession({ state: { secret: 1 } });
    const saveId = randomUUID();
    await saveOnto(0, { a: 1 }, { saveId });
    const stored = await everythingOf(id);
    const ben = randomUUID();
    const theirs = [
      save(db, ben, { id, base: 1, patch: { a: 2 } }),
      save(db, ben, { id, base: 0, patch: { a: 2 } }),
      save(db, ben, { id, base: 9, patch: "x" }),
      save(db, ben, { id, base: 0, patch: {}, saveId }),
    ].map(refusal);
    const unknown = await refusal(save(db, ben, { id: randomUUID(), base: 1, patch: {} }));
    for (const { code, message, detail } of await Promise.all(theirs)) {
      expect({ code, message, detail }).toEqual({ code: "WZ404", message: unknown.message, detail: undefined });
    }
    expect(await everythingOf(id)).toEqual(stored);
  });

  it("for an anonymous client, as do the other functions of sessions", async () => {
    const { id } = await newSession();
    const stored = await everythingOf(id);
    for (const call of [
      `save_wizard_session('${id}', gen_random_uuid(), 0, '{}')`,
      `restore_wizard_session('${id}', 0)`,
      `start_wizard_session('${id}')`,
      `wizard_session_at('${id}', 0)`,
    ]) {
      const attempt = db.asAnon((client) => client.query(`select ${call}`));
      expect(await refusal(attempt)).toMatchObject({ code: "42501" });
    }
    expect(await everythingOf(id)).toEqual(stored);
  });
});

describe("an unusual patch", () => {
  const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

  it.each([
    [
      "with keys that are special in JavaScript or in JSON paths",
      JSON.parse('{"__proto__": {"x": 1}, "constructor": 1, "": 1, "$.a": 1, "a.b": 1, "0": 1}'),
    ],
    ["in other scripts", { ключ: "значение", 鍵: "値", "😀": "👩‍👩‍👧", "\u202e": "\ud83d\ude00" }],
    ["99 levels deep", JSON.parse(nested(99))],
    ["a thousand keys wide", Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`k${n}`, n]))],
    ["with nulls in arrays", { a: [null, { b: null }] }],
    ["with long text", { a: "x".repeat(100_000) }],
  ])("is stored unchanged: %s", async (_, patch) => {
    const { ada, id, saveOnto } = await newSession();
    expect((await saveOnto(0, patch)).session.state).toEqual(patch);
    expect((await stateAt(db, ada, id, 1)).state).toEqual(patch);
    const away = Object.fromEntries(Object.keys(patch).map((key) => [key, null]));
    expect((await saveOnto(1, away)).session.state).toEqual({});
  });

  it.each([
    ["100 levels deep", nested(100), { code: "WZ400", detail: '{"field": "patch"}' }],
    ["that removes a key 100 levels deep", nested(100).replace("1", "null"), { code: "WZ400" }],
    ["that is not JSON", "{", { code: "22P02" }],
  ])("is rejected: %s", async (_, patch, expected) => {
    const { ada, id } = await newSession({ state: { kept: true } });
    const stored = await everythingOf(id);
    const attempt = db.asUser(ada, (client) =>
      client.query("select save_wizard_session($1, gen_random_uuid(), 0, $2)", [id, patch]),
    );
    expect(await refusal(attempt)).toMatchObject(expected);
    expect(await everythingOf(id)).toEqual(stored);
  });

  it.each([
    ['{"a": 1, "a": 2}', '{"a": 2}'],
    ['{"a": 1.50}', '{"a": 1.50}'],
    ['{"a": 12345678901234567890.123456789012345678901}', '{"a": 12345678901234567890.123456789012345678901}'],
    ['{"a": 1e400}', `{"a": 1${"0".repeat(400)}}`],
    ['{"a": -0.0}', '{"a": 0.0}'],
  ])("%s is stored as %s, and rebuilt exactly", async (patch, text) => {
    const { ada, id, saveOnto } = await newSession({ state: { a: 1.5 } });
    await db.asUser(ada, (client) =>
      client.query("select save_wizard_session($1, gen_random_uuid(), 0, $2)", [id, patch]),
    );
    await saveOnto(1, { b: 1 });
    expect((await stateAt(db, ada, id, 1)).text).toBe(text);
  });

  it("can make the state exactly 256 KiB long, but not one byte longer", async () => {
    const { id, saveOnto } = await newSession({ state: { a: "x" } });
    const room = STATE_LIMIT - '{"a": "x", "b": ""}'.length;
    const stored = await everythingOf(id);
    expect(await refusal(saveOnto(0, { b: "x".repeat(room + 1) }))).toMatchObject({ code: "WZ413" });
    expect(await everythingOf(id)).toEqual(stored);
    expect((await saveOnto(0, { b: "x".repeat(room) })).outcome).toBe("SAVED");
    expect((await history(db, id)).at(-1)).toMatchObject({ size: STATE_LIMIT });
    expect(await refusal(saveOnto(1, { c: 1 }))).toMatchObject({ code: "WZ413" });
    expect((await saveOnto(1, { b: null, c: 1 })).session.state).toEqual({ a: "x", c: 1 });
  });
});

describe("fifty concurrent saves", () => {
  it("of different paths lose nothing and leave no gap in the revisions", async () => {
    const { id, saveOnto } = await newSession();
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    const answers = await Promise.all(numbers.map((n) => saveOnto(0, { tickets: { [`t${n}`]: n } })));
    expect(answers.map(({ session }) => session.revision).toSorted((a, b) => a - b)).toEqual(numbers.map((n) => n + 1));
    expect(answers.filter(({ outcome }) => outcome === "SAVED")).toHaveLength(1);
    expect(answers.filter(({ outcome }) => outcome === "MERGED")).toHaveLength(49);
    expect((await storedSession(db, id))?.state).toEqual({
      tickets: Object.fromEntries(numbers.map((n) => [`t${n}`, n])),
    });
    expect(await revisionNumbers(db, id)).toEqual([0, ...numbers.map((n) => n + 1)]);
  });

  it("of one path write one of the values and return it to the others as a conflict", async () => {
    const { id, saveOnto } = await newSession();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => saveOnto(0, { title: n })));
    const winner = singleRow(answers.filter(({ outcome }) => outcome === "SAVED"));
    const others = answers.filter((answer) => answer !== winner);
    expect(new Set(others.map(({ outcome }: SaveAnswer) => outcome))).toEqual(new Set(["CONFLICT"]));
    const { title } = winner.session.state as { title: number };
    for (const { conflicts } of others) expect(conflicts).toMatchObject([{ pointer: "/title", theirs: title }]);
    expect(await storedSession(db, id)).toEqual(winner.session);
  });
});

describe("start_wizard_session", () => {
  const start = async (sub: string, id: string | null, eventId: string | null = null) => {
    const query = "select to_jsonb(s) as row from start_wizard_session($1, $2) s";
    const { rows } = await db.asUser(sub, (client) =>
      client.query<{ row: SaveAnswer["session"] }>(query, [id, eventId]),
    );
    return singleRow(rows).row;
  };

  it("creates a session of the caller with the id from the client, and its first revision", async () => {
    const [ada, id] = [randomUUID(), randomUUID()];
    const session = await start(ada, id);
    expect(session).toMatchObject({ id, user_id: ada, event_id: null, stage: 1, revision: 0, state: {} });
    expect(await storedSession(db, id)).toEqual(session);
    expect(await history(db, id)).toMatchObject([{ revision: 0, checkpoint: true }]);
  });

  it("links the session to an event of the caller", async () => {
    const ada = randomUUID();
    const eventId = await createEvent(db, ada);
    expect(await start(ada, randomUUID(), eventId)).toMatchObject({ event_id: eventId });
  });

  it("returns the session in its current state when it is called again", async () => {
    const [ada, id] = [randomUUID(), randomUUID()];
    await start(ada, id);
    const { session } = await save(db, ada, { id, base: 0, patch: { a: 1 }, stage: 3 });
    expect(await start(ada, id)).toEqual(session);
    expect(await start(ada, id, await createEvent(db, ada))).toEqual(session);
    expect(await storedSession(db, id)).toEqual(session);
  });

  it("creates one session when twenty calls run at the same time", async () => {
    const [ada, id] = [randomUUID(), randomUUID()];
    const sessions = await Promise.all(Array.from({ length: 20 }, () => start(ada, id)));
    expect(new Set(sessions.map((session) => JSON.stringify(session))).size).toBe(1);
    expect(await revisionNumbers(db, id)).toEqual([0]);
  });

  it("fails with WZ404 for the id of another user's session, and leaves that session unchanged", async () => {
    const [ada, id] = [randomUUID(), randomUUID()];
    await start(ada, id);
    const stored = await everythingOf(id);
    const { code, message, detail } = await refusal(start(randomUUID(), id));
    expect({ code, message, detail }).toEqual({
      code: "WZ404",
      message: "This session does not exist or is not yours.",
      detail: undefined,
    });
    expect(await everythingOf(id)).toEqual(stored);
  });

  it("fails for an event of another user and for an unknown event", async () => {
    const ben = randomUUID();
    for (const eventId of [await createEvent(db, randomUUID()), randomUUID()]) {
      const id = randomUUID();
      expect(await refusal(start(ben, id, eventId))).toMatchObject({ code: "42501" });
      expect(await storedSession(db, id)).toBeUndefined();
    }
  });

  it("fails without an id", async () => {
    expect(await refusal(start(randomUUID(), null))).toMatchObject({ code: "WZ400", detail: '{"field": "id"}' });
  });
});
