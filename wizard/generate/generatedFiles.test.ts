import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { generatedFiles } from "./generatedFiles.ts";

const TRIP = join(import.meta.dirname, "../testing/trip/1-trip.schema.json");

describe("generatedFiles", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "stagekeep-stages-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const addTrip = (name: string) => copyFile(TRIP, join(folder, name));

  it("sorts the stages by the number in the file name", async () => {
    // Sorted as text, 10 would come before 2.
    for (let number = 10; number > 0; number--) await addTrip(`${number}-trip${number}.schema.json`);
    await writeFile(join(folder, "notes.json"), "{}");
    const files = await generatedFiles(folder);
    expect(Object.keys(files)).toEqual(["schemas.generated.ts", "types.generated.ts"]);
    const schemas = files["schemas.generated.ts"] ?? "";
    expect(schemas).toContain('import stage2 from "./2-trip2.schema.json" with { type: "json" };\n');
    const entries = [...schemas.matchAll(/^ {2}\{ number: (\d+), key: "(\w+)", schema: (\w+) \},$/gm)];
    expect(entries.map(([, ...entry]) => entry.join())).toEqual(
      Array.from({ length: 10 }, (_, index) => `${index + 1},trip${index + 1},stage${index + 1}`),
    );
    expect(files["types.generated.ts"]).toContain(
      "export type StageNumber = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;\n",
    );
  });

  it("states at the top of each file how it was generated", async () => {
    await addTrip("1-trip.schema.json");
    for (const content of Object.values(await generatedFiles(folder))) {
      expect(content).toMatch(
        /^\/\/ Generated from the \*\.schema\.json files in this folder by `npm run wizard:types`\./,
      );
    }
  });

  it.each([
    [["2-trip.schema.json"], "number the stages 1, 2, 3 … There must be exactly one with number 1."],
    [
      ["1-trip.schema.json", "3-other.schema.json"],
      "number the stages 1, 2, 3 … There must be exactly one with number 2.",
    ],
    [
      ["1-trip.schema.json", "1-other.schema.json"],
      "number the stages 1, 2, 3 … There must be exactly one with number 2.",
    ],
    [[], "number the stages 1, 2, 3 … There must be exactly one with number 1."],
    [["1-trip.schema.json", "2-trip.schema.json"], '2-trip.schema.json: another stage has the key "trip" too.'],
    [["trip.schema.json"], "trip.schema.json: the name of a stage file must look like 1-basics.schema.json."],
    [["01-trip.schema.json"], "01-trip.schema.json: the name of a stage file must look like 1-basics.schema.json."],
    [["1-my-trip.schema.json"], "1-my-trip.schema.json: the name of a stage file must look like 1-basics.schema.json."],
  ])("refuses the files %j", async (names, message) => {
    for (const name of names) await addTrip(name);
    await expect(generatedFiles(folder)).rejects.toMatchObject({
      name: "StageFileError",
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ["invalid JSON", "{", "1-trip.schema.json: "],
    ["an array", "[]", "1-trip.schema.json: "],
    ["an invalid schema", '{"type": "object", "propertys": {}}', 'unknown keyword: "propertys"'],
  ])("refuses a file with %s and names the file", async (_, content, message) => {
    await writeFile(join(folder, "1-trip.schema.json"), content);
    await expect(generatedFiles(folder)).rejects.toMatchObject({
      name: "StageFileError",
      message: expect.stringContaining(message),
    });
  });
});
