import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { usePrograms } from "../../testkit/programs.ts";

const programs = usePrograms();
const exportSchema = (...options: string[]) => programs.run(["node", "server/commands/exportSchema.ts", ...options]);

describe("npm run graphql:schema", () => {
  it("writes what the migrations and the preset make, and with --check fails where a file is something else", async () => {
    const file = join(await programs.folder(), "schema.graphql");
    expect(await exportSchema("--file", file)).toEqual({ code: 0, stdout: `Wrote ${file}.\n`, stderr: "" });
    const schema = await readFile(file, "utf8");
    expect(schema).toContain("type WizardSession {\n");

    const changed = schema.replace("type WizardSession {", "type WizardSession { extra: Int");
    await writeFile(file, changed);
    const { code, stdout, stderr } = await exportSchema("--file", file, "--check");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`${file} is out of date. Run npm run graphql:schema, and look at what has changed.`);
    expect(stderr).toContain("\n- type WizardSession { extra: Int\n");
    expect(stderr).toContain("\n+ type WizardSession {\n");
    expect(await readFile(file, "utf8")).toBe(changed);
  });

  it("refuses options that it does not know, with the usage", async () => {
    const { code, stdout, stderr } = await exportSchema("--write");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("Unknown option '--write'");
    expect(stderr).toContain("Usage: npm run graphql:schema -- [options]");
  });
});
