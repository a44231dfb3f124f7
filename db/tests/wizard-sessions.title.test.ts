import { randomUUID } from "node:crypto";
import { expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { startSession, storedSession } from "../../testkit/rows.ts";
import { save, update } from "../../testkit/saving.ts";

const db = useTestDatabase();

it.each([
  { what: "text", title: "Fête", expected: "Fête" },
  { what: "longer than a title can be", title: "é".repeat(151), expected: "é".repeat(150) },
  { what: "empty", title: "", expected: null },
  { what: "a number", title: 7, expected: null },
  { what: "an object", title: { a: "b" }, expected: null },
  { what: "JSON null", title: null, expected: null },
])("the title of a session is $expected if it is $what in the state", async ({ title, expected }) => {
  expect(await startSession(db, randomUUID(), { state: { basics: { title } } })).toMatchObject({ title: expected });
});

it.each([{}, { basics: {} }, { basics: "title" }, { basics: ["title"] }])(
  "the title of a session is null if the state is %j",
  async (state) => expect(await startSession(db, randomUUID(), { state })).toMatchObject({ title: null }),
);

it("follows each save, with any statement", async () => {
  const ada = randomUUID();
  const { id } = await startSession(db, ada, { state: { basics: { title: "Fair" } } });
  expect((await save(db, ada, { id, base: 0, patch: { basics: { title: "Fête" } } })).session).toMatchObject({
    title: "Fête",
  });
  await update(db, ada, id, { state: {} });
  expect(await storedSession(db, id)).toMatchObject({ title: null });
});

it("can't be written by users", async () => {
  const ada = randomUUID();
  const session = await startSession(db, ada, { state: { basics: { title: "Fair" } } });
  expect(await refusal(update(db, ada, session.id, { title: "Forged" }))).toMatchObject({ code: "42501" });
  expect(await storedSession(db, session.id)).toEqual(session);
});
