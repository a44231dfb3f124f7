import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { programsPackage } from "../server/embedded/binaries.ts";
import { runCommand } from "../server/runCommand.ts";
import { UserError } from "../server/userError.ts";
import { PROGRAMS_VARIABLE } from "./cluster.ts";

// The newest npm package of each major version. The project itself installs version 18.
const VERSIONS: Readonly<Record<string, string>> = {
  "15": "15.18.0-beta.17",
  "16": "16.14.0-beta.17",
  "17": "17.10.0-beta.17",
};
const ROOT = resolve(import.meta.dirname, "..");

// `npm run test:postgres -- 15 [arguments for Jest]` runs the tests of db/ and graphql/ on another PostgreSQL.
await runCommand(async () => {
  const [major = "", ...jestArguments] = process.argv.slice(2);
  const version = VERSIONS[major];
  if (version === undefined) {
    throw new UserError(`Usage: npm run test:postgres -- ${Object.keys(VERSIONS).join("|")} [arguments for Jest]`);
  }
  const folder = resolve(ROOT, `.data/test-programs/${major}`);
  const name = programsPackage();
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    resolve(folder, "package.json"),
    JSON.stringify({ private: true, dependencies: { [name]: version }, allowScripts: { [name]: true } }),
  );
  run("npm", ["install", "--no-package-lock", "--prefix", folder], {});
  const programs = resolve(folder, "node_modules", name, "native/bin");
  // The schema dump differs between versions; the tracked one is from the PostgreSQL that the project installs.
  const tests = jestArguments.length > 0 ? jestArguments : ["db/", "graphql/", "--testPathIgnorePatterns=schema-dump"];
  run("npm", ["test", "--", ...tests], { [PROGRAMS_VARIABLE]: programs });
});

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): void {
  const { status } = spawnSync(program, args, { cwd: ROOT, stdio: "inherit", env: { ...process.env, ...env } });
  if (status !== 0) throw new UserError(`${[program, ...args].join(" ")} failed.`);
}
