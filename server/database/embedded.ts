import { runningClusterUrl, startCluster } from "../embedded/cluster.ts";
import { loadSecrets, type Secrets } from "../secrets.ts";
import { asRole, type Connections } from "./connections.ts";
import { runMigrations } from "./migrate.ts";
import { setUpDatabase } from "./setup.ts";

export interface EmbeddedDatabase {
  readonly connections: Connections;
  stop(): Promise<void>;
}

const DATABASE = "stagekeep";
const SHADOW_DATABASE = "stagekeep_shadow";
// A quarter less write-ahead log: docs/performance.md. Every build of PostgreSQL has this compression.
const SETTINGS = { wal_compression: "pglz" };

/** Starts the embedded database of a data folder, creates its roles and runs its migrations. */
export async function startEmbeddedDatabase(dataDir: string): Promise<EmbeddedDatabase> {
  const secrets = await loadSecrets(dataDir);
  const cluster = await startCluster({ dataDir, superuserPassword: secrets.superuserPassword, settings: SETTINGS });
  try {
    const connections = connectionsTo(cluster.rootUrl, secrets);
    await setUpDatabase(connections);
    await runMigrations({ databaseUrl: connections.databaseUrl });
    return { connections, stop: cluster.stop };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** The connections of the embedded database that a running Stagekeep uses, or undefined if none runs. */
export async function runningEmbeddedDatabase(dataDir: string): Promise<Connections | undefined> {
  const secrets = await loadSecrets(dataDir);
  const rootUrl = await runningClusterUrl(dataDir, secrets.superuserPassword);
  return rootUrl === undefined ? undefined : connectionsTo(rootUrl, secrets);
}

function connectionsTo(rootDatabaseUrl: string, { ownerPassword, authenticatorPassword }: Secrets): Connections {
  return {
    rootDatabaseUrl,
    databaseUrl: asRole(rootDatabaseUrl, "stagekeep_owner", DATABASE, ownerPassword),
    shadowDatabaseUrl: asRole(rootDatabaseUrl, "stagekeep_owner", SHADOW_DATABASE, ownerPassword),
    authDatabaseUrl: asRole(rootDatabaseUrl, "authenticator", DATABASE, authenticatorPassword),
  };
}
