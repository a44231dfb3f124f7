import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { startSession, storedSession } from "../../testkit/rows.ts";
import { save } from "../../testkit/saving.ts";

const db = useTestDatabase();

const start = (sub: string, id: string) =>
  db.asUser(sub, (client) => client.query("select start_wizard_session($1)", [id]));
const remove = (sub: string, id: string) =>
  db.asUser(sub, (client) => client.query("delete from wizard_sessions where id = $1", [id]));
const forget = async () => {
  const { rows } = await db.root.query("select app_private.forget_save_keys(500) as forgotten");
  return rows[0].forgotten;
};

/** A session that its owner has deleted. */
async function deleted() {
  const ada = randomUUID();
  const { id } = await startSession(db, ada, { state: { a: 1 } });
  await remove(ada, id);
  return { ada, id };
}

describe("the id of a deleted session", () => {
  it("can't be used again, by its user or another one, through any API", async () => {
    const { ada, id } = await deleted();
    for (const attempt of [
      start(ada, id),
      start(randomUUID(), id),
      startSession(db, ada, { id }),
      db.asService((client) => client.query("insert into wizard_sessions (id, user_id) values ($1, $2)", [id, ada])),
      save(db, ada, { id, base: 0, patch: { a: 2 } }),
    ]) {
      expect(await refusal(attempt)).toMatchObject({
        ...{ code: "WZ404", message: "This session does not exist or is not yours." },
      });
    }
    expect(await storedSession(db, id)).toBeUndefined();
  });

  it("is remembered after the user was erased, without the user", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    await db.asUser(ada, (client) => client.query("select erase_me($1)", [ada]));
    expect(await refusal(start(ada, id))).toMatchObject({ code: "WZ404" });
    const { rows } = await db.root.query("select * from app_private.deleted_wizard_sessions where id = $1", [id]);
    expect(Object.keys(rows[0])).toEqual(["id", "forget_after"]);
  });

  it("can be used again after 90 days, and is then forgotten by the sweep", async () => {
    const { ada, id } = await deleted();
    const age = (by: string) =>
      db.root.query(
        "update app_private.deleted_wizard_sessions set forget_after = forget_after - $2::interval where id = $1",
        [id, by],
      );
    await age("89 days");
    expect(await forget()).toBe(0);
    expect(await refusal(start(ada, id))).toMatchObject({ code: "WZ404" });
    await age("1 day");
    await start(ada, id);
    expect(await storedSession(db, id)).toMatchObject({ revision: 0, state: {} });
    expect(await forget()).toBe(1);
  });

  it("keeps none of the session's old save keys", async () => {
    const ada = randomUUID();
    const { id } = await startSession(db, ada);
    for (let base = 0; base < 300; base++) await save(db, ada, { id, base, patch: { n: base } });
    const keys = async () =>
      (await db.root.query("select from app_private.wizard_session_old_keys where session_id = $1", [id])).rowCount;
    expect(await keys()).toBeGreaterThan(0);
    await remove(ada, id);
    expect(await keys()).toBe(0);
  });

  it("is hidden from users", async () => {
    for (const table of ["deleted_wizard_sessions", "wizard_session_old_keys"]) {
      for (const as of [db.asAnon, db.asService, db.asUser.bind(db, randomUUID())]) {
        const attempt = as((client) => client.query(`select from app_private.${table}`));
        expect(await refusal(attempt)).toMatchObject({ code: "42501" });
      }
    }
  });
});
