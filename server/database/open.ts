import { chooseDataDir } from "../embedded/dataDir.ts";
import type { Env } from "../env.ts";
import { UserError } from "../userError.ts";
import { type Connections, configuredConnections } from "./connections.ts";
import { runningEmbeddedDatabase, startEmbeddedDatabase } from "./embedded.ts";
import { pendingMigrations } from "./pendingMigrations.ts";

export interface OpenDatabase {
  readonly connections: Connections;
  /** Stops what was started for this; a database that was there already is left running. */
  close(): Promise<void>;
}

/**
 * The database to serve from: the configured one as it is, or the embedded one, started and migrated.
 * @throws {UserError} when the configured one has not seen all migrations.
 */
export async function openDatabase(env: Env): Promise<OpenDatabase> {
  const connections = configuredConnections(env);
  if (connections) {
    const pending = await pendingMigrations(connections.databaseUrl);
    if (pending.length === 0) return { connections, close: async () => {} };
    throw new UserError(
      `The database lacks what ${pending.join(", ")} would make. Run npm run db:migrate, then start again.`,
    );
  }
  const { connections: embedded, stop } = await startEmbeddedDatabase(chooseDataDir(env));
  return { connections: embedded, close: stop };
}

/** The same for a command that may run beside a server: it joins the embedded database that the server has started. */
export async function joinDatabase(env: Env): Promise<OpenDatabase> {
  const running = configuredConnections(env) ?? (await runningEmbeddedDatabase(chooseDataDir(env)));
  return running ? { connections: running, close: async () => {} } : openDatabase(env);
}
