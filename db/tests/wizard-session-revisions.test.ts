import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { createEvent, singleRow, startSession, storedSession } from "../../testkit/rows.ts";
import { history, revisionNumbers, save, stateAt, update } from "../../testkit/saving.ts";
import { COMPLETE_STATE } from "../../wizard/testing/completeState.ts";

const db = useTestDatabase();

const restore = (sub: string, id: string, revision: number, base: number | null = null, saveId: string | null = null) =>
  db.asUser(sub, (client) =>
    client.query("select restore_wizard_session($1, $2, $3, $4)", [id, revision, base, saveId]),
  );

describe("the history of a session", () => {
  it("starts with a checkpoint of the new session", async () => {
    const ada = randomUUID();
    const { id, started_at } = await startSession(db, ada, { stage: 2, state: { a: { b: 1 } } });
    const size = '{"a": {"b": 1}}'.length;
    expect(await history(db, id)).toEqual([
      {
        ...{ revision: 0, save_id: null, saved_by: ada, stage: 2, status: "in_progress", patch: { a: { b: 1 } } },
        ...{ checkpoint: true, size, saved_at: started_at },
      },
    ]);
  });

  it("records each save with its saveId and the patch of what it changed", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { state: { a: { b: 1, c: 1 }, d: [1] } });
    const saveId = randomUUID();
    const { session } = await save(db, ada, { id, saveId, base: 0, patch: { a: { b: 2, c: 1 }, e: null } });
    expect((await history(db, id)).at(-1)).toEqual({
      ...{ revision: 1, save_id: saveId, saved_by: ada, stage: 1, status: "in_progress", patch: { a: { b: 2 } } },
      ...{ checkpoint: false, size: '{"a": {"b": 2, "c": 1}, "d": [1]}'.length, saved_at: session.last_saved_at },
    });
  });

  it("records an update of the whole state as a patch, too", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { state: { a: { b: 1, c: 1 }, d: [1] } });
    await update(db, ada, id, { state: { a: { b: 1 }, d: [1, 2], e: "new" } });
    expect((await history(db, id)).at(-1)).toMatchObject({
      ...{ revision: 1, save_id: null, patch: { a: { c: null }, d: [1, 2], e: "new" }, checkpoint: false },
    });
  });

  it.each([
    [
      "service_role",
      (id: string) => db.asService((c) => c.query(`update wizard_sessions set stage = 2 where id = '${id}'`)),
    ],
    ["a superuser", (id: string) => db.root.query(`update wizard_sessions set stage = 2 where id = '${id}'`)],
  ])("records a write by %s", async (_, write) => {
    const { id } = await startSession(db, randomUUID());
    await write(id);
    expect((await history(db, id)).at(-1)).toMatchObject({ revision: 1, stage: 2 });
  });

  it("does not record the deletion of the event, which is not a save", async () => {
    const ada = randomUUID();
    const eventId = await createEvent(db, ada);
    const { id } = await startSession(db, ada, { event_id: eventId });
    await db.asUser(ada, (client) => client.query("delete from events where id = $1", [eventId]));
    expect(await storedSession(db, id)).toMatchObject({ event_id: null, revision: 0 });
    expect(await revisionNumbers(db, id)).toEqual([0]);
  });

  it("does not record a rejected write", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    expect(await refusal(update(db, ada, id, { stage: 7 }))).toMatchObject({ code: "23514" });
    expect(await refusal(update(db, ada, id, { state: {}, revision: 4 }))).toMatchObject({ code: "WZ409" });
    expect(await revisionNumbers(db, id)).toEqual([0]);
  });

  it("continues with a checkpoint if it has been deleted", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { state: { a: 1 } });
    await db.root.query("delete from wizard_session_revisions where session_id = $1", [id]);
    await save(db, ada, { id, base: 0, patch: { b: 1 } });
    expect(await history(db, id)).toMatchObject([{ revision: 1, patch: { b: 1 }, checkpoint: true }]);
    expect((await stateAt(db, ada, id, 1)).state).toEqual({ a: 1, b: 1 });
  });

  it("is deleted with the session, and with the profile", async () => {
    const ada = randomUUID();
    const [first, second] = [await startSession(db, ada), await startSession(db, ada)];
    const other = await startSession(db, randomUUID());
    await db.asUser(ada, (client) => client.query("delete from wizard_sessions where id = $1", [first.id]));
    expect(await revisionNumbers(db, first.id)).toEqual([]);
    expect(await revisionNumbers(db, second.id)).toEqual([0]);
    await db.root.query("delete from profiles where id = $1", [ada]);
    expect(await revisionNumbers(db, second.id)).toEqual([]);
    expect(await revisionNumbers(db, other.id)).toEqual([0]);
  });
});

describe("a write", () => {
  it.each([
    ["that changes the stage alone adds no checkpoint", { stage: 2 }, false],
    ["that changes the status alone adds no checkpoint", { status: "abandoned" }, false],
    ["of a null, which a patch can't contain, adds a checkpoint", { state: { a: null } }, true],
    ["of a nested null adds a checkpoint", { state: { a: 1, b: { c: { d: null } } } }, true],
    ["of a null in an array, which a patch can contain, adds no checkpoint", { state: { a: [null] } }, false],
    ["of an equal number with other digits adds a checkpoint", { state: '{"a": 1.0}' }, true],
    ["of another value adds no checkpoint", { state: { a: 2 } }, false],
  ])("%s", async (_, columns, checkpoint) => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { state: { a: 1 } });
    await update(db, ada, id, columns);
    expect((await history(db, id)).at(-1)).toMatchObject({ revision: 1, checkpoint });
    const { text } = await stateAt(db, ada, id, 1);
    expect(
      singleRow((await db.root.query("select state::text from wizard_sessions where id = $1", [id])).rows),
    ).toEqual({
      state: text,
    });
  });

  it("adds a checkpoint at every fiftieth revision", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    for (let n = 1; n <= 101; n++) await update(db, ada, id, { state: { n } });
    const checkpoints = (await history(db, id)).filter(({ checkpoint }) => checkpoint);
    expect(checkpoints.map(({ revision }) => revision)).toEqual([0, 50, 100]);
  });
});

/** Saves different states in one transaction and records them in the table `model`. `stages` changes the stage at every seventh. */
async function saveOften(id: string, times: number, stages = false): Promise<void> {
  await db.root.query(
    `do $$ begin
       for n in 1..${times} loop
         update wizard_sessions
            set state = case n % 5 when 0 then state - 'even' when 1 then state || '{"none": null}'
                          else state || jsonb_build_object('n', n, case n % 2 when 0 then 'even' else 'odd' end, n * n) end,
                stage = case when ${stages} and n % 7 = 0 then stage % 6 + 1 else stage end
          where id = '${id}';
         insert into model select id, revision, stage, state::text from wizard_sessions where id = '${id}';
       end loop;
     end $$`,
  );
}

describe("pruning", () => {
  const modelOf = async (id: string) => {
    const query = "select revision, stage, state from model where id = $1 order by revision";
    return (await db.root.query<{ revision: number; stage: number; state: string }>(query, [id])).rows;
  };

  it.each([
    ["200 saves", 200, false, 201],
    ["249 saves", 249, false, 250],
    // Revision 50 and later, and the checkpoints before it: 0 and 1.
    ["250 saves", 250, false, 203],
    ["1,000 saves", 1000, false, null],
    ["1,000 saves that change the stage", 1000, true, null],
  ])(
    "keeps the first and the latest revisions of %s, and can rebuild each exactly",
    async (_, times, stages, count) => {
      await db.root.query("create table if not exists model (id uuid, revision int, stage int, state text)");
      const ada = randomUUID();
      const { id } = await startSession(db, ada, { state: { started: true } });
      await db.root.query("insert into model values ($1, 0, 1, '{\"started\": true}')", [id]);
      await saveOften(id, times, stages);

      const kept = await revisionNumbers(db, id);
      const saved = await modelOf(id);
      expect(saved).toHaveLength(times + 1);
      for (const { revision, stage, state } of saved) {
        if (!kept.includes(revision)) continue;
        const rebuilt = await stateAt(db, ada, id, revision);
        expect(rebuilt).toMatchObject({ revision, stage, text: state });
      }
      // The first revision, and the last 200 saves without a gap.
      expect(kept[0]).toBe(0);
      const last = Array.from({ length: Math.min(201, times + 1) }, (_, n) => times - n).reverse();
      expect(kept.slice(-last.length)).toEqual(last);
      if (count !== null) expect(kept).toHaveLength(count);
      // The latest revisions, those since the last pruning, the older checkpoints and the first revision.
      expect(kept.length).toBeLessThanOrEqual(201 + 49 + 40 + 1);
    },
  );

  it("keeps the last forty checkpoints before the latest revisions", async () => {
    const { id } = await startSession(db, randomUUID());
    await db.root.query(
      `do $$ begin
         for n in 1..500 loop
           update wizard_sessions set state = jsonb_build_object('none' || n, null) where id = '${id}';
         end loop;
       end $$`,
    );
    const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
    expect(await revisionNumbers(db, id)).toEqual([0, ...numbers(260, 500)]);
  });

  it("makes it impossible to read or restore a removed revision, as for one that never existed", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    await db.root.query(
      `do $$ begin for n in 1..300 loop update wizard_sessions set stage = 1 where id = '${id}'; end loop; end $$`,
    );
    const stored = await storedSession(db, id);
    for (const revision of [7, 301, -1]) {
      for (const attempt of [stateAt(db, ada, id, revision), restore(ada, id, revision)]) {
        expect(await refusal(attempt)).toMatchObject({
          code: "WZ404",
          message: `Revision ${revision} of this session does not exist or is no longer kept.`,
        });
      }
    }
    expect(await storedSession(db, id)).toEqual(stored);
  });

  it("makes a save with a removed base revision a conflict, unless it changes nothing", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { state: { a: 1, b: 1 } });
    await db.root.query(
      `do $$ begin
         for n in 1..300 loop update wizard_sessions set state = jsonb_set(state, '{b}', to_jsonb(n)) where id = '${id}'; end loop;
       end $$`,
    );
    const before = await history(db, id);
    const attempt = await save(db, ada, { id, base: 7, patch: { a: 2, b: 300, c: { d: 1 } } });
    expect(attempt).toMatchObject({
      outcome: "CONFLICT",
      conflicts: [
        { pointer: "/a", base: null, yours: 2, theirs: 1 },
        { pointer: "/c/d", base: null, yours: 1, theirs: null },
      ],
    });
    // Revision 0 is kept, but not the revisions after it.
    expect(await save(db, ada, { id, base: 0, patch: { a: 2 } })).toMatchObject({
      outcome: "CONFLICT",
      conflicts: [{ pointer: "/a", base: 1, yours: 2, theirs: 1 }],
    });
    expect(await history(db, id)).toEqual(before);
    const same = await save(db, ada, { id, base: 7, patch: { a: 1, b: 300, c: null } });
    expect(same).toMatchObject({ outcome: "MERGED", conflicts: [], session: { revision: 301 } });
    expect(await save(db, ada, { id, base: 150, patch: { a: 2 } })).toMatchObject({ outcome: "MERGED" });
  });
});

describe("restore_wizard_session", () => {
  it("writes the earlier state and stage as a new revision, and keeps all others", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { state: { a: 1 } });
    await update(db, ada, id, { state: { a: 2, n: null }, stage: 2 });
    await update(db, ada, id, { state: { b: 1 }, stage: 3 });
    const before = await history(db, id);
    await restore(ada, id, 1);
    expect(await storedSession(db, id)).toMatchObject({ revision: 3, stage: 2, state: { a: 2, n: null } });
    expect((await history(db, id)).slice(0, -1)).toEqual(before);
    expect((await stateAt(db, ada, id, 3)).state).toEqual({ a: 2, n: null });
    await restore(ada, id, 2);
    expect(await storedSession(db, id)).toMatchObject({ revision: 4, stage: 3, state: { b: 1 } });
  });

  it("resumes an abandoned session, and fails for a completed one", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { state: { a: 1 } });
    await update(db, ada, id, { state: {}, status: "abandoned" });
    await restore(ada, id, 1);
    expect(await storedSession(db, id)).toMatchObject({ status: "in_progress", state: {} });
    await update(db, ada, id, { state: COMPLETE_STATE, status: "completed" });
    const stored = await storedSession(db, id);
    expect(await refusal(restore(ada, id, 0))).toMatchObject({ code: "WZ423" });
    expect(await storedSession(db, id)).toEqual(stored);
  });

  it("writes once when it is sent again with the same saveId, and refuses the key for another revision", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { state: { a: 1 } });
    await update(db, ada, id, { state: { a: 2 } });
    const saveId = randomUUID();
    await restore(ada, id, 0, 1, saveId);
    const stored = [await storedSession(db, id), await history(db, id)];
    await restore(ada, id, 0, 1, saveId);
    expect(await refusal(restore(ada, id, 1, 2, saveId))).toMatchObject({ code: "WZ412" });
    expect(await refusal(save(db, ada, { id, saveId, base: 2, patch: {} }))).toMatchObject({ code: "WZ412" });
    expect([await storedSession(db, id), await history(db, id)]).toEqual(stored);
    expect((await history(db, id)).at(-1)).toMatchObject({ revision: 2, save_id: saveId });
  });

  it("is refused if the session was saved since the base revision, and writes nothing", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { state: { a: 1 } });
    await update(db, ada, id, { state: { a: 2 } });
    const stored = await storedSession(db, id);
    expect(await refusal(restore(ada, id, 0, 0))).toMatchObject({ code: "WZ409" });
    expect(await storedSession(db, id)).toEqual(stored);
    await restore(ada, id, 0, 1);
    expect(await storedSession(db, id)).toMatchObject({ state: { a: 1 }, revision: 2 });
  });

  it("resumes an abandoned session when the revision was saved under another definition", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { state: { a: 1 } });
    await update(db, ada, id, { state: { b: 1 }, definition_version: 2 });
    await update(db, ada, id, { status: "abandoned" });
    await restore(ada, id, 0);
    expect(await storedSession(db, id)).toMatchObject({
      status: "in_progress",
      definition_version: 1,
      state: { a: 1 },
    });
  });

  it("conflicts with a save of the same path that has an older base revision", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { state: { a: 1, b: 1 } });
    await save(db, ada, { id, base: 0, patch: { a: 2 } });
    await restore(ada, id, 0);
    expect((await save(db, ada, { id, base: 1, patch: { a: 3 } })).outcome).toBe("CONFLICT");
    expect((await save(db, ada, { id, base: 1, patch: { b: 3 } })).outcome).toBe("MERGED");
  });
});

describe("the rows of wizard_session_revisions", () => {
  const rows = (sub: string, id: string) =>
    db.asUser(sub, (client) =>
      client.query("select revision from wizard_session_revisions where session_id = $1", [id]),
    );

  it("can be read by the owner of the session and by service_role", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    expect((await rows(ada, id)).rows).toEqual([{ revision: 0 }]);
    const seen = await db.asService((client) =>
      client.query("select revision from wizard_session_revisions where session_id = $1", [id]),
    );
    expect(seen.rows).toEqual([{ revision: 0 }]);
  });

  it("can't be read by another user or an anonymous client, nor through functions", async () => {
    const [ada, ben] = [randomUUID(), randomUUID()];
    const { id } = await startSession(db, ada, { state: { secret: 1 } });
    await startSession(db, ben);
    const stored = [await storedSession(db, id), await history(db, id)];
    expect((await rows(ben, id)).rows).toEqual([]);
    const message = "This session does not exist or is not yours.";
    for (const attempt of [stateAt(db, ben, id, 0), stateAt(db, ben, randomUUID(), 0), restore(ben, id, 0)]) {
      expect(await refusal(attempt)).toMatchObject({ code: "WZ404", message });
    }
    const anonymous = db.asAnon((client) => client.query("select from wizard_session_revisions"));
    expect(await refusal(anonymous)).toMatchObject({ code: "42501" });
    expect([await storedSession(db, id), await history(db, id)]).toEqual(stored);
  });

  it.each([
    "insert into wizard_session_revisions select session_id, 1, null, null, 1, status, 1, patch, null, 2, now() from wizard_session_revisions",
    "update wizard_session_revisions set patch = '{}'",
    "delete from wizard_session_revisions",
    "truncate wizard_session_revisions",
    "select app_private.prune_wizard_session_revisions(session_id, 9999) from wizard_session_revisions",
  ])("can't be written by the owner of the session or by service_role: %s", async (statement) => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    const stored = await history(db, id);
    for (const attempt of [db.asUser(ada, (c) => c.query(statement)), db.asService((c) => c.query(statement))]) {
      expect(await refusal(attempt)).toMatchObject({ code: "42501" });
    }
    expect(await history(db, id)).toEqual(stored);
  });

  it("have the paths that each revision changed", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { state: { a: { b: 1 } } });
    await update(db, ada, id, { state: { "a/b": {}, c: [1] } });
    const query = "select r.changed_paths from wizard_session_revisions r where session_id = $1 order by revision";
    const { rows } = await db.asUser(ada, (client) =>
      client.query(query.replace("r.changed_paths", "wizard_session_revisions_changed_paths(r) as paths"), [id]),
    );
    expect(rows).toEqual([{ paths: ["/a/b"] }, { paths: ["/a", "/a~1b", "/c"] }]);
  });
});
