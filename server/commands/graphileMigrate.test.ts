import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import pg from "pg";
import { useTestDatabase } from "../../testkit/database.ts";
import { postgresIn, usePrograms } from "../../testkit/programs.ts";
import { runningEmbeddedDatabase } from "../database/embedded.ts";
import { PROJECT_ROOT } from "../database/migrate.ts";

const programs = usePrograms();

const graphileMigrate = (verb: string, settings: Record<string, string>) =>
  programs.run(["node", "server/commands/graphileMigrate.ts", verb], settings);

async function committedMigrations(): Promise<number> {
  const names = await readdir(join(PROJECT_ROOT, "db/migrations/committed"));
  return names.filter((name) => name.endsWith(".sql")).length;
}

/** The number of migrations that a database has run. */
async function migrationsIn(connectionString: string): Promise<number> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query("select from graphile_migrate.migrations")).rowCount ?? 0;
  } finally {
    await client.end();
  }
}

describe("npm run db:*", () => {
  it("starts the embedded database if it is not running, and stops it again", async () => {
    const dataDir = await programs.folder();
    const { code, stderr } = await graphileMigrate("migrate", { DATA_DIR: dataDir });
    expect({ code, stderr, running: await postgresIn(dataDir) }).toEqual({ code: 0, stderr: "", running: [] });
  });

  it("uses the embedded database of a running server, and leaves it running", async () => {
    const dataDir = await programs.folder();
    const settings = { DATA_DIR: dataDir, PORT: "0" };
    expect(await graphileMigrate("current", settings)).toMatchObject({ code: 0 });
    const server = programs.start(["node", "server/main.ts"], settings);
    const [, url] = await server.printed(/Health +(\S+)\/healthz/);
    const before = await postgresIn(dataDir);

    // Depends on whether `current/` is empty.
    expect([
      { code: 0, stdout: "Up to date.\n", stderr: "" },
      { code: 2, stdout: "The current migration is not empty and has not been committed.\n", stderr: "" },
    ]).toContainEqual(await graphileMigrate("status", settings));
    expect(await graphileMigrate("migrate", settings)).toMatchObject({ code: 0 });

    expect(await postgresIn(dataDir)).toEqual(before);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const database = await runningEmbeddedDatabase(dataDir);
    expect(await migrationsIn(database?.databaseUrl ?? "")).toBe(await committedMigrations());
    server.signal("SIGTERM");
    expect(await server.ended).toMatchObject({ code: 0 });
  });

  const db = useTestDatabase();

  it("uses a configured database, and creates no data folder", async () => {
    const dataDir = join(await programs.folder(), "data");
    const settings = { DATABASE_URL: db.ownerUrl, AUTH_DATABASE_URL: db.authUrl, DATA_DIR: dataDir };
    expect(await graphileMigrate("migrate", settings)).toMatchObject({ code: 0, stderr: "" });
    expect(await migrationsIn(db.ownerUrl)).toBe(await committedMigrations());
    await expect(readdir(dataDir)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("exits with the exit code of graphile-migrate", async () => {
    const settings = { DATABASE_URL: db.ownerUrl, AUTH_DATABASE_URL: db.authUrl };
    const { code, stderr } = await graphileMigrate("no-such-command", settings);
    expect(code).toBe(1);
    expect(stderr).toContain("no-such-command");
  });
});
