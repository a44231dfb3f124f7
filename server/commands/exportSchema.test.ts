import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { usePrograms } from "../../testkit/programs.ts";

const programs = usePrograms();
const exportSchema = (...options: string[]) => programs.run(["node", "server/commands/exportSchema.ts", ...options]);

describe("npm run graphql:schema", () => {
  it("writes the schema; with --check, fails if it is out of date", async () => {
    const file = join(await programs.folder(), "schema.graphql");
    expect(await exportSchema("--file", file)).toEqual({ code: 0, stdout: `Wrote ${file}.\n`, stderr: "" });
    const schema = await readFile(file, "utf8");
    expect(schema).toContain("type WizardSession {\n");

    const changed = schema.replace("type WizardSession {", "type WizardSession { extra: Int");
    await writeFile(file, changed);
    const { code, stdout, stderr } = await exportSchema("--file", file, "--check");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`${file} is out of date. Run npm run graphql:schema and review the changes.`);
    expect(stderr).toContain("\n- type WizardSession { extra: Int\n");
    expect(stderr).toContain("\n+ type WizardSession {\n");
    expect(await readFile(file, "utf8")).toBe(changed);
  });

  it("refuses unknown options and prints the usage", async () => {
    const { code, stdout, stderr } = await exportSchema("--write");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("Unknown option '--write'");
    expect(stderr).toContain("Usage: npm run graphql:schema -- [options]");
  });
});
