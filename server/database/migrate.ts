import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { ProgramError, runProgram } from "../runProgram.ts";
import { UserError } from "../userError.ts";

/** The folder of `.gmrc`, from which graphile-migrate has to be run. */
export const PROJECT_ROOT = dirname(fileURLToPath(new URL("../../package.json", import.meta.url)));

/** graphile-migrate's command line program, to be run by Node. */
export const GRAPHILE_MIGRATE = createRequire(import.meta.url).resolve("graphile-migrate/dist/cli.js");

export interface MigrateOptions {
  /** The owner's connection. */
  readonly databaseUrl: string;
  /** Also run what is being worked on in `db/migrations/current/`, which drops and makes its tables again. */
  readonly includeCurrent?: boolean;
}

/**
 * Runs the migrations that this database has not seen. In a process of its own, because graphile-migrate ends the
 * process it is in when it loses its connection.
 * @returns what graphile-migrate said
 */
export async function runMigrations({ databaseUrl, includeCurrent = false }: MigrateOptions): Promise<string> {
  const command = includeCurrent ? "current" : "migrate";
  try {
    const env = { ...process.env, DATABASE_URL: databaseUrl };
    return (await runProgram(process.execPath, [GRAPHILE_MIGRATE, command], { cwd: PROJECT_ROOT, env })).trim();
  } catch (cause) {
    if (!(cause instanceof ProgramError)) throw cause;
    throw new UserError(`The database could not be migrated.\n${cause.output.trim()}`, { cause });
  }
}
