import { readFile, writeFile } from "node:fs/promises";
import { describeDifference } from "./describeDifference.ts";
import { Fault } from "./fault.ts";

export interface GeneratedFile {
  readonly file: string;
  readonly content: string;
  /** What makes the file, as in `npm run db:dump`. */
  readonly command: string;
}

/**
 * Writes a generated file, or, with `check`, compares it with what is there.
 * @throws {Fault} when `check` finds it missing or out of date.
 * @returns what was done, for people
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
  if (tracked === undefined) throw new Fault(`${file} is missing. Run ${command}.`);
  const difference = describeDifference(tracked, content);
  if (difference !== undefined) {
    throw new Fault(`${file} is out of date. Run ${command}, and look at what has changed.\n${difference}`);
  }
  return `${file} is up to date.`;
}
