import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { usePrograms } from "../../testkit/programs.ts";
import { PROJECT_ROOT } from "../database/migrate.ts";

const programs = usePrograms();
const REMOVED = "WizardSession.stage was removed.";

async function check(changeSchema: (schema: string) => string, changelog = "## Unreleased\n\n## 0.1.0\n") {
  const folder = await programs.folder();
  const [schemaFile, changelogFile] = [join(folder, "schema.graphql"), join(folder, "CHANGELOG.md")];
  const schema = await readFile(join(PROJECT_ROOT, "graphql/released/0.1.0.graphql"), "utf8");
  const changed = changeSchema(schema);
  await writeFile(schemaFile, changed);
  await writeFile(changelogFile, changelog);
  return programs.run([
    ...(["node", "server/commands/checkBreaking.ts"] as const),
    ...["--schema", schemaFile, "--changelog", changelogFile],
  ]);
}

const withoutStage = (schema: string) =>
  schema.replace(/(\ntype WizardSession \{.*?\n) {2}stage: Int!\n/s, "$1  step: Int!\n");
const withStage = (entry: string) => `## Unreleased\n\n- Other.\n\n### Breaking changes\n\n${entry}\n\n## 0.1.0\n`;

describe("npm run check:breaking", () => {
  it("passes if nothing changed since the last release", async () => {
    const { code, stdout } = await check((schema) => schema);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "No unlisted change breaks a client of 0.1.0.\n" });
  });

  it("passes if a field is added, and names an enum value that is added", async () => {
    const { code, stdout } = await check((schema) =>
      schema
        .replace("\ntype WizardSession {\n", "\ntype WizardSession {\n  note: String\n")
        .replace("\nenum WizardSessionStatus {\n", "\nenum WizardSessionStatus {\n  PAUSED\n"),
    );
    expect(code).toBe(0);
    expect(stdout).toContain("Can surprise a client: PAUSED was added to enum type WizardSessionStatus.\n");
  });

  it("fails if a field is removed that the changelog does not list", async () => {
    const { code, stderr } = await check(withoutStage);
    expect(code).toBe(1);
    expect(stderr).toContain(`The schema breaks clients of 0.1.0.`);
    expect(stderr).toContain(`\n- ${REMOVED}\n`);
  });

  it.each([`- ${REMOVED}`, "- `WizardSession.stage` was\n  removed."])(
    "passes if the changelog lists it: %j",
    async (entry) => {
      const { code, stdout } = await check(withoutStage, withStage(entry));
      expect(code).toBe(0);
      expect(stdout).toContain(`Breaks a client, and is in the changelog: ${REMOVED}\n`);
    },
  );

  it.each([
    ["for another field", withStage("- WizardSession.state was removed.")],
    ["outside the section", `## Unreleased\n\n- ${REMOVED}\n`],
    ["for a release before", `## Unreleased\n\n## 0.1.0\n\n### Breaking changes\n\n- ${REMOVED}\n`],
  ])("fails if the changelog lists it %s", async (_, changelog) => {
    expect(await check(withoutStage, changelog)).toMatchObject({ code: 1, stderr: expect.stringContaining(REMOVED) });
  });

  it("fails if a result becomes nullable or an input becomes required", async () => {
    const { code, stderr } = await check((schema) =>
      schema
        .replace(/(\ntype WizardSession \{.*?\n {2}stage: Int)!/s, "$1")
        .replace(/(\ninput SaveWizardSessionInput \{.*?\n {2}stage: Int)\n/s, "$1!\n"),
    );
    expect(code).toBe(1);
    expect(stderr).toContain("- WizardSession.stage changed type from Int! to Int.");
    expect(stderr).toContain("- SaveWizardSessionInput.stage changed type from Int to Int!.");
  });

  it("explains its options", async () => {
    const { code, stderr } = await programs.run(["node", "server/commands/checkBreaking.ts", "--nothing"]);
    expect(code).toBe(1);
    expect(stderr).toContain("Usage: npm run check:breaking");
  });
});
