import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { usePrograms } from "../../testkit/programs.ts";

const programs = usePrograms();
const generate = (...options: string[]) => programs.run(["node", "server/commands/generateClientTypes.ts", ...options]);

describe("npm run graphql:types", () => {
  it("writes the documents of the operations; with --check, fails if they are out of date", async () => {
    const file = join(await programs.folder(), "operations.ts");
    expect(await generate("--file", file)).toEqual({ code: 0, stdout: `Wrote ${file}.\n`, stderr: "" });
    const content = await readFile(file, "utf8");
    expect(content).toContain("export const SaveWizardSessionDocument = ");
    expect(content).toBe(await readFile("client/generated/operations.ts", "utf8"));

    await writeFile(file, content.replace("SaveWizardSessionDocument", "Another"));
    const { code, stderr } = await generate("--file", file, "--check");
    expect(code).toBe(1);
    expect(stderr).toContain(`${file} is out of date. Run npm run graphql:types and review the changes.`);
  });
});
