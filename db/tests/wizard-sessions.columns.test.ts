import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { countSessions, singleRow, startSession, storedSession } from "../../testkit/rows.ts";
import { COMPLETE_STATE } from "../../wizard/testing/completeState.ts";

const db = useTestDatabase();

const STATE_LIMIT = 256 * 1024;

/** Inserts a session with one column, given as text that PostgreSQL converts to the type of the column. */
function insertText(sub: string, column: string, text: string | null) {
  return db.asUser(sub, (client) =>
    client.query(`insert into wizard_sessions (${column}) values ($1) returning id`, [text]),
  );
}

/** Does the same to an existing session. */
function updateText(sub: string, id: string, column: string, text: string | null) {
  return db.asUser(sub, (client) =>
    client.query(`update wizard_sessions set ${column} = $2 where id = $1`, [id, text]),
  );
}

/** Returns a state with this many levels of nesting. */
function nested(levels: number): string {
  return `${'{"a":'.repeat(levels - 1)}1${"}".repeat(levels - 1)}`;
}

/** Returns a state that has exactly this many bytes as the text of a jsonb value. */
function stateOfBytes(bytes: number): string {
  const empty = '{"notes": ""}';
  return empty.replace('""', `"${"x".repeat(bytes - empty.length)}"`);
}

describe("the columns of wizard_sessions", () => {
  it("have the required names, types, defaults and nullability", async () => {
    const expected = [
      { name: "id", type: "uuid", nullable: false, default: "gen_random_uuid()" },
      { name: "user_id", type: "uuid", nullable: false, default: "auth.uid()" },
      { name: "event_id", type: "uuid", nullable: true, default: null },
      { name: "stage", type: "integer", nullable: false, default: "1" },
      { name: "status", type: "text", nullable: false, default: "'in_progress'::text" },
      { name: "state", type: "jsonb", nullable: false, default: "'{}'::jsonb" },
      { name: "started_at", type: "timestamp with time zone", nullable: false, default: "now()" },
      { name: "last_saved_at", type: "timestamp with time zone", nullable: false, default: "now()" },
      { name: "completed_at", type: "timestamp with time zone", nullable: true, default: null },
      { name: "revision", type: "integer", nullable: false, default: "0" },
    ];
    const { rows } = await db.root.query(
      `select column_name as name, data_type as type, is_nullable = 'YES' as nullable, column_default as default
         from information_schema.columns
        where table_schema = 'public' and table_name = 'wizard_sessions' and column_name = any($1)
        order by ordinal_position`,
      [expected.map(({ name }) => name)],
    );
    expect(rows).toEqual(expected);
  });

  it("include id as the primary key", async () => {
    const { rows } = await db.root.query(
      "select pg_get_constraintdef(oid) as key from pg_constraint where conrelid = 'wizard_sessions'::regclass and contype = 'p'",
    );
    expect(rows).toEqual([{ key: "PRIMARY KEY (id)" }]);
  });
});

describe("a new session", () => {
  it("can consist of defaults only", async () => {
    const ada = randomUUID();
    const session = await startSession(db, ada);
    expect(session).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      user_id: ada,
      event_id: null,
      stage: 1,
      status: "in_progress",
      state: {},
      completed_at: null,
      revision: 0,
    });
    expect(session.last_saved_at).toBe(session.started_at);
    expect(Math.abs(Date.parse(session.started_at) - Date.now())).toBeLessThan(60_000);
    expect(await storedSession(db, session.id)).toEqual(session);
  });

  it("can have an id from the client", async () => {
    const id = randomUUID();
    expect(await startSession(db, randomUUID(), { id })).toMatchObject({ id });
  });

  it("can't have the id of an existing session", async () => {
    const ada = randomUUID();
    const session = await startSession(db, ada, { state: { first: true } });
    expect(await refusal(startSession(db, ada, { id: session.id }))).toMatchObject({
      code: "23505",
      constraint: "wizard_sessions_pkey",
    });
    expect(await storedSession(db, session.id)).toEqual(session);
  });
});

describe("stage", () => {
  it.each([1, 2, 3, 4, 5, 6])("can be %i", async (stage) => {
    const ada = randomUUID();
    expect(await startSession(db, ada, { stage })).toMatchObject({ stage });
    const { id } = await startSession(db, ada);
    await updateText(ada, id, "stage", String(stage));
    expect(await storedSession(db, id)).toMatchObject({ stage });
  });

  it.each([
    { what: "0", text: "0", refused: { code: "23514", constraint: "wizard_sessions_stage_check" } },
    { what: "7", text: "7", refused: { code: "23514", constraint: "wizard_sessions_stage_check" } },
    { what: "negative", text: "-1", refused: { code: "23514", constraint: "wizard_sessions_stage_check" } },
    { what: "null", text: null, refused: { code: "23502", column: "stage" } },
    { what: "a word", text: "two", refused: { code: "22P02" } },
    { what: "a fraction", text: "2.5", refused: { code: "22P02" } },
    { what: "empty text", text: "", refused: { code: "22P02" } },
    { what: "a number beyond the range of integer", text: "2147483648", refused: { code: "22003" } },
  ])("can't be $what", async ({ text, refused }) => {
    const ada = randomUUID();
    const session = await startSession(db, ada, { stage: 3 });
    expect(await refusal(insertText(ada, "stage", text))).toMatchObject(refused);
    expect(await refusal(updateText(ada, session.id, "stage", text))).toMatchObject(refused);
    expect(await countSessions(db, ada)).toBe(1);
    expect(await storedSession(db, session.id)).toEqual(session);
  });
});

describe("status", () => {
  it.each(["in_progress", "completed", "abandoned"])("can be %s", async (status) => {
    const ada = randomUUID();
    expect(await startSession(db, ada, { status })).toMatchObject({ status });
    const { id } = await startSession(db, ada, { state: COMPLETE_STATE });
    await updateText(ada, id, "status", status);
    expect(await storedSession(db, id)).toMatchObject({ status });
  });

  it.each([
    { what: "an unknown word", text: "paused", refused: { code: "23514", constraint: "wizard_sessions_status_check" } },
    { what: "in uppercase", text: "COMPLETED", refused: { code: "23514", constraint: "wizard_sessions_status_check" } },
    { what: "empty text", text: "", refused: { code: "23514", constraint: "wizard_sessions_status_check" } },
    { what: "null", text: null, refused: { code: "23502", column: "status" } },
  ])("can't be $what", async ({ text, refused }) => {
    const ada = randomUUID();
    const session = await startSession(db, ada);
    expect(await refusal(insertText(ada, "status", text))).toMatchObject(refused);
    expect(await refusal(updateText(ada, session.id, "status", text))).toMatchObject(refused);
    expect(await countSessions(db, ada)).toBe(1);
    expect(await storedSession(db, session.id)).toEqual(session);
  });
});

describe("state", () => {
  it.each([
    { what: "an empty object", text: "{}" },
    { what: "nested 100 levels deep", text: nested(100) },
    { what: "an object with nested values", text: '{"basics": {"title": "Summer party", "tags": ["a", null, 1.5]}}' },
  ])("can be $what", async ({ text }) => {
    const ada = randomUUID();
    const { id: inserted } = singleRow((await insertText(ada, "state", text)).rows);
    expect(await storedSession(db, inserted)).toMatchObject({ state: JSON.parse(text) });
    const { id: updated } = await startSession(db, ada, { state: { other: true } });
    await updateText(ada, updated, "state", text);
    expect((await storedSession(db, updated))?.state).toEqual(JSON.parse(text));
  });

  it.each([
    { what: "an array", text: "[{}]", refused: { code: "23514", constraint: "wizard_sessions_state_check" } },
    { what: "an empty array", text: "[]", refused: { code: "23514", constraint: "wizard_sessions_state_check" } },
    { what: "JSON in a string", text: '"{}"', refused: { code: "23514", constraint: "wizard_sessions_state_check" } },
    { what: "a number", text: "7", refused: { code: "23514", constraint: "wizard_sessions_state_check" } },
    { what: "a boolean", text: "true", refused: { code: "23514", constraint: "wizard_sessions_state_check" } },
    { what: "JSON null", text: "null", refused: { code: "23514", constraint: "wizard_sessions_state_check" } },
    { what: "SQL null", text: null, refused: { code: "23502", column: "state" } },
    {
      what: "nested 101 levels deep",
      text: nested(101),
      refused: { code: "WZ400", message: "The state can have at most 100 levels." },
    },
    { what: "nested too deeply to be parsed", text: nested(20_000), refused: { code: "54001" } },
    { what: "incomplete JSON", text: "{", refused: { code: "22P02" } },
    { what: "an object with a NUL character", text: '{"title": "\\u0000"}', refused: { code: "22P05" } },
  ])("can't be $what", async ({ text, refused }) => {
    const ada = randomUUID();
    const session = await startSession(db, ada, { state: { kept: true } });
    expect(await refusal(insertText(ada, "state", text))).toMatchObject(refused);
    expect(await refusal(updateText(ada, session.id, "state", text))).toMatchObject(refused);
    expect(await countSessions(db, ada)).toBe(1);
    expect(await storedSession(db, session.id)).toEqual(session);
  });
});

describe("the size of state", () => {
  const storedBytes = async (id: string) => {
    const query = "select octet_length(state::text) as bytes from wizard_sessions where id = $1";
    return singleRow((await db.root.query<{ bytes: number }>(query, [id])).rows).bytes;
  };

  it("can be exactly 256 KiB of JSON text", async () => {
    const ada = randomUUID();
    const { id: inserted } = singleRow((await insertText(ada, "state", stateOfBytes(STATE_LIMIT))).rows);
    expect(await storedBytes(inserted)).toBe(STATE_LIMIT);
    const { id: updated } = await startSession(db, ada);
    await updateText(ada, updated, "state", stateOfBytes(STATE_LIMIT));
    expect(await storedBytes(updated)).toBe(STATE_LIMIT);
  });

  it.each([
    { how: "one byte more", state: stateOfBytes(STATE_LIMIT + 1), bytes: STATE_LIMIT + 1 },
    {
      how: "fewer characters, but more bytes",
      state: `{"notes": "${"é".repeat(STATE_LIMIT / 2)}"}`,
      bytes: STATE_LIMIT + '{"notes": ""}'.length,
    },
  ])("can't be $how", async ({ state, bytes }) => {
    const ada = randomUUID();
    const session = await startSession(db, ada, { state: { kept: true } });
    const insert = () => insertText(ada, "state", state);
    const update = () => updateText(ada, session.id, "state", state);
    for (const attempt of [insert, update]) {
      const { code, detail } = await refusal(attempt());
      expect(code).toBe("WZ413");
      expect(JSON.parse(detail ?? "")).toEqual({ bytes, limit: STATE_LIMIT });
    }
    expect(await countSessions(db, ada)).toBe(1);
    expect(await storedSession(db, session.id)).toEqual(session);
  });

  it("has the same limit for service_role", async () => {
    const { user_id } = await startSession(db, randomUUID());
    const attempt = db.asService((client) =>
      client.query("insert into wizard_sessions (user_id, state) values ($1, $2)", [
        user_id,
        stateOfBytes(STATE_LIMIT + 1),
      ]),
    );
    expect(await refusal(attempt)).toMatchObject({ code: "WZ413" });
    expect(await countSessions(db, user_id)).toBe(1);
  });
});

describe("completed_at", () => {
  it("is set in a new session if and only if its status is completed", async () => {
    const ada = randomUUID();
    for (const status of ["in_progress", "abandoned"]) {
      expect(await startSession(db, ada, { status })).toMatchObject({ completed_at: null });
    }
    const { started_at, completed_at } = await startSession(db, ada, { status: "completed" });
    expect(Date.parse(completed_at ?? "")).toBeGreaterThanOrEqual(Date.parse(started_at));
  });

  it.each(["in_progress", "abandoned"])("can't be set while the session is %s, even by a superuser", async (status) => {
    const session = await startSession(db, randomUUID(), { status });
    const attempt = db.root.query("update wizard_sessions set completed_at = now() where id = $1", [session.id]);
    expect(await refusal(attempt)).toMatchObject({ code: "23514", constraint: "wizard_sessions_completed_at_check" });
    expect(await storedSession(db, session.id)).toEqual(session);
  });

  it("is computed by the database, even if a superuser inserts a value", async () => {
    const { user_id } = await startSession(db, randomUUID());
    const { rows } = await db.root.query(
      `insert into wizard_sessions (user_id, status, completed_at)
       values ($1, 'in_progress', '2001-01-01'), ($1, 'completed', null), ($1, 'completed', '2001-01-01')
       returning status, completed_at >= started_at as completed_after_start`,
      [user_id],
    );
    expect(rows).toEqual([
      { status: "in_progress", completed_after_start: null },
      { status: "completed", completed_after_start: true },
      { status: "completed", completed_after_start: true },
    ]);
  });

  it("can't be null in a completed session, even without triggers", async () => {
    const { user_id } = await startSession(db, randomUUID());
    const client = await db.root.connect();
    try {
      await client.query("begin");
      await client.query("set local session_replication_role = replica");
      const attempt = client.query("insert into wizard_sessions (user_id, status) values ($1, 'completed')", [user_id]);
      expect(await refusal(attempt)).toMatchObject({ code: "23514", constraint: "wizard_sessions_completed_at_check" });
    } finally {
      await client.query("rollback");
      client.release();
    }
    expect(await countSessions(db, user_id)).toBe(1);
  });
});
