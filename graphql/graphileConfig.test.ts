import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { signToken } from "../server/tokens.ts";
import { TEST_TOKENS } from "../testkit/api.ts";
import { useTestDatabase } from "../testkit/database.ts";
import { usePrograms } from "../testkit/programs.ts";

const programs = usePrograms();
const db = useTestDatabase();

const settings = () => ({
  DATABASE_URL: db.ownerUrl,
  AUTH_DATABASE_URL: db.authUrl,
  JWT_SECRET: TEST_TOKENS.secret,
  GRAPHILE_ENV: "development",
});

describe("Graphile's own programs", () => {
  it("print the resolved preset: npx graphile config print", async () => {
    const { code, stdout, stderr } = await programs.run(["npx", "graphile", "config", "print"], settings());
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("DocumentLimitsPlugin@1.0.0");
    expect(stripVTControlCharacters(stdout)).toContain("graphqlPath: '/graphql'");
  });

  it("explain what the API exposes of a table: npx graphile behavior debug", async () => {
    const command = ["npx", "graphile", "behavior", "debug", "pgResource", "wizard_sessions"] as const;
    const { code, stdout, stderr } = await programs.run([...command], settings());
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/Final string:\n.* update delete /);
  });

  it("serve the API under the policies: npx postgraphile", async () => {
    const server = programs.start(["npx", "postgraphile", "--port", "0"], settings());
    const [, url = ""] = await server.printed(/(http:\/\/127\.0\.0\.1:\d+\/graphql)/);
    const ask = async (headers: Record<string, string>) => {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ query: "{ wizardSessions { totalCount } }" }),
      });
      return response.json();
    };
    const sub = "ada00000-0000-4000-8000-000000000001";
    const token = await signToken(TEST_TOKENS, { sub, role: "authenticated", expiresIn: "1h" });
    expect(await ask({ authorization: `Bearer ${token}` })).toEqual({ data: { wizardSessions: { totalCount: 0 } } });
    expect(await ask({})).toMatchObject({ errors: [{ extensions: { code: "FORBIDDEN" } }] });
    expect(await ask({ authorization: "Bearer forged" })).toMatchObject({
      errors: [{ message: expect.stringMatching(/^The token is missing, expired or invalid/) }],
    });
  });

  it("read .gmrc: npx graphile-migrate", async () => {
    const { code, stderr } = await programs.run(["npx", "graphile-migrate", "migrate"], { DATABASE_URL: db.ownerUrl });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  // The first start builds the page.
  it("find the embedded database while a server runs it", async () => {
    const dataDir = await programs.folder();
    const command = ["npx", "graphile", "behavior", "debug", "pgResource", "wizard_sessions"] as const;
    const before = await programs.run([...command], { DATA_DIR: dataDir });
    expect(before.code).not.toBe(0);
    expect(before.stderr).toContain("The embedded database is not running. Start it with npm start or npm run dev");

    const server = programs.start(["node", "server/main.ts"], { DATA_DIR: dataDir, PORT: "0" });
    await server.printed(/Health +(\S+)\/healthz/);
    expect(await programs.run([...command], { DATA_DIR: dataDir })).toMatchObject({ code: 0 });
    server.signal("SIGTERM");
    expect(await server.ended).toMatchObject({ code: 0 });
  }, 120_000);

  it("make no data folder when the environment names the database", async () => {
    const dataDir = join(await programs.folder(), "data");
    await programs.run(["npx", "graphile", "config", "print"], { ...settings(), DATA_DIR: dataDir });
    await expect(readdir(dataDir)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
