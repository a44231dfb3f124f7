import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { loadSecrets } from "./secrets.ts";

describe("loadSecrets", () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = join(await mkdtemp(join(tmpdir(), "stagekeep-secrets-")), "data");
  });
  afterEach(() => rm(join(dataDir, ".."), { recursive: true }));

  it("creates four different secrets, and returns the same ones again", async () => {
    const secrets = await loadSecrets(dataDir);
    const values = Object.values(secrets);
    expect(Object.keys(secrets)).toEqual(["superuserPassword", "ownerPassword", "authenticatorPassword", "jwtSecret"]);
    expect(new Set(values).size).toBe(4);
    for (const value of values) expect(Buffer.from(value, "base64url")).toHaveLength(32);
    expect(await loadSecrets(dataDir)).toEqual(secrets);
  });

  it("creates others for another folder", async () => {
    const [one, other] = [await loadSecrets(dataDir), await loadSecrets(`${dataDir}2`)];
    expect(one.jwtSecret).not.toBe(other.jwtSecret);
  });

  it("writes one file that only its owner can read", async () => {
    await loadSecrets(dataDir);
    expect(await readdir(dataDir)).toEqual(["secrets.json"]);
    expect((await stat(join(dataDir, "secrets.json"))).mode & 0o777).toBe(0o600);
  });

  it("gives the same secrets to programs that start at the same time", async () => {
    const loaded = await Promise.all(Array.from({ length: 8 }, () => loadSecrets(dataDir)));
    const kept = JSON.parse(await readFile(join(dataDir, "secrets.json"), "utf8"));
    expect(loaded).toEqual(Array.from({ length: 8 }, () => kept));
    expect(await readdir(dataDir)).toEqual(["secrets.json"]);
  });

  it.each(["", "{", "{}", '{"jwtSecret": "x"}'])(
    "does not replace a file that holds %j: a database may depend on it",
    async (content) => {
      const file = join(dataDir, "secrets.json");
      await mkdir(dataDir);
      await writeFile(file, content);
      await expect(loadSecrets(dataDir)).rejects.toMatchObject({
        name: "UserError",
        message: `${file} is damaged. Restore it, or set DATA_DIR to a new folder.`,
      });
      expect(await readFile(file, "utf8")).toBe(content);
    },
  );

  it("explains that the data folder is a file", async () => {
    await writeFile(dataDir, "");
    await expect(loadSecrets(dataDir)).rejects.toMatchObject({
      name: "UserError",
      message: expect.stringContaining(`${dataDir} is not a folder. Remove the file, or set DATA_DIR to another path.`),
    });
  });
});
