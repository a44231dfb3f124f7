import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { readMigrations } from "./migrationFiles.ts";

describe("readMigrations", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "stagekeep-migrations-"));
    await file(
      ".gmrc",
      `{ // settings\n"migrationsFolder": "./migrations", "placeholders": { ":COLUMN": "owner_id" } }`,
    );
  });
  afterEach(() => rm(root, { recursive: true }));

  async function file(name: string, content: string): Promise<void> {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }

  it("reads the files of current/ in numerical order", async () => {
    await file("migrations/current/1000-last.sql", "select 3;\n");
    // An uncommitted migration keeps its message in its first file.
    await file("migrations/current/050-first.sql", "--! Message: begin here\n\nselect 1;\n");
    await file("migrations/current/200-second.sql", "select 2;\n");
    await file("migrations/current/README.md", "Not SQL.\n");
    expect(await readMigrations({ root })).toEqual([
      { name: "050-first.sql", sql: "select 1;\n" },
      { name: "200-second.sql", sql: "select 2;\n" },
      { name: "1000-last.sql", sql: "select 3;\n" },
    ]);
  });

  it("splits committed migrations into the files they were made of, followed by current/", async () => {
    const headers = "--! Previous: -\n--! Hash: sha1:abc\n--! Message: begin here\n\n";
    await file(
      "migrations/committed/000001-begin.sql",
      `${headers}--! split: 100-auth.sql\nselect 1;\n\n--! split: 200-things.sql\nselect 2;\n`,
    );
    await file("migrations/committed/000002.sql", "--! Previous: sha1:abc\n--! Hash: sha1:def\n\nselect 3;\n");
    await file("migrations/current/300-more.sql", "select 4;\n");
    expect(await readMigrations({ root })).toEqual([
      { name: "100-auth.sql", sql: "select 1;\n" },
      { name: "200-things.sql", sql: "select 2;\n" },
      { name: "000002.sql", sql: "select 3;\n" },
      { name: "300-more.sql", sql: "select 4;\n" },
    ]);
  });

  it("leaves out a file without statements", async () => {
    await file("migrations/current/1-current.sql", "-- Write the next migration here.\n");
    expect(await readMigrations({ root })).toEqual([]);
  });

  it("reads current.sql when there is no current/ folder", async () => {
    await file("migrations/current.sql", "select 1;\n");
    expect(await readMigrations({ root })).toEqual([{ name: "current.sql", sql: "select 1;\n" }]);
  });

  it("replaces placeholders with the values in .gmrc, or with those passed", async () => {
    await file("migrations/current/1.sql", "select :COLUMN;\n");
    const sql = async (options = {}) => (await readMigrations({ root, ...options }))[0]?.sql;
    expect(await sql()).toBe("select owner_id;\n");
    expect(await sql({ placeholders: { ":COLUMN": "user_id" } })).toBe("select user_id;\n");
  });

  it("marks the start and end of each included fixture, in current and committed migrations", async () => {
    await file("migrations/fixtures/f.sql", "select 1;\n");
    await file("migrations/current/2.sql", "--! include f.sql\n");
    await file(
      "migrations/committed/000001.sql",
      "--! Previous: -\n--! Hash: sha1:abc\n\n--! split: 1.sql\n--! Included f.sql\nselect 1;\n--! EndIncluded f.sql\n",
    );
    expect(await readMigrations({ root })).toEqual([
      { name: "1.sql", sql: "-- Included f.sql\nselect 1;\n-- EndIncluded f.sql\n" },
      { name: "2.sql", sql: "-- Included f.sql\nselect 1;\n-- EndIncluded f.sql\n" },
    ]);
  });
});
