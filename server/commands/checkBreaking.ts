import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { compareSchemas } from "../../graphql/breakingChanges.ts";
import { PROJECT_ROOT } from "../database/migrate.ts";
import { runCommand } from "../runCommand.ts";
import { UserError } from "../userError.ts";

const USAGE = `Usage: npm run check:breaking -- [options]
  --schema FILE     another file than graphql/schema.graphql
  --changelog FILE  another file than CHANGELOG.md`;

const RELEASED = join(PROJECT_ROOT, "graphql/released");

// Compares the schema with that of the last release, and fails if a breaking change is not in the changelog.
await runCommand(async () => {
  const { schema, changelog } = readOptions();
  const version = await lastRelease();
  const released = await readFile(join(RELEASED, `${version}.graphql`), "utf8");
  const changes = compareSchemas(released, await readFile(schema, "utf8"), await readFile(changelog, "utf8"));
  for (const change of changes.dangerous) console.log(`Can surprise a client: ${change}`);
  for (const change of changes.listed) console.log(`Breaks a client, and is in the changelog: ${change}`);
  if (changes.unlisted.length > 0) {
    throw new UserError(
      `The schema breaks clients of ${version}. Undo the change, or list it in CHANGELOG.md under "## Unreleased", "### Breaking changes":\n${changes.unlisted.map((change) => `- ${change}`).join("\n")}`,
    );
  }
  console.log(`No unlisted change breaks a client of ${version}.`);
});

async function lastRelease(): Promise<string> {
  const versions = (await readdir(RELEASED)).map((name) => name.replace(/\.graphql$/, ""));
  const last = versions.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
  if (last === undefined) throw new UserError(`${RELEASED} is empty. Copy graphql/schema.graphql there at a release.`);
  return last;
}

function readOptions() {
  try {
    const { values } = parseArgs({ options: { schema: { type: "string" }, changelog: { type: "string" } } });
    return {
      schema: resolve(PROJECT_ROOT, values.schema ?? "graphql/schema.graphql"),
      changelog: resolve(PROJECT_ROOT, values.changelog ?? "CHANGELOG.md"),
    };
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n\n${USAGE}`);
  }
}
