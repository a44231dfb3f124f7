import pg from "pg";
import type { Logger } from "pino";
import { UserError } from "../userError.ts";

export interface PoolOptions extends pg.PoolConfig {
  readonly connectionString: string;
  /** The name of the environment variable that holds `connectionString`, for error messages. */
  readonly variable: string;
  readonly logger: Logger;
}

const CONNECTION_TIMEOUT_MS = 5_000;

/**
 * Opens a pool, and checks that its database is migrated.
 * @throws {UserError} when the database can't be used.
 */
export async function openPool({ variable, logger, ...config }: PoolOptions): Promise<pg.Pool> {
  const pool = makePool({ connectionTimeoutMillis: CONNECTION_TIMEOUT_MS, ...config }, logger);
  try {
    if (await isMigrated(pool)) return pool;
    throw new UserError("The database has no tables yet. Run npm run db:migrate, then start again.");
  } catch (error) {
    await pool.end();
    if (error instanceof UserError) throw error;
    throw new UserError(`${variable}: can't connect to the database: ${(error as Error).message}`, { cause: error });
  }
}

export async function isMigrated(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query<{ migrated: boolean }>(
    "select to_regclass('public.wizard_sessions') is not null as migrated",
  );
  return rows[0]?.migrated === true;
}

/** Runs `work` on a connection of its own. If the connection is lost, the query in progress rejects. */
export async function withClient<T>(config: pg.ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(config);
  client.on("error", ignore);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Makes a pool that survives lost connections. A connection in use emits `error` on the client, an idle one on the pool
 * as well; without a listener, either event ends the process. The query in progress rejects with the same error, and the
 * pool replaces the connection, so logging is enough.
 */
export function makePool(config: pg.PoolConfig, logger: Logger): pg.Pool {
  const pool = new pg.Pool(config);
  pool.on("error", ignore);
  pool.on("connect", (client) => {
    client.once("error", (error) => logger.warn({ err: error }, "lost a database connection"));
    // PostgreSQL's last message and the closed socket both emit it.
    client.on("error", ignore);
  });
  return pool;
}

function ignore(): void {}
