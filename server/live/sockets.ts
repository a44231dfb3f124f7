import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type Context, type GraphQLExecutionContextValue, handleProtocols, makeServer } from "graphql-ws";
import type { Logger } from "pino";
import { SafeError } from "postgraphile/grafast";
import { type GrafservBase, makeGraphQLWSConfig } from "postgraphile/grafserv";
import { type ExecutionArgs, GraphQLError, getOperationAST } from "postgraphile/graphql";
import { type WebSocket, WebSocketServer } from "ws";
import { type ErrorAnswer, OVERLOADED } from "../../graphql/errors.ts";
import { claimsOf, verifyBearer } from "../http/authenticate.ts";
import { KeysUnavailableError, TokenError, type VerifyToken } from "../tokens.ts";
import { send } from "./send.ts";

export interface SocketOptions {
  readonly server: Server;
  readonly serv: GrafservBase;
  readonly path: string;
  readonly verifyToken: VerifyToken;
  /** The origins of pages elsewhere that may connect. Those of this host may in any case. */
  readonly origins: readonly string[];
  readonly isOverloaded: () => boolean;
  readonly limits?: Partial<SocketLimits> | undefined;
  readonly logger: Logger;
}

export interface SocketLimits {
  readonly sockets: number;
  /** Of those who have not said yet who they are. */
  readonly strangers: number;
  readonly socketsPerUser: number;
  readonly subscriptionsPerSocket: number;
  readonly subscriptionsPerUser: number;
  readonly messageBytes: number;
  readonly initTimeoutMs: number;
  /** How long a message may take to be written out. */
  readonly sendTimeoutMs: number;
}

export interface Sockets {
  /** Lets nobody in any more, and closes every socket. */
  stop(): Promise<void>;
}

interface Extra {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
}

const DEFAULT_LIMITS: SocketLimits = {
  sockets: 5_000,
  strangers: 500,
  socketsPerUser: 50,
  subscriptionsPerSocket: 20,
  subscriptionsPerUser: 100,
  messageBytes: 64 * 1024,
  initTimeoutMs: 5_000,
  sendTimeoutMs: 15_000,
};

/** What a socket is closed with. https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
const CLOSE = { goingAway: 1001, failed: 1011, tryAgainLater: 1013, unauthorized: 4401 } as const;
const PING_EVERY_MS = 30_000;
// How long the other side may take to answer that a socket is closed.
const CLOSE_TIMEOUT_MS = 2_000;
// Of setTimeout; what is longer would be over at once.
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** For the server: nothing else is an upgrade, so that a client which offers HTTP/2 is answered as ever. */
export function isWebsocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === "websocket";
}

/**
 * Takes GraphQL subscriptions over websockets (graphql-transport-ws). Who is calling is said once, with
 * connection_init, and holds until that token ends. Queries and mutations go over HTTP.
 */
export function acceptSockets(options: SocketOptions): Sockets {
  const { server, path, logger } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.messageBytes,
    handleProtocols,
    perMessageDeflate: false,
  });
  const strangers = new Set<WebSocket>();
  const graphql = makeGraphqlServer(options, limits, strangers);
  let stopping = false;

  server.on("upgrade", (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    connection.on("error", () => connection.destroy());
    if (request.url?.split("?")[0] !== path) return refuse(connection, "404 Not Found");
    if (!isAllowedOrigin(request, options.origins)) return refuse(connection, "403 Forbidden");
    if (stopping || sockets.clients.size >= limits.sockets) return refuse(connection, "503 Service Unavailable");
    sockets.handleUpgrade(request, connection, head, (socket) => {
      strangers.add(socket);
      // Whoever came last has most of the time left that it takes to say it.
      const [longest] = strangers;
      if (strangers.size > limits.strangers) longest?.terminate();
      open(socket, request);
    });
  });

  const open = (socket: WebSocket, request: IncomingMessage) => {
    const stopPinging = keepAlive(socket);
    // A message that is too large, say. The socket is closed with it.
    socket.on("error", (error) => logger.info({ reason: error.message }, "a websocket failed"));
    const closed = graphql.opened(
      {
        protocol: socket.protocol,
        send: (data) => send(socket, data, limits.sendTimeoutMs),
        close: (code, reason) => close(socket, code ?? CLOSE.failed, reason ?? ""),
        onMessage: (handle) => {
          socket.on("message", (data) => {
            // Whoever goes on talking on a socket that is closed is not heard.
            if (socket.readyState !== socket.OPEN) return;
            handle(String(data)).catch((error: unknown) => {
              logger.error({ err: error }, "a message on a websocket failed");
              close(socket, CLOSE.failed, "Something went wrong on the server.");
            });
          });
        },
      },
      { socket, request },
    );
    socket.once("close", (code, reason) => {
      strangers.delete(socket);
      stopPinging();
      logger.debug({ code }, "a websocket was closed");
      void closed(code, String(reason));
    });
  };

  return {
    async stop() {
      stopping = true;
      const open = [...sockets.clients];
      const closed = open.map((socket) => new Promise((resolve) => socket.once("close", resolve)));
      for (const socket of open) close(socket, CLOSE.goingAway, "The server stops.");
      await Promise.all(closed);
    },
  };
}

type Connection = Context<Record<string, unknown>, Extra>;

function makeGraphqlServer(
  { serv, verifyToken, isOverloaded, logger }: SocketOptions,
  limits: SocketLimits,
  strangers: Set<WebSocket>,
) {
  const config = makeGraphQLWSConfig(serv);
  const byUser = new Map<string, Set<Connection>>();

  const begin = async (context: Connection): Promise<void> => {
    const { socket, request } = context.extra;
    const given = Object.entries(context.connectionParams ?? {}).filter(
      ([name]) => name.toLowerCase() === "authorization",
    );
    const header = given.length > 1 ? given : given[0]?.[1];
    const claims = header == null ? undefined : await verifyBearer(verifyToken, request, header);
    if (!claims || claims.role === "anon") {
      return close(socket, CLOSE.unauthorized, "Sign in first: send your token with connection_init.");
    }
    closeAtEnd(socket, claims.exp);

    const connections = byUser.get(claims.sub) ?? new Set();
    if (connections.size >= limits.socketsPerUser) {
      return close(socket, CLOSE.tryAgainLater, `At most ${limits.socketsPerUser} connections at once.`);
    }
    if (socket.readyState !== socket.OPEN) return;
    strangers.delete(socket);
    byUser.set(claims.sub, connections.add(context));
    socket.once("close", () => {
      connections.delete(context);
      if (connections.size === 0) byUser.delete(claims.sub);
    });
  };

  /** Why there may be no more subscriptions here; the one that is asked for is counted already. */
  const findLimit = (context: Connection): string | undefined => {
    const count = ({ subscriptions }: Connection) => Object.keys(subscriptions).length;
    if (count(context) > limits.subscriptionsPerSocket) {
      return `At most ${limits.subscriptionsPerSocket} subscriptions are open on a connection.`;
    }
    const connections = byUser.get(claimsOf(context.extra.request)?.sub ?? "") ?? [];
    if ([...connections].reduce((sum, each) => sum + count(each), 0) > limits.subscriptionsPerUser) {
      return `At most ${limits.subscriptionsPerUser} subscriptions of a user are open.`;
    }
  };

  return makeServer<Record<string, unknown>, Extra>({
    ...config,
    connectionInitWaitTimeout: limits.initTimeoutMs,
    async onConnect(context) {
      const { socket } = context.extra;
      try {
        await begin(context);
      } catch (error) {
        if (error instanceof TokenError) {
          logger.info({ reason: error.reason }, "token refused");
          close(socket, CLOSE.unauthorized, error.message);
        } else if (error instanceof KeysUnavailableError) {
          logger.error({ err: error }, "tokens can't be verified");
          close(socket, CLOSE.tryAgainLater, "Tokens can't be verified just now. Try again.");
        } else throw error;
      }
      return socket.readyState === socket.OPEN;
    },
    async onSubscribe(context, id, payload) {
      const limit = findLimit(context);
      if (limit) return refusal({ code: "INVALID_INPUT", message: limit });
      if (isOverloaded()) return refusal(OVERLOADED);
      const args = await config.onSubscribe?.(context as Parameters<typeof config.onSubscribe>[0], id, payload);
      if (!args || Array.isArray(args)) return args;
      const { document, operationName } = args as ExecutionArgs & GraphQLExecutionContextValue;
      const operation = getOperationAST(document, operationName);
      if (operation && operation.operation !== "subscription") {
        return refusal({ code: "INVALID_INPUT", message: `A ${operation.operation} is sent with POST, over HTTP.` });
      }
      return args;
    },
  });
}

function refusal({ message, ...extensions }: ErrorAnswer): readonly GraphQLError[] {
  return [new GraphQLError(message, { originalError: new SafeError(message, extensions) })];
}

/** CORS does not cover websockets: a browser connects any page to anything, and says which page it is. */
function isAllowedOrigin({ headers }: IncomingMessage, origins: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || origins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

function refuse(connection: Duplex, status: string): void {
  connection.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** Closes it politely, and soon all the same. The first reason counts. */
function close(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState !== socket.OPEN) return;
  socket.close(code, reason);
  const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
  socket.once("close", () => clearTimeout(timer));
}

function closeAtEnd(socket: WebSocket, exp: number): void {
  let timer: NodeJS.Timeout;
  const wait = () => {
    const left = exp * 1000 - Date.now();
    if (left <= 0) return close(socket, CLOSE.unauthorized, "The token has ended. Sign in again.");
    timer = setTimeout(wait, Math.min(left, LONGEST_TIMEOUT_MS));
  };
  wait();
  socket.once("close", () => clearTimeout(timer));
}

/** Finds out whether the other side is still there; a network that is gone does not say so. */
function keepAlive(socket: WebSocket): () => void {
  let alive = true;
  socket.on("pong", () => {
    alive = true;
  });
  const timer = setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
  }, PING_EVERY_MS);
  return () => clearInterval(timer);
}
