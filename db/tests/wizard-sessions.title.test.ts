import { randomUUID } from "node:crypto";
import { expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { singleRow, startSession } from "../../testkit/rows.ts";

const db = useTestDatabase();

async function titleOf(state: object): Promise<string | null> {
  const ada = randomUUID();
  const { id } = await startSession(db, ada, { state });
  const { rows } = await db.asUser(ada, (client) =>
    client.query<{ title: string | null }>(
      "select s.wizard_sessions_title as title from wizard_sessions s where id = $1",
      [id],
    ),
  );
  return singleRow(rows).title;
}

it.each([
  { what: "text", title: "Fête", expected: "Fête" },
  { what: "longer than a title can be", title: "é".repeat(151), expected: "é".repeat(150) },
  { what: "empty", title: "", expected: null },
  { what: "a number", title: 7, expected: null },
  { what: "an object", title: { a: "b" }, expected: null },
  { what: "JSON null", title: null, expected: null },
])("the title of a session is $expected if it is $what in the state", async ({ title, expected }) => {
  expect(await titleOf({ basics: { title } })).toBe(expected);
});

it.each([{}, { basics: {} }, { basics: "title" }, { basics: ["title"] }])(
  "the title of a session is null if the state is %j",
  async (state) => expect(await titleOf(state)).toBeNull(),
);

it("can't be computed by anonymous clients", async () => {
  const attempt = db.asAnon((client) => client.query("select wizard_sessions_title(null)"));
  expect(await refusal(attempt)).toMatchObject({ code: "42501" });
});
