import { chooseDataDir } from "../embedded/dataDir.ts";
import type { Env } from "../env.ts";
import { UserError } from "../userError.ts";
import { type Connections, configuredConnections } from "./connections.ts";
import { runningEmbeddedDatabase, startEmbeddedDatabase } from "./embedded.ts";
import { pendingMigrations } from "./pendingMigrations.ts";

export interface OpenDatabase {
  readonly connections: Connections;
  /** Stops the database if `openDatabase` started it. */
  close(): Promise<void>;
}

/**
 * Opens the configured database, or starts and migrates the embedded one.
 * @throws {UserError} if the configured one has pending migrations.
 */
export async function openDatabase(env: Env): Promise<OpenDatabase> {
  const connections = configuredConnections(env);
  if (connections) {
    const pending = await pendingMigrations(connections.databaseUrl);
    if (pending.length === 0) return { connections, close: async () => {} };
    throw new UserError(`Pending migrations: ${pending.join(", ")}. Run npm run db:migrate, then start again.`);
  }
  const { connections: embedded, stop } = await startEmbeddedDatabase(chooseDataDir(env));
  return { connections: embedded, close: stop };
}

/** Like `openDatabase`, but uses the embedded database of a running server if there is one. */
export async function joinDatabase(env: Env): Promise<OpenDatabase> {
  const running = configuredConnections(env) ?? (await runningEmbeddedDatabase(chooseDataDir(env)));
  return running ? { connections: running, close: async () => {} } : openDatabase(env);
}
