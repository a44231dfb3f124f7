import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCluster } from "../embedded/cluster.ts";
import { asRole, type Connections } from "./connections.ts";
import { runMigrations } from "./migrate.ts";
import { setUpDatabase } from "./setup.ts";

export interface ThrowawayDatabase {
  readonly connections: Connections & { readonly rootDatabaseUrl: string };
  /** Stops the server and removes its data. */
  stop(): Promise<void>;
}

const PASSWORD = "throwaway";

/**
 * Starts a PostgreSQL in a temporary folder, with a migrated database `name`, for tests and generators. `programs` is the
 * folder of the PostgreSQL programs, by default those that npm installed.
 */
export async function startThrowawayDatabase(name: string, programs?: string): Promise<ThrowawayDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), "stagekeep-"));
  // As root, PostgreSQL runs as another user, which needs access.
  await chmod(dataDir, 0o755);
  const cluster = await startCluster({
    dataDir,
    superuserPassword: PASSWORD,
    programs,
    // Durability is not needed.
    settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "200" },
  });
  const stop = async () => {
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const connections = {
      rootDatabaseUrl: cluster.rootUrl,
      databaseUrl: asRole(cluster.rootUrl, "stagekeep_owner", name),
      authDatabaseUrl: asRole(cluster.rootUrl, "authenticator", name),
    };
    await setUpDatabase(connections);
    await runMigrations({ databaseUrl: connections.databaseUrl, includeCurrent: true });
    return { connections, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
