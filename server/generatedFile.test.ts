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

  it("writes a file, and overwrites it", async () => {
    expect(await write("a\n")).toBe(`Wrote ${file}.`);
    expect(await write("b\n")).toBe(`Wrote ${file}.`);
    expect(await readFile(file, "utf8")).toBe("b\n");
  });

  it("accepts an up-to-date file", async () => {
    await write("a\n");
    expect(await check("a\n")).toBe(`${file} is up to date.`);
  });

  it("fails if the file is out of date, with the difference and the command, and does not change it", async () => {
    await writeFile(file, "a\nx\n");
    await expect(check("a\nb\n")).rejects.toMatchObject({
      name: "UserError",
      message: expect.stringMatching(
        /^.*made\.sql is out of date\. Run npm run make and review the changes\.\nFrom line 2 on, .*\n- x\n- \n\+ b\n/,
      ),
    });
    expect(await readFile(file, "utf8")).toBe("a\nx\n");
  });

  it("fails if the file is missing, and does not create it", async () => {
    await expect(check("a\n")).rejects.toMatchObject({
      name: "UserError",
      message: `${file} is missing. Run npm run make.`,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it("does not treat an unreadable file as missing", async () => {
    file = folder;
    await expect(check("a\n")).rejects.toMatchObject({ code: "EISDIR" });
  });
});
