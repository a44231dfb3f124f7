import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { usePrograms } from "../../testkit/programs.ts";
import { makeVerifyToken } from "../tokens.ts";

const SUB = "ada00000-0000-4000-8000-000000000001";
const USAGE = "Usage: npm run token -- --sub UUID [--role anon|authenticated|service_role|analyst] [--expires 1h]";

const programs = usePrograms();
let dataDir: string;
beforeAll(async () => {
  dataDir = await programs.folder();
});

function token(options: readonly string[], settings: Record<string, string> = {}) {
  return programs.run(["node", "server/commands/token.ts", ...options], { DATA_DIR: dataDir, ...settings });
}

describe("npm run token", () => {
  it("prints only a token, valid for an hour, that the server of the data folder accepts", async () => {
    const { code, stdout, stderr } = await token(["--sub", SUB]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: expect.stringMatching(/^[\w.-]+\n$/), stderr: "" });
    const { jwtSecret: secret } = JSON.parse(await readFile(join(dataDir, "secrets.json"), "utf8"));
    const claims = await makeVerifyToken({ secret, audience: "authenticated", claims: ["aud", "iat"] })(stdout.trim());
    expect(claims).toEqual({
      sub: SUB,
      role: "authenticated",
      aud: "authenticated",
      iat: expect.any(Number),
      exp: Number(claims.iat) + 3600,
    });
    expect(decodeProtectedHeader(stdout.trim())).toEqual({ alg: "HS256", typ: "JWT" });
  });

  it.each(["service_role", "analyst"])("accepts a role and a duration: %s", async (name) => {
    const { stdout } = await token(["--sub", SUB, `--role=${name}`, "--expires=7d"]);
    const { role, iat = 0, exp } = decodeJwt(stdout.trim());
    expect({ role, exp }).toEqual({ role: name, exp: iat + 7 * 24 * 3600 });
  });

  it("signs with the configured secret, issuer and audience", async () => {
    const secret = "an own secret of at least 32 bytes, for tests";
    const { stdout } = await token(["--sub", SUB], { JWT_SECRET: secret, JWT_ISSUER: "us", JWT_AUDIENCE: "them" });
    const verify = makeVerifyToken({ secret, issuer: "us", audience: "them", claims: ["iss", "aud"] });
    expect(await verify(stdout.trim())).toMatchObject({ sub: SUB, iss: "us", aud: "them" });
  });

  it.each([
    [[], "--sub must be a UUID"],
    [["--sub", "ada"], "--sub must be a UUID"],
    [["--sub", SUB, "--role", "postgres"], "--role must be one of anon, authenticated, service_role, analyst"],
    [["--sub", SUB, "--expires", "soon"], "--expires must be a duration such as 30s, 15m, 1h or 7d"],
    [["--role", "admin"], "--sub must be a UUID\n--role must be one of anon, authenticated, service_role, analyst"],
    [["--sub", SUB, "--admin"], "Unknown option '--admin'"],
    [[SUB], `Unexpected argument '${SUB}'`],
    [["--sub"], "argument missing"],
  ])("refuses %j with a sentence and the usage", async (options, message) => {
    const { code, stdout, stderr } = await token(options);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).toContain(USAGE);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it("refuses to sign in production", async () => {
    const settings = { NODE_ENV: "production", JWT_SECRET: "a secret of production, 32 bytes or more" };
    expect(await token(["--sub", SUB], settings)).toEqual({
      code: 1,
      stdout: "",
      stderr: "\nThis command signs tokens only for development. In production, your issuer signs them.\n",
    });
  });

  it("refuses to sign if JWKS_URL is set", async () => {
    expect(await token(["--sub", SUB], { JWKS_URL: "https://issuer.example/keys" })).toEqual({
      code: 1,
      stdout: "",
      stderr: "\nJWKS_URL is set, so only its issuer can sign tokens.\n",
    });
  });

  it("does not replace damaged secrets", async () => {
    const broken = await programs.folder();
    await writeFile(join(broken, "secrets.json"), "{");
    const { code, stdout, stderr } = await token(["--sub", SUB], { DATA_DIR: broken });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(join(broken, "secrets.json"));
    expect(await readFile(join(broken, "secrets.json"), "utf8")).toBe("{");
  });
});
