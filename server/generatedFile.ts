import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { PROJECT_ROOT } from "./database/migrate.ts";
import { describeDifference } from "./describeDifference.ts";
import { UserError } from "./userError.ts";

export interface GeneratedFile {
  readonly file: string;
  readonly content: string;
  /** The command that generates the file, such as `npm run db:dump`. */
  readonly command: string;
}

/**
 * Writes a generated file or, with `check`, compares it with the present one.
 * @returns a message for the terminal
 * @throws {UserError} if `check` finds it missing or out of date
 */
export async function writeOrCheck({ file, content, command }: GeneratedFile, check: boolean): Promise<string> {
  if (!check) {
    await writeFile(file, content);
    return `Wrote ${file}.`;
  }
  const tracked = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (tracked === undefined) throw new UserError(`${file} is missing. Run ${command}.`);
  const difference = describeDifference(tracked, content);
  if (difference !== undefined) {
    throw new UserError(`${file} is out of date. Run ${command} and review the changes.\n${difference}`);
  }
  return `${file} is up to date.`;
}

/**
 * Parses the options `--check` and `--file` of a command that generates one file, by default `file` in the project.
 * @throws {UserError} with `usage` for any other option
 */
export function readGeneratorOptions(file: string, usage: string): { check: boolean; file: string } {
  try {
    const { values } = parseArgs({ options: { check: { type: "boolean", default: false }, file: { type: "string" } } });
    return { check: values.check, file: resolve(PROJECT_ROOT, values.file ?? file) };
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n\n${usage}`);
  }
}
