import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { ProcessIdentity } from "./embedded/systemUser.ts";

/** A program failed. `output` is what it printed. */
export class ProgramError extends Error {
  readonly output: string;
  /** The signal that ended the program. */
  readonly signal: NodeJS.Signals | null;

  constructor(message: string, output: string, signal: NodeJS.Signals | null) {
    super(message);
    this.name = "ProgramError";
    this.output = output;
    this.signal = signal;
  }
}

export interface ProgramOptions extends ProcessIdentity {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Runs a program, in a process group of its own so that Ctrl-C does not interrupt migrations or the stop of the
 * database. By default its environment has only PATH, and its working directory is `/`.
 * @returns its standard output
 * @throws {ProgramError} if it fails
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
  throw new ProgramError(`${program} exited with ${signal ?? code}.`, `${output}\n${errors}`, signal);
}
