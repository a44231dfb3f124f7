import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { usePrograms } from "../../testkit/programs.ts";

const programs = usePrograms();
const generate = (...options: string[]) => programs.run(["node", "server/commands/generateWizardTypes.ts", ...options]);

describe("npm run wizard:types", () => {
  it("writes the generated files; with --check, fails if one is out of date", async () => {
    const folder = await programs.folder();
    const stage = join(folder, "1-trip.schema.json");
    const [schemas, types] = [join(folder, "schemas.generated.ts"), join(folder, "types.generated.ts")];
    await copyFile("wizard/testing/trip/1-trip.schema.json", stage);
    expect(await generate("--folder", folder)).toEqual({
      code: 0,
      stdout: `Wrote ${schemas}.\nWrote ${types}.\n`,
      stderr: "",
    });
    expect(await generate("--folder", folder, "--check")).toMatchObject({ code: 0 });

    const stageText = await readFile(stage, "utf8");
    await writeFile(stage, stageText.replace('"integer"', '"string"'));
    const { code, stderr } = await generate("--folder", folder, "--check");
    expect(code).toBe(1);
    expect(stderr).toContain(`${types} is out of date. Run npm run wizard:types and review the changes.`);
    expect(stderr).toContain("\n-         nights?: number;\n");
    expect(stderr).toContain("\n+         nights?: string;\n");
    expect(await readFile(types, "utf8")).toContain("nights?: number;");

    await rm(schemas);
    expect((await generate("--folder", folder, "--check")).stderr).toContain(`${schemas} is missing.`);
  });

  it("prints what is wrong with a stage file, without a stack trace", async () => {
    const folder = await programs.folder();
    await writeFile(
      join(folder, "1-trip.schema.json"),
      '{"type": "object", "properties": {"note": {"type": "string"}}, "title": "Trip"}',
    );
    expect(await generate("--folder", folder)).toEqual({
      code: 1,
      stdout: "",
      stderr: '\n1-trip.schema.json/note needs a "title": it is the label of the field.\n',
    });
  });

  it("refuses unknown options and prints the usage", async () => {
    const { code, stdout, stderr } = await generate("--write");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("Unknown option '--write'");
    expect(stderr).toContain("Usage: npm run wizard:types -- [options]");
  });
});
