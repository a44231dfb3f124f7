import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { ProcessIdentity } from "./embedded/systemUser.ts";

/** A program that failed; `output` is what it wrote. */
export class ProgramError extends Error {
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.name = "ProgramError";
    this.output = output;
  }
}

export interface ProgramOptions extends ProcessIdentity {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Runs a program to its end, in a process group of its own: a Ctrl-C must cut short neither the migrations nor what
 * stops the database. By default it gets a bare environment, and the root as its folder.
 * @returns what it wrote to standard output
 * @throws {ProgramError} when it fails
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  { cwd = "/", env = { PATH: process.env.PATH, LC_ALL: "C" }, ...identity }: ProgramOptions = {},
): Promise<string> {
  const child = spawn(program, args, {
    ...identity,
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const written = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code, signal] = await once(child, "close");
  const [output, errors] = await written;
  if (code === 0) return output;
  throw new ProgramError(`${program} ended with ${signal ?? code}.`, `${output}\n${errors}`);
}
