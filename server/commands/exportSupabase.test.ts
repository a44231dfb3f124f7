import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

const COMMAND = fileURLToPath(new URL("exportSupabase.ts", import.meta.url));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe("npm run supabase:export", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "stagekeep-export-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  function run(...args: string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(process.execPath, [COMMAND, ...args], { cwd: folder }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      );
    });
  }

  it("writes a file where the Supabase CLI finds it, and prints its name", async () => {
    const { code, stdout } = await run();
    const [file = ""] = await readdir(join(folder, "supabase/migrations"));
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(join("supabase/migrations", file)) });
    expect(file).toMatch(/^20\d{12}_stagekeep\.sql$/);
    expect(await readFile(join(folder, "supabase/migrations", file), "utf8")).toContain("create table wizard_sessions");
  });

  it("prints only SQL with --out -", async () => {
    const { stdout, stderr } = await run("--out", "-", "--existing", "profiles", "--existing", "events");
    expect(stdout).toMatch(/^-- .*\n/);
    expect(stdout).not.toMatch(/create table (profiles|events)/);
    expect({ stderr, files: await readdir(folder) }).toEqual({ stderr: "", files: [] });
  });

  it("uses the given owner column in the policy", async () => {
    const { stdout } = await run("--out", "-", "--existing=profiles,events", "--events-owner-column=userId");
    expect(stdout).toContain('events."userId" = (select auth.uid())');
    expect(stdout).not.toContain("events.owner_id");
  });

  it("does not overwrite a file", async () => {
    const file = join(folder, "there.sql");
    await writeFile(file, "select 1;\n");
    expect(await run("--out", file)).toMatchObject({ code: 1, stderr: expect.stringContaining(file) });
    expect(await readFile(file, "utf8")).toBe("select 1;\n");
  });

  it.each([
    [["--existing", "profile"], '--existing: "profile" is not one of profiles, events.'],
    [["--existing", "profiles,"], '--existing: "" is not one of profiles, events.'],
    [
      ["--existing", "events", "--events-owner-column", "x; drop"],
      '--events-owner-column: "x; drop" is not a column name.',
    ],
    [["--events-owner-column", "user_id"], "--events-owner-column: requires --existing events"],
    [
      ["--existing", "profiles", "--events-owner-column", "user_id"],
      "--events-owner-column: requires --existing events",
    ],
    [["--out="], "--out: the file name is missing."],
    [["--existing"], "--existing"],
    [["--force"], "Unknown option '--force'"],
    [["profiles"], "Unexpected argument 'profiles'"],
  ])("refuses %j with a sentence and the usage", async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).toContain("Usage: npm run supabase:export");
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(await readdir(folder)).toEqual([]);
  });
});
