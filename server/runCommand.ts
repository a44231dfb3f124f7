import { UserError } from "./userError.ts";

/** Runs a program to its end. What somebody has to put right is printed without a stack; either way it exits with 1. */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    const shown = error instanceof UserError ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`\n${shown}\n`);
    process.exitCode = 1;
  }
}

/**
 * Resolves with the first SIGINT or SIGTERM, and keeps the others from ending the process: npm passes on a Ctrl-C that
 * the terminal has sent us already.
 */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.on("SIGINT", resolve);
    process.on("SIGTERM", resolve);
  });
}
