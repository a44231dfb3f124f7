import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { createEvent, only, type SessionFields, startSession, storedSession } from "../../testkit/rows.ts";
import { history, keptRevisions, type Save, type SaveAnswer, save, stateAt, update } from "../../testkit/saving.ts";

const db = useTestDatabase();

const STATE_LIMIT = 256 * 1024;

/** A new session of a new user, and how that user saves onto it. */
async function begin(fields: SessionFields = {}) {
  const ada = randomUUID();
  const { id } = await startSession(db, ada, fields);
  return {
    ada,
    id,
    saves: (base: number, patch: unknown, more: Partial<Save> = {}) => save(db, ada, { id, base, patch, ...more }),
  };
}

/** What is stored of a session and of its history: what a refusal has to leave alone. */
const everythingOf = async (id: string) => [await storedSession(db, id), await history(db, id)];

describe("a save", () => {
  it("onto the present revision is written", async () => {
    const { id, saves } = await begin({ state: { basics: { title: "Fair", summary: "Old" } } });
    const { outcome, session, conflicts } = await saves(0, { basics: { title: "Fête", summary: null } }, { stage: 2 });
    expect({ outcome, conflicts }).toEqual({ outcome: "SAVED", conflicts: [] });
    expect(session).toMatchObject({ revision: 1, stage: 2, state: { basics: { title: "Fête" } } });
    expect(await storedSession(db, id)).toEqual(session);
  });

  it("keeps the stage where none is named", async () => {
    const { saves } = await begin({ stage: 4 });
    expect((await saves(0, { a: 1 })).session).toMatchObject({ stage: 4, revision: 1 });
    expect((await saves(1, { a: 2 }, { stage: 5 })).session).toMatchObject({ stage: 5, revision: 2 });
  });

  it("of nothing counts too", async () => {
    const { saves } = await begin({ state: { a: 1 } });
    expect(await saves(0, {})).toMatchObject({ outcome: "SAVED", session: { revision: 1, state: { a: 1 } } });
  });

  it("keeps the session's event", async () => {
    const ada = randomUUID();
    const event_id = await createEvent(db, ada);
    const { id } = await startSession(db, ada, { event_id });
    expect((await save(db, ada, { id, base: 0, patch: { a: 1 } })).session).toMatchObject({ event_id });
  });

  it("takes an abandoned session up again", async () => {
    const { ada, id, saves } = await begin({ state: { a: 1 } });
    await update(db, ada, id, { status: "abandoned" });
    expect(await saves(1, { b: 2 })).toMatchObject({
      outcome: "SAVED",
      session: { status: "in_progress", revision: 2, state: { a: 1, b: 2 } },
    });
  });

  it("can be made by a trusted back end for any user", async () => {
    const { id } = await begin();
    const saved = await db.asService((client) =>
      client.query("select outcome from save_wizard_session($1, gen_random_uuid(), 0, '{}')", [id]),
    );
    expect(saved.rows).toEqual([{ outcome: "SAVED" }]);
  });
});

describe("a save onto an older revision", () => {
  const BASE = { a: { x: 1, y: 1 }, b: [1, 2], c: "c", d: {} };

  // Before: what one tab saves. Then what the other one saves, who knows only BASE.
  it.each([
    ["beside it", { a: { x: 2 } }, { a: { y: 2 } }, { ...BASE, a: { x: 2, y: 2 } }],
    ["of another key", { a: null }, { c: null }, { b: [1, 2], d: {} }],
    ["of the same value", { a: { x: 2 } }, { a: { x: 2 } }, { ...BASE, a: { x: 2, y: 1 } }],
    ["of the same value, and of more", { c: "d" }, { c: "d", e: 1 }, { ...BASE, c: "d", e: 1 }],
    ["of the same array", { b: [3] }, { b: [3] }, { ...BASE, b: [3] }],
    ["that removes the same", { c: null }, { c: null }, { a: BASE.a, b: BASE.b, d: {} }],
    ["that makes an object of what has become one", { d: { e: 1 } }, { d: {} }, { ...BASE, d: { e: 1 } }],
    ["of new keys in an object that both make", { n: { x: 1 } }, { n: { y: 1 } }, { ...BASE, n: { x: 1, y: 1 } }],
    ["of nothing", { a: 1 }, {}, { ...BASE, a: 1 }],
  ])("%s is merged", async (_, before, patch, merged) => {
    const { id, saves } = await begin({ state: BASE });
    await saves(0, before);
    const answer = await saves(0, patch);
    expect(answer).toMatchObject({ outcome: "MERGED", conflicts: [], session: { revision: 2 } });
    expect(answer.session.state).toEqual(merged);
    expect(await storedSession(db, id)).toEqual(answer.session);
  });

  it.each([
    ["the same path", { a: { x: 2 } }, { a: { x: 3 } }, [["/a/x", 1, 3, 2]]],
    ["below what was replaced", { a: 5 }, { a: { x: 3 } }, [["/a/x", 1, 3, null]]],
    ["below what was removed", { a: null }, { a: { x: 3 } }, [["/a/x", 1, 3, null]]],
    ["what was changed below", { a: { x: 2 } }, { a: "gone" }, [["/a", BASE.a, "gone", { x: 2, y: 1 }]]],
    ["a removal of what was changed", { c: "d" }, { c: null }, [["/c", "c", null, "d"]]],
    ["a change of what was removed", { c: null }, { c: "d" }, [["/c", "c", "d", null]]],
    ["a removal of what was changed below", { a: { x: 2 } }, { a: null }, [["/a", BASE.a, null, { x: 2, y: 1 }]]],
    ["another array", { b: [1, 2, 3] }, { b: [0, 1, 2] }, [["/b", [1, 2], [0, 1, 2], [1, 2, 3]]]],
    ["an array as if it were an object", { b: [3] }, { b: { 0: 4 } }, [["/b/0", null, 4, null]]],
    ["an empty object in place of a new value", { c: 1 }, { c: {} }, [["/c", "c", {}, 1]]],
    ["a new key that both make", { n: 1 }, { n: 2 }, [["/n", null, 2, 1]]],
    [
      "several, among others that would do",
      { a: { x: 2, y: 2 }, c: "d" },
      { a: { x: 3, y: 2, z: 1 }, c: "e", "~/": 1 },
      [
        ["/a/x", 1, 3, 2],
        ["/c", "c", "e", "d"],
      ],
    ],
    ["a key with a slash", { "a/b": { "m~n": 1 } }, { "a/b": { "m~n": 2 } }, [["/a~1b/m~0n", null, 2, 1]]],
  ])("is a conflict, and writes nothing: %s", async (_, before, patch, expected) => {
    const { id, saves } = await begin({ state: BASE });
    await saves(0, before);
    const stored = await everythingOf(id);
    const { outcome, conflicts, session } = await saves(0, patch, { stage: 3 });
    expect(outcome).toBe("CONFLICT");
    expect(conflicts).toEqual(expected.map(([pointer, base, yours, theirs]) => ({ pointer, base, yours, theirs })));
    expect(session).toEqual(stored[0]);
    expect(await everythingOf(id)).toEqual(stored);
  });

  it("is held against every save since, not only the last", async () => {
    const { saves } = await begin();
    await saves(0, { a: 1 });
    await saves(1, { b: 1 });
    await saves(2, { c: 1 });
    expect((await saves(0, { a: 2 })).outcome).toBe("CONFLICT");
    expect((await saves(1, { a: 2, c: 2 })).conflicts.map(({ pointer }) => pointer)).toEqual(["/c"]);
    expect((await saves(1, { a: 2 })).outcome).toBe("MERGED");
  });

  it("is held against whole states that came through the other door", async () => {
    const { ada, id, saves } = await begin({ state: { a: 1, b: 1 } });
    await update(db, ada, id, { state: { a: 2, b: 1 } });
    expect((await saves(0, { a: 3 })).conflicts).toEqual([{ pointer: "/a", base: 1, yours: 3, theirs: 2 }]);
    expect(await saves(0, { b: 2 })).toMatchObject({ outcome: "MERGED", session: { state: { a: 2, b: 2 } } });
  });

  it("takes the stage that was named last", async () => {
    const { saves } = await begin();
    await saves(0, { a: 1 }, { stage: 3 });
    expect((await saves(0, { b: 1 }, { stage: 2 })).session).toMatchObject({ stage: 2, state: { a: 1, b: 1 } });
  });

  it("can be sent again onto what the conflict showed", async () => {
    const { saves } = await begin();
    const saveId = randomUUID();
    await saves(0, { a: 1 });
    const { outcome, session } = await saves(0, { a: 2 }, { saveId });
    expect(outcome).toBe("CONFLICT");
    expect((await saves(session.revision, { a: 2 }, { saveId })).outcome).toBe("SAVED");
  });
});

describe("a save that is sent again", () => {
  it("is recognised, whatever was saved since, and whatever it holds now", async () => {
    const { id, saves } = await begin();
    const ids = Array.from({ length: 120 }, () => randomUUID());
    for (const [revision, saveId] of ids.entries()) await saves(revision, { n: revision }, { saveId });
    const stored = await everythingOf(id);
    for (const saveId of [ids[0], ids[60], ids[119]]) {
      const answer = await saves(0, { n: "again" }, { saveId });
      expect(answer).toEqual({ outcome: "DUPLICATE", conflicts: [], session: stored[0] });
    }
    expect(await everythingOf(id)).toEqual(stored);
  });

  it("is recognised even when the session was completed since", async () => {
    const { ada, id, saves } = await begin();
    const saveId = randomUUID();
    await saves(0, { a: 1 }, { saveId });
    await update(db, ada, id, { status: "completed" });
    const stored = await everythingOf(id);
    expect(await saves(0, { a: 1 }, { saveId })).toMatchObject({ outcome: "DUPLICATE", session: { state: { a: 1 } } });
    expect(await refusal(saves(2, { a: 2 }))).toMatchObject({ code: "WZ423" });
    expect(await refusal(saves(0, { a: 2 }))).toMatchObject({ code: "WZ423" });
    expect(await everythingOf(id)).toEqual(stored);
  });

  it("is told from the same key in another session", async () => {
    const saveId = randomUUID();
    for (const { saves } of [await begin(), await begin()]) {
      expect((await saves(0, { a: 1 }, { saveId })).outcome).toBe("SAVED");
    }
  });

  it("is written once by many at a time", async () => {
    const { id, saves } = await begin();
    const saveId = randomUUID();
    const answers = await Promise.all(Array.from({ length: 8 }, () => saves(0, { a: 1 }, { saveId })));
    expect(answers.map(({ outcome }) => outcome).toSorted()).toEqual([...Array(7).fill("DUPLICATE"), "SAVED"]);
    expect(await keptRevisions(db, id)).toEqual([0, 1]);
  });

  it("can't be written twice past the function either", async () => {
    const { ada, id, saves } = await begin();
    const saveId = randomUUID();
    await saves(0, { a: 1 }, { saveId });
    await saves(1, { a: 2 });
    const stored = await everythingOf(id);
    const attempt = update(db, ada, id, { last_save_id: saveId });
    expect(await refusal(attempt)).toMatchObject({
      code: "23505",
      constraint: "wizard_session_revisions_save_id_key",
    });
    expect(await everythingOf(id)).toEqual(stored);
  });

  it("is not mistaken for a save without a key that follows it", async () => {
    const { ada, id, saves } = await begin();
    await saves(0, { a: 1 });
    await update(db, ada, id, { state: { a: 2 } });
    const last = (await history(db, id)).at(-1);
    expect(last).toMatchObject({ revision: 2, save_id: null, patch: { a: 2 } });
  });
});

describe("what is refused", () => {
  it.each([
    ["a patch that is a string", 0, "{}", { code: "WZ400" }],
    ["a patch that is an array", 0, [], { code: "WZ400" }],
    ["a patch that is a number", 0, 1, { code: "WZ400" }],
    ["a patch that is JSON's null", 0, null, { code: "WZ400" }],
    ["a base that is still to come", 2, {}, { code: "WZ400" }],
    ["a base before the first", -1, {}, { code: "WZ400" }],
    ["a stage that there is not", 1, {}, { code: "23514", constraint: "wizard_sessions_stage_check" }, 7],
    ["a stage of 0", 0, {}, { code: "23514", constraint: "wizard_sessions_stage_check" }, 0],
  ] as const)("%s", async (_, base, patch, expected, stage: number | null = null) => {
    const { id, saves } = await begin({ state: { kept: true } });
    await saves(0, { a: 1 });
    const stored = await everythingOf(id);
    expect(await refusal(saves(base, patch, { stage }))).toMatchObject(expected);
    expect(await everythingOf(id)).toEqual(stored);
  });

  it.each([
    ["id", "null, gen_random_uuid(), 0, '{}'"],
    ["saveId", "gen_random_uuid(), null, 0, '{}'"],
    ["baseRevision", "gen_random_uuid(), gen_random_uuid(), null, '{}'"],
    ["patch", "gen_random_uuid(), gen_random_uuid(), 0, null"],
  ])("a missing %s, by its name", async (field, values) => {
    const attempt = db.asUser(randomUUID(), (client) => client.query(`select save_wizard_session(${values})`));
    expect(await refusal(attempt)).toMatchObject({ code: "WZ400", detail: `{"field": "${field}"}` });
  });

  it("another user's session, as one that is not there, and it stays as it was", async () => {
    const { id, saves } = await begin({ state: { secret: 1 } });
    const saveId = randomUUID();
    await saves(0, { a: 1 }, { saveId });
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

  it("somebody who is not signed in", async () => {
    const { id } = await begin();
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

describe("a patch that is out of the ordinary", () => {
  const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

  it.each([
    ["with awkward keys", JSON.parse('{"__proto__": {"x": 1}, "constructor": 1, "": 1, "$.a": 1, "a.b": 1, "0": 1}')],
    ["in other scripts", { ключ: "значение", 鍵: "値", "😀": "👩‍👩‍👧", "\u202e": "\ud83d\ude00" }],
    ["99 levels deep", JSON.parse(nested(99))],
    ["a thousand keys wide", Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`k${n}`, n]))],
    ["with nulls in arrays", { a: [null, { b: null }] }],
    ["with long text", { a: "x".repeat(100_000) }],
  ])("is kept as it is: %s", async (_, patch) => {
    const { ada, id, saves } = await begin();
    expect((await saves(0, patch)).session.state).toEqual(patch);
    expect((await stateAt(db, ada, id, 1)).state).toEqual(patch);
    const away = Object.fromEntries(Object.keys(patch).map((key) => [key, null]));
    expect((await saves(1, away)).session.state).toEqual({});
  });

  it.each([
    ["100 levels deep", nested(100), { code: "WZ400", detail: '{"field": "patch"}' }],
    ["that removes something 100 levels down", nested(100).replace("1", "null"), { code: "WZ400" }],
    ["5,000 levels deep", nested(5000), {}],
    ["with a NUL character", '{"a": "\\u0000"}', { code: "22P05" }],
    ["with half a surrogate pair", '{"a": "\\ud83d"}', { code: "22P02" }],
    ["that is no JSON", "{", { code: "22P02" }],
  ])("is refused: %s", async (_, patch, expected) => {
    const { ada, id } = await begin({ state: { kept: true } });
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
  ])("%s is kept as %s, and rebuilt to the letter", async (patch, text) => {
    const { ada, id, saves } = await begin({ state: { a: 1.5 } });
    await db.asUser(ada, (client) =>
      client.query("select save_wizard_session($1, gen_random_uuid(), 0, $2)", [id, patch]),
    );
    await saves(1, { b: 1 });
    expect((await stateAt(db, ada, id, 1)).text).toBe(text);
  });

  it("may make a state of exactly 256 KiB, and not of one byte more", async () => {
    const { id, saves } = await begin({ state: { a: "x" } });
    const room = STATE_LIMIT - '{"a": "x", "b": ""}'.length;
    const stored = await everythingOf(id);
    expect(await refusal(saves(0, { b: "x".repeat(room + 1) }))).toMatchObject({ code: "WZ413" });
    expect(await everythingOf(id)).toEqual(stored);
    expect((await saves(0, { b: "x".repeat(room) })).outcome).toBe("SAVED");
    expect((await history(db, id)).at(-1)).toMatchObject({ size: STATE_LIMIT });
    expect(await refusal(saves(1, { c: 1 }))).toMatchObject({ code: "WZ413" });
    expect((await saves(1, { b: null, c: 1 })).session.state).toEqual({ a: "x", c: 1 });
  });
});

describe("fifty writers at a time", () => {
  it("on as many paths lose nothing, and count without a gap", async () => {
    const { id, saves } = await begin();
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    const answers = await Promise.all(numbers.map((n) => saves(0, { tickets: { [`t${n}`]: n } })));
    expect(answers.map(({ session }) => session.revision).toSorted((a, b) => a - b)).toEqual(numbers.map((n) => n + 1));
    expect(answers.filter(({ outcome }) => outcome === "SAVED")).toHaveLength(1);
    expect(answers.filter(({ outcome }) => outcome === "MERGED")).toHaveLength(49);
    expect((await storedSession(db, id))?.state).toEqual({
      tickets: Object.fromEntries(numbers.map((n) => [`t${n}`, n])),
    });
    expect(await keptRevisions(db, id)).toEqual([0, ...numbers.map((n) => n + 1)]);
  });

  it("on one path let one through, and tell the others of it", async () => {
    const { id, saves } = await begin();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => saves(0, { title: n })));
    const winner = only(answers.filter(({ outcome }) => outcome === "SAVED"));
    const others = answers.filter((answer) => answer !== winner);
    expect(new Set(others.map(({ outcome }: SaveAnswer) => outcome))).toEqual(new Set(["CONFLICT"]));
    const { title } = winner.session.state as { title: number };
    for (const { conflicts } of others) expect(conflicts).toMatchObject([{ pointer: "/title", theirs: title }]);
    expect(await storedSession(db, id)).toEqual(winner.session);
  });
});

describe("a start", () => {
  const start = async (sub: string, id: string | null, eventId: string | null = null) => {
    const query = "select to_jsonb(s) as row from start_wizard_session($1, $2) s";
    const { rows } = await db.asUser(sub, (client) =>
      client.query<{ row: SaveAnswer["session"] }>(query, [id, eventId]),
    );
    return only(rows).row;
  };

  it("makes a session under the client's id, of the caller, and its first revision", async () => {
    const [ada, id] = [randomUUID(), randomUUID()];
    const session = await start(ada, id);
    expect(session).toMatchObject({ id, user_id: ada, event_id: null, stage: 1, revision: 0, state: {} });
    expect(await storedSession(db, id)).toEqual(session);
    expect(await history(db, id)).toMatchObject([{ revision: 0, checkpoint: true }]);
  });

  it("attaches the caller's event", async () => {
    const ada = randomUUID();
    const eventId = await createEvent(db, ada);
    expect(await start(ada, randomUUID(), eventId)).toMatchObject({ event_id: eventId });
  });

  it("that is made again gives the same session, as it is by now", async () => {
    const [ada, id] = [randomUUID(), randomUUID()];
    await start(ada, id);
    const { session } = await save(db, ada, { id, base: 0, patch: { a: 1 }, stage: 3 });
    expect(await start(ada, id)).toEqual(session);
    expect(await start(ada, id, await createEvent(db, ada))).toEqual(session);
    expect(await storedSession(db, id)).toEqual(session);
  });

  it("that is made twenty times at once makes one", async () => {
    const [ada, id] = [randomUUID(), randomUUID()];
    const sessions = await Promise.all(Array.from({ length: 20 }, () => start(ada, id)));
    expect(new Set(sessions.map((session) => JSON.stringify(session))).size).toBe(1);
    expect(await keptRevisions(db, id)).toEqual([0]);
  });

  it("under another user's id is refused like any session that is not there, and leaves it alone", async () => {
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

  it("on another user's event, or on none that there is, is refused as everywhere", async () => {
    const ben = randomUUID();
    for (const eventId of [await createEvent(db, randomUUID()), randomUUID()]) {
      const id = randomUUID();
      expect(await refusal(start(ben, id, eventId))).toMatchObject({ code: "42501" });
      expect(await storedSession(db, id)).toBeUndefined();
    }
  });

  it("needs an id", async () => {
    expect(await refusal(start(randomUUID(), null))).toMatchObject({ code: "WZ400", detail: '{"field": "id"}' });
  });
});
