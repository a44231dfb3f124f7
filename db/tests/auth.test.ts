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
  const nobody = { uid: null, role: null, jwt: null };

  it("know nobody when nothing is set", async () => {
    expect(await whoAmI({})).toEqual(nobody);
  });

  it("know nobody when the settings are empty, as a pooled connection leaves them", async () => {
    expect(
      await whoAmI({ "request.jwt.claims": "", "request.jwt.claim.sub": "", "request.jwt.claim.role": "" }),
    ).toEqual(nobody);
  });

  it("read the claims", async () => {
    const claims = { sub: randomUUID(), role: "authenticated", app: { tier: 2 } };
    expect(await whoAmI({ "request.jwt.claims": JSON.stringify(claims) })).toEqual({
      uid: claims.sub,
      role: "authenticated",
      jwt: claims,
    });
  });

  it("read a claim of its own name first, as older gateways set it", async () => {
    const [older, newer] = [randomUUID(), randomUUID()];
    const settings = { "request.jwt.claim.sub": older, "request.jwt.claims": JSON.stringify({ sub: newer }) };
    expect(await whoAmI(settings)).toMatchObject({ uid: older });
  });

  it("know nobody when the claims have no sub, or an empty one", async () => {
    expect(await whoAmI({ "request.jwt.claims": "{}" })).toMatchObject({ uid: null, role: null });
    expect(await whoAmI({ "request.jwt.claims": '{"sub": "", "role": ""}' })).toMatchObject({ uid: null, role: null });
  });

  it("refuse a sub that is no UUID rather than take it for nobody", async () => {
    expect(await refusal(whoAmI({ "request.jwt.claims": '{"sub": "ada"}' }))).toMatchObject({ code: "22P02" });
  });
});
