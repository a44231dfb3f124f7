import pg from "pg";
import type { PgClient, PgClientQuery, PgClientResult, WithPgClient } from "postgraphile/@dataplan/pg";
import { createWithPgClient, makePgService } from "postgraphile/adaptors/pg";
import { ClaimedQuery } from "./ClaimedQuery.ts";
import { StatementCache } from "./StatementCache.ts";

/** A prepared statement does not exist (DISCARD, or a pooler), or a migration changed the columns that it returns. */
const STALE_STATEMENT = ["26000", "0A000"];

/** SQLSTATEs of an administrator's command, a crash or a broken connection. PostgreSQL translates the word FATAL. */
const ENDED_CONNECTION = /^(57P|08)/;

const caches = new WeakMap<pg.PoolClient, StatementCache>();

/**
 * PostGraphile's connection to PostgreSQL. A single statement is one round trip. PostGraphile's own adaptor takes four, for
 * `begin`, the settings, the statement and `commit`; transactions of several statements still use it.
 */
export function makeSingleTripService(pool: pg.Pool): GraphileConfig.PgServiceConfiguration {
  const service = makePgService({ pool, schemas: ["public"] });
  const adaptor = { makePgService, createWithPgClient: () => makeWithPgClient(pool) };
  return { ...service, adaptor: adaptor as unknown as typeof service.adaptor };
}

/**
 * Makes the function through which PostGraphile gets a client. Each `query` of that client is a transaction of its own, with
 * the role and claims in `pgSettings`. Several statements of one transaction need `withTransaction`.
 */
function makeWithPgClient(pool: pg.Pool): WithPgClient {
  const withTransactionOf = createWithPgClient({ pool }) as unknown as WithPgClient;
  return async (pgSettings, callback) => {
    // Introspection has no settings.
    if (!pgSettings) return withTransactionOf(null, callback);
    const client: PgClient = {
      query: (query) => querySafely(pool, pgSettings, query),
      withTransaction: (work) => withTransactionOf(pgSettings, (inTransaction) => work(inTransaction as never)),
    };
    return callback(client as never);
  };
}

type Settings = Readonly<Record<string, string | undefined>>;

async function querySafely<TData>(
  pool: pg.Pool,
  settings: Settings,
  query: PgClientQuery,
): Promise<PgClientResult<TData>> {
  const client = await pool.connect();
  let isLost = false;
  try {
    const cache = caches.get(client) ?? (await makeCache(client));
    try {
      return await send(client, cache, settings, query);
    } catch (error) {
      if (!isStale(error)) throw error;
      // It was refused before it ran.
      await cache.reset();
      return await send(client, cache, settings, query);
    }
  } catch (error) {
    // The socket closes a moment later. Until then, the pool would give the connection to the next request.
    isLost = !(error instanceof pg.DatabaseError) || ENDED_CONNECTION.test(error.code ?? "");
    throw error;
  } finally {
    client.release(isLost);
  }
}

async function makeCache(client: pg.PoolClient): Promise<StatementCache> {
  // As PostGraphile's adaptor: compiling a plan takes longer than running it.
  await client.query("set jit_optimize_above_cost = -1");
  const cache = new StatementCache(client);
  caches.set(client, cache);
  return cache;
}

function isStale(error: unknown): boolean {
  return error instanceof pg.DatabaseError && STALE_STATEMENT.includes(error.code ?? "");
}

async function send<TData>(
  client: pg.PoolClient,
  cache: StatementCache,
  settings: Settings,
  { text, values = [], arrayMode }: PgClientQuery,
): Promise<PgClientResult<TData>> {
  const statement = await cache.settingsStatement(settings);
  const config = { name: cache.nameOf(text), text, values, ...(arrayMode && { rowMode: "array" as const }) };
  return new Promise((resolve, reject) => {
    const settle = (error: Error | undefined, result: PgClientResult<TData>) =>
      error ? reject(error) : resolve(result);
    client.query(new ClaimedQuery(statement, config, settle) as unknown as pg.Submittable);
  });
}
