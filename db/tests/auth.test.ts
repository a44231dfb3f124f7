import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";

const db = useTestDatabase();

async function whoAmI(settings: Record<string, string>) {
  const client = await db.root.connect();
  try {
    await client.query("begin");
    for (const [name, value] of Object.entries(settings)) {
      await client.query("select set_config($1, $2, true)", [name, value]);
    }
    const { rows } = await client.query("select auth.uid() as uid, auth.role() as role, auth.jwt() as jwt");
    return rows[0];
  } finally {
    await client.query("rollback");
    client.release();
  }
}

describe("auth.uid(), auth.role() and auth.jwt()", () => {
  const anonymous = { uid: null, role: null, jwt: null };

  it("return null when no setting is present", async () => {
    expect(await whoAmI({})).toEqual(anonymous);
  });

  it("return null when the settings are empty, as on a reused connection of a pool", async () => {
    expect(
      await whoAmI({ "request.jwt.claims": "", "request.jwt.claim.sub": "", "request.jwt.claim.role": "" }),
    ).toEqual(anonymous);
  });

  it("return the values in request.jwt.claims", async () => {
    const claims = { sub: randomUUID(), role: "authenticated", app: { tier: 2 } };
    expect(await whoAmI({ "request.jwt.claims": JSON.stringify(claims) })).toEqual({
      uid: claims.sub,
      role: "authenticated",
      jwt: claims,
    });
  });

  it("prefer request.jwt.claim.sub, which older gateways set", async () => {
    const [older, newer] = [randomUUID(), randomUUID()];
    const settings = { "request.jwt.claim.sub": older, "request.jwt.claims": JSON.stringify({ sub: newer }) };
    expect(await whoAmI(settings)).toMatchObject({ uid: older });
  });

  it("return null when sub and role are missing or empty", async () => {
    expect(await whoAmI({ "request.jwt.claims": "{}" })).toMatchObject({ uid: null, role: null });
    expect(await whoAmI({ "request.jwt.claims": '{"sub": "", "role": ""}' })).toMatchObject({ uid: null, role: null });
  });

  it("raise an error when sub is not a UUID", async () => {
    expect(await refusal(whoAmI({ "request.jwt.claims": '{"sub": "ada"}' }))).toMatchObject({ code: "22P02" });
  });
});
