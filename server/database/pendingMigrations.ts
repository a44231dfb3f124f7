import { readdir, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import pg from "pg";
import { UserError } from "../userError.ts";
import { PROJECT_ROOT } from "./migrate.ts";
import { withClient } from "./pool.ts";

const COMMITTED = resolve(PROJECT_ROOT, "db/migrations/committed");
const UNDEFINED_TABLE = "42P01";

/**
 * The committed migrations that a database has not seen, by file name. None where graphile-migrate keeps no account of
 * it: such a database was migrated by other means, a Supabase project for one.
 * @throws {UserError} when the database can't be reached
 */
export async function pendingMigrations(databaseUrl: string): Promise<string[]> {
  const seen = await seenHashes(databaseUrl);
  if (!seen) return [];
  const names = (await readdir(COMMITTED)).filter((name) => name.endsWith(".sql")).toSorted();
  const hashes = await Promise.all(names.map(hashOf));
  return names.filter((_, index) => !seen.has(hashes[index]));
}

async function hashOf(name: string): Promise<string | undefined> {
  return /^--! Hash: (\S+)$/m.exec(await readFile(resolve(COMMITTED, name), "utf8"))?.[1];
}

async function seenHashes(connectionString: string): Promise<Set<string | undefined> | undefined> {
  try {
    const { rows } = await withClient({ connectionString }, (client) =>
      client.query<{ hash: string }>("select hash from graphile_migrate.migrations"),
    );
    return new Set(rows.map(({ hash }) => hash));
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === UNDEFINED_TABLE) return undefined;
    throw new UserError(`DATABASE_URL: the database can't be used: ${(error as Error).message}`, { cause: error });
  }
}
