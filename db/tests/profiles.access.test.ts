import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { startSession } from "../../testkit/rows.ts";

const db = useTestDatabase();
const NO_PERMISSION = { code: "42501", message: "permission denied for table profiles" };

let ada: string;
let ben: string;

beforeEach(async () => {
  [ada, ben] = [randomUUID(), randomUUID()];
  await startSession(db, ada);
  await startSession(db, ben);
});

const asUser = (sub: string, statement: string, ...values: unknown[]) =>
  db.asUser(sub, async (client) => (await client.query(statement, values)).rows);

async function nameOf(id: string) {
  const { rows } = await db.root.query("select display_name from profiles where id = $1", [id]);
  return rows[0]?.display_name;
}

describe("a profile", () => {
  it("can be read and renamed by its user only", async () => {
    expect(await asUser(ada, "select id from profiles")).toEqual([{ id: ada }]);
    await asUser(ada, "update profiles set display_name = 'Ada'");
    expect([await nameOf(ada), await nameOf(ben)]).toEqual(["Ada", null]);
  });

  it.each([
    ["inserted", "insert into profiles (id) values (gen_random_uuid())"],
    ["deleted", "delete from profiles"],
    ["given another id", "update profiles set id = gen_random_uuid()"],
    ["backdated", "update profiles set created_at = now()"],
  ])("can't be %s by its user", async (_what, statement) => {
    const { rows: before } = await db.root.query("select * from profiles order by id");
    expect(await refusal(asUser(ada, statement))).toMatchObject(NO_PERMISSION);
    const { rows: after } = await db.root.query("select * from profiles order by id");
    expect(after).toEqual(before);
  });

  it.each(["select from profiles", "update profiles set display_name = 'Mine'"])(
    "can't be read or renamed by an anonymous client: %s",
    async (statement) => {
      expect(await refusal(db.asAnon((client) => client.query(statement)))).toMatchObject(NO_PERMISSION);
      expect(await nameOf(ada)).toBeNull();
    },
  );

  it("can have a name of 1 to 100 characters", async () => {
    const rename = (name: string) => asUser(ada, "update profiles set display_name = $1", name);
    await rename("é".repeat(100));
    for (const name of ["", "é".repeat(101)]) {
      expect(await refusal(rename(name))).toMatchObject({ code: "23514", constraint: "profiles_display_name_check" });
    }
    expect(await nameOf(ada)).toBe("é".repeat(100));
  });

  it("can be inserted and deleted by service_role", async () => {
    const cleo = randomUUID();
    await db.asService((client) => client.query("insert into profiles (id, display_name) values ($1, 'Cleo')", [cleo]));
    expect(await nameOf(cleo)).toBe("Cleo");
    await db.asService((client) => client.query("delete from profiles where id = $1", [cleo]));
    expect(await nameOf(cleo)).toBeUndefined();
  });
});
