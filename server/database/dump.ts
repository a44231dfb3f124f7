import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { pgDump } from "@electric-sql/pglite-tools/pg_dump";
import { UserError } from "../userError.ts";
import { PROJECT_ROOT } from "./migrate.ts";
import { type MigrationFile, readMigrations } from "./migrationFiles.ts";

/**
 * Migrates an empty database in memory, as the owner, and dumps its schema. PostgreSQL is PGlite here because no npm
 * package has pg_dump: the result does not depend on what is installed on the machine.
 * @param afterwards run after the migrations
 * @throws {UserError} when a file fails on an empty database
 */
export async function dumpMigrated(afterwards: readonly MigrationFile[] = []): Promise<string> {
  const database = await migrateInMemory(afterwards);
  try {
    const dump = await pgDump({ pg: database, args: ["--schema-only", "--no-publications", "--no-subscriptions"] });
    return stable(await dump.text());
  } finally {
    await database.close();
  }
}

/**
 * Returns a migrated database in memory, connected as a superuser.
 * @throws {UserError} when a file fails on an empty database
 */
export async function migrateInMemory(afterwards: readonly MigrationFile[] = []): Promise<PGlite> {
  const roles = await readFile(resolve(PROJECT_ROOT, "db/roles.sql"), "utf8");
  const database = await PGlite.create();
  try {
    await database.exec(roles);
    await database.exec("alter database postgres owner to stagekeep_owner; set role stagekeep_owner");
    for (const { name, sql } of [...(await readMigrations()), ...afterwards]) {
      await database.exec(sql).catch((error: Error) => {
        throw new UserError(`${name} fails on an empty database: ${error.message}`, { cause: error });
      });
    }
    await database.exec("reset role");
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Removes what differs between versions or runs of pg_dump. */
function stable(dump: string): string {
  return dump
    .replace(/^-- Dumped (?:from|by) .*\n/gm, "")
    .replace(/^\\(?:un)?restrict .*\n/gm, "")
    .replace(/^--\n-- PostgreSQL database dump\n--\n+/, "\n")
    .replace(/\n+--\n-- PostgreSQL database dump complete\n--\n+$/, "\n");
}
