import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { singleRow, startSession, storedSession } from "../../testkit/rows.ts";
import { history, stateAt } from "../../testkit/saving.ts";

const db = useTestDatabase();

const STATEMENTS = {
  save_wizard_session: "select from save_wizard_session($1, gen_random_uuid(), 0, $2)",
  update: "update wizard_sessions set state = $2 where id = $1",
};
type Statement = keyof typeof STATEMENTS;

/** Writes a JSON text unchanged. */
const write = (sub: string, statement: Statement, id: string, json: string) =>
  db.asUser(sub, (client) => client.query(STATEMENTS[statement], [id, json]));

const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${"}".repeat(levels - 1)}`;

describe.each(Object.keys(STATEMENTS) as Statement[])("%s", (statement) => {
  // In the format and the key order of PostgreSQL's jsonb output.
  it.each([
    [
      "numbers that do not fit a double",
      `{"a": 12345678901234567890, "b": 0.1234567890123456789012, "c": 1${"0".repeat(400)}}`,
    ],
    ["numbers with trailing zeros", '{"a": 1.0, "b": 1.00, "c": -0.10, "d": 100000000000000000000000}'],
    ["100 levels of nesting", nested(100).replaceAll(":", ": ")],
    [
      "characters of every Unicode plane, composed and decomposed",
      '{"": "é", "\\u0001": "\\b\u007f", "\u00e9": 1, "e\u0301": 2, "a/b~": "שלום", "😀": "𝄞"}',
    ],
    ["keys that JavaScript objects inherit", '{"toString": {"__proto__": {}}, "__proto__": [], "constructor": ""}'],
  ])("stores and returns exactly: %s", async (_, json) => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    await write(ada, statement, id, json);
    const { rows } = await db.root.query<{ text: string }>(
      "select state::text as text from wizard_sessions where id = $1",
      [id],
    );
    expect(singleRow(rows).text).toBe(json);
    expect((await stateAt(db, ada, id, 1)).text).toBe(json);
  });

  it.each([
    ["101 levels of nesting", nested(101), "WZ400"],
    ["5,000 levels of nesting", nested(5_000), "WZ400"],
    ["100,000 levels of nesting", nested(100_000), "54001"],
    ["U+0000 in a value", '{"a":"\\u0000"}', "22P05"],
    ["U+0000 in a key", '{"a":{"\\u0000":1}}', "22P05"],
    ["an unpaired surrogate in a value", '{"a":"\\ud83d"}', "22P02"],
    ["an unpaired surrogate in a key", '{"\\udc4d":1}', "22P02"],
    ["NaN", '{"a":NaN}', "22P02"],
    ["a number with too many digits", '{"a":1e200000}', "22003"],
    ["an array", "[]", statement === "update" ? "23514" : "WZ400"],
    ["null", "null", statement === "update" ? "23514" : "WZ400"],
  ])("rejects %s and writes nothing", async (_, json, code) => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada, { state: { kept: 1 } });
    const before = [await storedSession(db, id), await history(db, id)];
    expect(await refusal(write(ada, statement, id, json))).toMatchObject({ code });
    expect([await storedSession(db, id), await history(db, id)]).toEqual(before);
  });
});
