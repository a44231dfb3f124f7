import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { ProcessIdentity } from "./systemUser.ts";

/** A program that failed; `output` is what it wrote. */
export class ProgramError extends Error {
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.name = "ProgramError";
    this.output = output;
  }
}

/**
 * Runs one of PostgreSQL's programs to its end, in a process group of its own: a second Ctrl-C must not cut short
 * the one that stops the server.
 * @returns what it wrote to standard output
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  identity: ProcessIdentity = {},
): Promise<string> {
  const child = spawn(program, args, {
    ...identity,
    cwd: "/",
    env: { PATH: process.env.PATH, LC_ALL: "C" },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const written = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code, signal] = await once(child, "close");
  const [output, errors] = await written;
  if (code === 0) return output;
  throw new ProgramError(`${program} ended with ${signal ?? code}.`, `${output}\n${errors}`);
}
