import { UserError } from "./userError.ts";

/** Runs a command line program. Errors are printed, a UserError without its stack, and the exit code is 1. */
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
 * Resolves with the first SIGINT or SIGTERM. Later ones are ignored, because npm forwards a Ctrl-C that the terminal has
 * already sent.
 */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.on("SIGINT", resolve);
    process.on("SIGTERM", resolve);
  });
}
