import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { ProgramError, runProgram } from "../runProgram.ts";
import { UserError } from "../userError.ts";

/** The folder of `.gmrc`. graphile-migrate must run there. */
export const PROJECT_ROOT = dirname(fileURLToPath(new URL("../../package.json", import.meta.url)));

/** graphile-migrate's command line program, a Node script. */
export const GRAPHILE_MIGRATE = createRequire(import.meta.url).resolve("graphile-migrate/dist/cli.js");

export interface MigrateOptions {
  /** Connects as the owner. */
  readonly databaseUrl: string;
  /** Also run `db/migrations/current/`. */
  readonly includeCurrent?: boolean;
}

/**
 * Runs the pending migrations, in a process of its own: graphile-migrate exits when it loses its connection.
 * @returns the output of graphile-migrate
 */
export async function runMigrations({ databaseUrl, includeCurrent = false }: MigrateOptions): Promise<string> {
  const command = includeCurrent ? "current" : "migrate";
  try {
    const env = { ...process.env, DATABASE_URL: databaseUrl };
    return (await runProgram(process.execPath, [GRAPHILE_MIGRATE, command], { cwd: PROJECT_ROOT, env })).trim();
  } catch (cause) {
    if (!(cause instanceof ProgramError)) throw cause;
    throw new UserError(`The migrations failed:\n${cause.output.trim()}`, { cause });
  }
}
