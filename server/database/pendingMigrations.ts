import { readdir, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import pg from "pg";
import { UserError } from "../userError.ts";
import { PROJECT_ROOT } from "./migrate.ts";
import { withClient } from "./pool.ts";

const COMMITTED = resolve(PROJECT_ROOT, "db/migrations/committed");
const UNDEFINED_TABLE = "42P01";

/**
 * The file names of the committed migrations that have not run. Empty if graphile-migrate has never run there: then the
 * database was migrated by other means, such as Supabase's.
 * @throws {UserError} if the database can't be used
 */
export async function pendingMigrations(databaseUrl: string): Promise<string[]> {
  const applied = await appliedHashes(databaseUrl);
  if (!applied) return [];
  const names = (await readdir(COMMITTED)).filter((name) => name.endsWith(".sql")).toSorted();
  const hashes = await Promise.all(names.map(hashOf));
  return names.filter((_, index) => !applied.has(hashes[index]));
}

async function hashOf(name: string): Promise<string | undefined> {
  return /^--! Hash: (\S+)$/m.exec(await readFile(resolve(COMMITTED, name), "utf8"))?.[1];
}

async function appliedHashes(connectionString: string): Promise<Set<string | undefined> | undefined> {
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
