import pg from "pg";
import type { Logger } from "pino";

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

function ignore(): void {}
