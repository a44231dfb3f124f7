import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, it } from "@jest/globals";
import pg from "pg";
import { testRootUrl, urlAs } from "../../testkit/cluster.ts";
import { usePrograms } from "../../testkit/programs.ts";

const programs = usePrograms();
const setUp = (settings: Record<string, string>) =>
  programs.run(["node", "server/commands/setUpDatabase.ts"], settings);

// The roles exist because all tests use them. The databases do not.
const name = `set_up_${randomUUID().replaceAll("-", "")}`;
const shadow = `${name}_shadow`;
const settings = {
  DATABASE_URL: urlAs("stagekeep_owner", name),
  AUTH_DATABASE_URL: urlAs("authenticator", name),
  SHADOW_DATABASE_URL: urlAs("stagekeep_owner", shadow),
};

async function query(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

afterAll(async () => {
  for (const database of [name, shadow]) await query(testRootUrl(), `drop database if exists ${database} with (force)`);
});

describe("npm run db:setup", () => {
  it("requires ROOT_DATABASE_URL, and creates nothing without it", async () => {
    expect(await setUp(settings)).toEqual({
      code: 1,
      stdout: "",
      stderr: "\nROOT_DATABASE_URL: missing; only a superuser can create the roles and the database.\n",
    });
    await expect(query(settings.DATABASE_URL, "select 1")).rejects.toMatchObject({ code: "3D000" });
  });

  it("creates the databases for the owner, with both connections working, and can run again", async () => {
    for (let time = 0; time < 2; time++) {
      expect(await setUp({ ...settings, ROOT_DATABASE_URL: testRootUrl() })).toEqual({
        code: 0,
        stdout: "Created the roles and the database. Now run npm run db:migrate.\n",
        stderr: "",
      });
    }
    const owners = `select datname as name, datdba::regrole::text as owner from pg_database where datname like '${name}%' order by 1`;
    expect(await query(testRootUrl(), owners)).toEqual([
      { name, owner: "stagekeep_owner" },
      { name: shadow, owner: "stagekeep_owner" },
    ]);
    expect(await query(settings.AUTH_DATABASE_URL, "select current_user::text as user")).toEqual([
      { user: "authenticator" },
    ]);
  });

  it("refuses an embedded database", async () => {
    expect(await setUp({})).toEqual({
      code: 1,
      stdout: "",
      stderr: "\nDATABASE_URL: missing. npm start sets up the embedded database.\n",
    });
  });

  it("explains that the superuser can't connect", async () => {
    const { code, stderr } = await setUp({
      ...settings,
      ROOT_DATABASE_URL: "postgres://postgres@127.0.0.1:1/postgres",
    });
    expect(code).toBe(1);
    expect(stderr).toContain("ROOT_DATABASE_URL");
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
