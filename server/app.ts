import { createServer } from "node:http";
import cors from "cors";
import express from "express";
import type { Logger } from "pino";
import { postgraphile } from "postgraphile";
import { grafserv } from "postgraphile/grafserv/express/v4";
import { EVENT_STREAM_PATH, GRAPHQL_PATH, MAXIMUM_REQUEST_BYTES, makePreset } from "../graphql/preset.ts";
import type { Definition } from "../wizard/migrations.ts";
import { openPool } from "./database/pool.ts";
import { EXAMPLE_QUERY } from "./dev/exampleQuery.ts";
import { GraphiqlUserPlugin } from "./dev/GraphiqlUserPlugin.ts";
import { DEV_SIGN_IN_PATH, devSignIn } from "./dev/signIn.ts";
import { authenticate, claimsOf } from "./http/authenticate.ts";
import { handleErrors, notFound } from "./http/errors.ts";
import { makeGracefulClose } from "./http/gracefulClose.ts";
import { health } from "./http/health.ts";
import { listen } from "./http/listen.ts";
import { readBody } from "./http/readBody.ts";
import { isOverloaded, shedLoad } from "./http/shedLoad.ts";
import { webPage } from "./http/webPage.ts";
import { SessionListener } from "./live/listener.ts";
import { acceptSockets, isWebsocket, type SocketLimits } from "./live/sockets.ts";
import { makeWatchSession } from "./live/watchSession.ts";
import { logRequests } from "./log.ts";
import { makeVerifyToken, type TokenSettings } from "./tokens.ts";

export interface AppOptions {
  /** Connects as the role authenticator. */
  readonly authDatabaseUrl: string;
  readonly tokens: TokenSettings;
  readonly logger: Logger;
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  readonly graphiql: boolean;
  /** Origins of other sites that may call the API. */
  readonly corsOrigins?: readonly string[];
  /** Adds the sign-in for demo users, and reloads the schema when it changes. Never in production. */
  readonly development: boolean;
  readonly maximumConnections?: number;
  /** The folder of the built web UI. Without it, only the API is served. */
  readonly pageFolder?: string;
  readonly socketLimits?: Partial<SocketLimits>;
  /** The wizard's definition, by default that of `wizard/`. */
  readonly definition?: Definition;
}

export interface App {
  /** For example `http://127.0.0.1:5678`. */
  readonly url: string;
  /** Waits for requests in progress, then closes every connection. Safe to call twice. */
  stop(): Promise<void>;
}

const DEFAULT_CONNECTIONS = 20;
// In a longer queue, a request would wait longer than an autosave pauses before it retries.
const WAITING_PER_CONNECTION = 10;
const EXPOSED_HEADERS = ["Retry-After", "WWW-Authenticate", "X-Request-Id"];
const PREFLIGHT_SECONDS = 7200;

/**
 * Starts the HTTP server: health checks, the web UI, GraphQL, and subscriptions over websockets.
 * @throws {UserError} when the database is not migrated, or the port is in use.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const { authDatabaseUrl, tokens, logger, development, maximumConnections = DEFAULT_CONNECTIONS } = options;
  const corsOrigins = options.corsOrigins ?? [];
  const maximumWaiting = maximumConnections * WAITING_PER_CONNECTION;
  // Tokens of demo users are signed with the secret. With JWKS_URL, the server has no secret.
  const hasDemoUsers = development && tokens.secret !== undefined;

  const pool = await openPool({
    connectionString: authDatabaseUrl,
    variable: "AUTH_DATABASE_URL",
    max: maximumConnections,
    application_name: "stagekeep",
    logger,
  });
  const verifyToken = makeVerifyToken(tokens);
  const listener = new SessionListener({ connectionString: authDatabaseUrl, logger });
  const pgl = postgraphile(
    makePreset({
      pool,
      claimsOf: ({ node, ws }) => claimsOf(node?.req ?? ws?.request),
      watchSession: makeWatchSession({ pool, listener, logger }),
      logMasked: ({ errorId, error }) => logger.error({ errorId, err: error }, "request failed"),
      graphiql: options.graphiql,
      watch: development,
      plugins: hasDemoUsers ? [GraphiqlUserPlugin] : [],
      exampleQuery: EXAMPLE_QUERY,
      definition: options.definition,
    }),
  );

  const app = express().disable("x-powered-by");
  const server = createServer({ shouldUpgradeCallback: isWebsocket }, app);
  const close = makeGracefulClose(server, EVENT_STREAM_PATH);
  const serv = pgl.createServ(grafserv);
  app.use(logRequests(logger));
  // Before authentication and `shedLoad`: health checks have no token, and must not be refused under load.
  app.use(health(pool));
  if (hasDemoUsers) app.use(devSignIn(tokens));
  if (options.pageFolder !== undefined) {
    app.use(webPage({ folder: options.pageFolder, demoSignInPath: hasDemoUsers ? DEV_SIGN_IN_PATH : undefined }));
  }
  app.use(
    GRAPHQL_PATH,
    // Before authentication: a preflight request has no token, and a site can only read a 401 that has CORS headers.
    cors({ origin: [...corsOrigins], exposedHeaders: EXPOSED_HEADERS, maxAge: PREFLIGHT_SECONDS }),
    authenticate(verifyToken),
    // Before the body is read: that is the most expensive step.
    shedLoad(pool, maximumWaiting),
    readBody(MAXIMUM_REQUEST_BYTES),
  );
  await serv.addTo(app, server, false);
  app.use(notFound);
  app.use(handleErrors(MAXIMUM_REQUEST_BYTES));
  const sockets = acceptSockets({
    server,
    serv,
    path: GRAPHQL_PATH,
    verifyToken,
    origins: corsOrigins,
    isOverloaded: () => isOverloaded(pool, maximumWaiting),
    limits: options.socketLimits,
    logger,
  });

  const stop = async () => {
    const closed = close();
    await sockets.stop();
    await listener.stop();
    await pgl.release();
    await closed;
    // Releases the connection that watches the schema.
    for (const service of pgl.getResolvedPreset().pgServices ?? []) await service.release?.();
    await pool.end();
  };
  try {
    // Build the schema now. If that fails, the start should fail, not the first request.
    await pgl.getSchema();
    const url = await listen(server, options.host, options.port);
    let stopped: Promise<void> | undefined;
    return { url, stop: () => (stopped ??= stop()) };
  } catch (error) {
    await stop();
    throw error;
  }
}
