import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import cors from "cors";
import express, { type ErrorRequestHandler, type Response } from "express";
import type pg from "pg";
import type { Logger } from "pino";
import { postgraphile } from "postgraphile";
import { grafserv } from "postgraphile/grafserv/express/v4";
import { requestTooLarge } from "../graphql/errors.ts";
import { EVENT_STREAM_PATH, GRAPHQL_PATH, MAXIMUM_REQUEST_BYTES, makePreset } from "../graphql/preset.ts";
import type { Definition } from "../wizard/migrations.ts";
import { makePool } from "./database/pool.ts";
import { EXAMPLE_QUERY } from "./dev/exampleQuery.ts";
import { GraphiqlUserPlugin } from "./dev/GraphiqlUserPlugin.ts";
import { DEV_SIGN_IN_PATH, devSignIn } from "./dev/signIn.ts";
import { authenticate, claimsOf } from "./http/authenticate.ts";
import { health, isMigrated } from "./http/health.ts";
import { readBody } from "./http/readBody.ts";
import { sendError } from "./http/sendError.ts";
import { isOverloaded, shedLoad } from "./http/shedLoad.ts";
import { webPage } from "./http/webPage.ts";
import { SessionListener } from "./live/listener.ts";
import { acceptSockets, isWebsocket, type SocketLimits } from "./live/sockets.ts";
import { makeWatchSession } from "./live/watchSession.ts";
import { logRequests } from "./log.ts";
import { KeysUnavailableError, makeVerifyToken, type TokenSettings } from "./tokens.ts";
import { UserError } from "./userError.ts";

export interface AppOptions {
  /** The authenticator's connection. */
  readonly authDatabaseUrl: string;
  readonly tokens: TokenSettings;
  readonly logger: Logger;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly graphiql: boolean;
  /** The origins of pages elsewhere that may call the API. */
  readonly corsOrigins?: readonly string[];
  /** The sign-in for demo users, and reading the schema again when it changes. Never in production. */
  readonly development: boolean;
  readonly maximumConnections?: number;
  /** Where the built page is; without it only the API is served. */
  readonly pageFolder?: string;
  readonly socketLimits?: Partial<SocketLimits>;
  /** The version of the wizard's stages; absent: that of `wizard/`. */
  readonly definition?: Definition;
}

export interface App {
  /** Where it listens, as in `http://127.0.0.1:5678`. */
  readonly url: string;
  /** Lets the requests that are under way end, then closes every connection. Safe to call twice. */
  stop(): Promise<void>;
}

const DEFAULT_CONNECTIONS = 20;
const CONNECTION_TIMEOUT_MS = 5_000;
// Per connection; beyond that a request would wait longer than an autosave's next attempt.
const WAITING_PER_CONNECTION = 10;
const READABLE_HEADERS = ["Retry-After", "WWW-Authenticate", "X-Request-Id"];
const PREFLIGHT_SECONDS = 7200;
const STOP_TIMEOUT_MS = 10_000;
const CLOSE_IDLE_EVERY_MS = 50;

/**
 * Builds the express server with GraphQL and starts to listen.
 * @throws {UserError} when the database is not migrated, or the port is taken.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const { tokens, logger, development, maximumConnections = DEFAULT_CONNECTIONS } = options;
  const pool = await openPool(options.authDatabaseUrl, maximumConnections, logger);
  const maximumWaiting = maximumConnections * WAITING_PER_CONNECTION;
  const verifyToken = makeVerifyToken(tokens);
  const corsOrigins = options.corsOrigins ?? [];
  const listener = new SessionListener({ connectionString: options.authDatabaseUrl, logger });

  // Without a secret of ours there is nothing to sign the demo users' tokens with.
  const hasDemoUsers = development && tokens.secret !== undefined;
  const preset = makePreset({
    pool,
    claimsOf: ({ node, ws }) => claimsOf(node?.req ?? ws?.request),
    watchSession: makeWatchSession({ pool, listener, logger }),
    logMasked: ({ errorId, error }) => logger.error({ errorId, err: error }, "a request failed"),
    graphiql: options.graphiql,
    watch: development,
    plugins: hasDemoUsers ? [GraphiqlUserPlugin] : [],
    exampleQuery: EXAMPLE_QUERY,
    definition: options.definition,
  });
  const pgl = postgraphile(preset);
  const app = express().disable("x-powered-by");
  app.use(logRequests(logger));
  app.use(health(pool));
  if (hasDemoUsers) app.use(devSignIn(tokens));
  if (options.pageFolder !== undefined) {
    app.use(webPage({ folder: options.pageFolder, demoSignInPath: hasDemoUsers ? DEV_SIGN_IN_PATH : undefined }));
  }
  const openStreams = new Set<Response>();
  app.use(EVENT_STREAM_PATH, (_request, response, next) => {
    openStreams.add(response);
    response.on("close", () => openStreams.delete(response));
    next();
  });
  app.use(
    GRAPHQL_PATH,
    // Before the token is looked at: a browser asks for leave without one, and its page has to be able to read a 401.
    cors({ origin: [...corsOrigins], exposedHeaders: READABLE_HEADERS, maxAge: PREFLIGHT_SECONDS }),
    authenticate(verifyToken),
    shedLoad(pool, maximumWaiting),
    readBody(MAXIMUM_REQUEST_BYTES),
  );

  const server = createServer({ shouldUpgradeCallback: isWebsocket }, app);
  const serv = pgl.createServ(grafserv);
  await serv.addTo(app, server, false);
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
  app.use((_request, response) => sendError(response, 404, { code: "NOT_FOUND", message: "There is nothing here." }));
  app.use(answerFailure);

  let stopped: Promise<void> | undefined;
  const stop = async () => {
    const closed = close(server, openStreams);
    await sockets.stop();
    await listener.stop();
    await pgl.release();
    await closed;
    // Gives back the connection that listens for changes of the schema.
    for (const service of pgl.getResolvedPreset().pgServices ?? []) await service.release?.();
    await pool.end();
  };
  try {
    // A schema that can't be built is a reason not to start, rather than an answer to the first request.
    await pgl.getSchema();
    await listen(server, options);
  } catch (error) {
    await stop();
    throw error;
  }
  const { address, family, port } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    stop: () => (stopped ??= stop()),
  };
}

async function openPool(connectionString: string, max: number, logger: Logger): Promise<pg.Pool> {
  const pool = makePool(
    { connectionString, max, connectionTimeoutMillis: CONNECTION_TIMEOUT_MS, application_name: "stagekeep" },
    logger,
  );
  try {
    if (await isMigrated(pool)) return pool;
    throw new UserError("The database has no tables yet. Run npm run db:migrate, then start again.");
  } catch (error) {
    await pool.end();
    if (error instanceof UserError) throw error;
    throw new UserError(`AUTH_DATABASE_URL: the database can't be reached: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

const answerFailure: ErrorRequestHandler = (error, request, response, next) => {
  if (response.headersSent) return next(error);
  const status: unknown = error.status ?? error.statusCode;
  if (error instanceof KeysUnavailableError) {
    request.log.error({ err: error }, "tokens can't be verified");
    response.set("Retry-After", "5");
    return sendError(response, 503, { code: "OVERLOADED", message: "Tokens can't be verified just now. Try again." });
  }
  if (status === 413) {
    return sendError(response, 413, requestTooLarge(MAXIMUM_REQUEST_BYTES));
  }
  if (typeof status === "number" && status >= 400 && status < 500) {
    return sendError(response, status, { code: "INVALID_INPUT", message: String(error.message) });
  }
  request.log.error({ err: error }, "a request failed");
  sendError(response, 500, {
    code: "INTERNAL_SERVER_ERROR",
    message: `Something went wrong on the server. Quote this id when you report it: ${String(request.id)}`,
    errorId: request.id,
  });
};

function listen(server: Server, { host, port }: AppOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const advice = {
        EADDRINUSE: `Port ${port} on ${host} is in use. Set PORT to another one, or stop what listens there.`,
        EACCES: `Port ${port} may not be used by this user. Set PORT to one above 1023.`,
        EADDRNOTAVAIL: `${host} is no address of this machine. Set HOST to one that is.`,
        ENOTFOUND: `HOST ${host} is not known.`,
      }[error.code ?? ""];
      reject(advice ? new UserError(advice, { cause: error }) : error);
    });
    server.listen(port, host, resolve);
  });
}

/** Takes no more requests, and waits for those under way for a while. */
function close(server: Server, openStreams: ReadonlySet<Response>): Promise<void> {
  return new Promise((resolve) => {
    // GraphiQL listens for changes of the schema for as long as it is open. That is no request that will end.
    for (const stream of openStreams) stream.destroy();
    const timer = setTimeout(() => server.closeAllConnections(), STOP_TIMEOUT_MS);
    // A connection that was busy is kept alive for seconds after its answer; nobody has to wait for that.
    const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS);
    server.close(() => {
      clearTimeout(timer);
      clearInterval(idle);
      resolve();
    });
  });
}
