import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { writeOrCheck } from "./generatedFile.ts";

describe("writeOrCheck", () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "stagekeep-generated-"));
    file = join(folder, "made.sql");
  });
  afterEach(() => rm(folder, { recursive: true }));

  const write = (content: string) => writeOrCheck({ file, content, command: "npm run make" }, false);
  const check = (content: string) => writeOrCheck({ file, content, command: "npm run make" }, true);

  it("writes a file, and writes over it", async () => {
    expect(await write("a\n")).toBe(`Wrote ${file}.`);
    expect(await write("b\n")).toBe(`Wrote ${file}.`);
    expect(await readFile(file, "utf8")).toBe("b\n");
  });

  it("finds a file up to date that holds exactly what it should", async () => {
    await write("a\n");
    expect(await check("a\n")).toBe(`${file} is up to date.`);
  });

  it("fails where a file differs, says where and what to run, and changes nothing", async () => {
    await writeFile(file, "a\nx\n");
    await expect(check("a\nb\n")).rejects.toMatchObject({
      name: "UserError",
      message: expect.stringMatching(
        /^.*made\.sql is out of date\. Run npm run make, and look at what has changed\.\nFrom line 2 .*\n- x\n- \n\+ b\n/,
      ),
    });
    expect(await readFile(file, "utf8")).toBe("a\nx\n");
  });

  it("fails where there is no file, and makes none", async () => {
    await expect(check("a\n")).rejects.toMatchObject({
      name: "UserError",
      message: `${file} is missing. Run npm run make.`,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it("does not take something that can't be read for a missing file", async () => {
    file = folder;
    await expect(check("a\n")).rejects.toMatchObject({ code: "EISDIR" });
  });
});
