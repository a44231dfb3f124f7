import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Context, GraphQLExecutionContextValue } from "graphql-ws";
import { useServer } from "graphql-ws/use/ws";
import type { Logger } from "pino";
import { SafeError } from "postgraphile/grafast";
import { type GrafservBase, makeGraphQLWSConfig } from "postgraphile/grafserv";
import { type ExecutionArgs, GraphQLError, getOperationAST } from "postgraphile/graphql";
import { type WebSocket, WebSocketServer } from "ws";
import { type ErrorAnswer, OVERLOADED } from "../../graphql/errors.ts";
import { claimsOf, verifyBearer } from "../http/authenticate.ts";
import { KeysUnavailableError, TokenError, type VerifyToken } from "../tokens.ts";

export interface SocketOptions {
  readonly server: Server;
  readonly serv: GrafservBase;
  readonly path: string;
  readonly verifyToken: VerifyToken;
  /** Origins of other sites that may connect. The server's own origin is always allowed. */
  readonly origins: readonly string[];
  readonly isOverloaded: () => boolean;
  readonly limits?: Partial<SocketLimits> | undefined;
  readonly logger: Logger;
}

export interface SocketLimits {
  readonly sockets: number;
  /** Sockets that have not sent a valid token yet. */
  readonly unauthenticated: number;
  readonly socketsPerUser: number;
  readonly subscriptionsPerSocket: number;
  readonly subscriptionsPerUser: number;
  readonly messageBytes: number;
  readonly initTimeoutMs: number;
  /** Interval between pings. A client that does not answer before the next ping is dropped, even if it is only slow. */
  readonly pingMs: number;
}

export interface Sockets {
  /** Accepts no more sockets, and closes the open ones. */
  stop(): Promise<void>;
}

const DEFAULT_LIMITS: SocketLimits = {
  sockets: 5_000,
  unauthenticated: 500,
  socketsPerUser: 50,
  subscriptionsPerSocket: 20,
  subscriptionsPerUser: 100,
  messageBytes: 64 * 1024,
  initTimeoutMs: 5_000,
  pingMs: 15_000,
};

/** Close codes. https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
const CLOSE = { failed: 1011, tryAgainLater: 1013, unauthorized: 4401 } as const;
/** How long a client may take to answer a close frame. */
const CLOSE_TIMEOUT_MS = 2_000;
// setTimeout fires immediately for longer delays.
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

type Connection = Context<Record<string, unknown>, { readonly socket: WebSocket; readonly request: IncomingMessage }>;

/** For Node's `shouldUpgradeCallback`. Other upgrades, such as an offer of HTTP/2, are answered as plain requests. */
export function isWebsocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === "websocket";
}

/**
 * Serves GraphQL subscriptions over websockets (graphql-transport-ws). graphql-ws handles the protocol; this adds
 * authentication, limits, and the origin check. A client authenticates once, with `connection_init`, and is disconnected
 * when its token expires. Queries and mutations go over HTTP.
 */
export function acceptSockets(options: SocketOptions): Sockets {
  const { server, serv, path, origins, isOverloaded, logger } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const unauthenticated = new Set<WebSocket>();
  const byUser = new Map<string, Set<Connection>>();

  // @types/ws does not list `closeTimeout` yet.
  const socketOptions = {
    noServer: true,
    maxPayload: limits.messageBytes,
    perMessageDeflate: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
  };
  const sockets = new WebSocketServer(socketOptions);
  const config = makeGraphQLWSConfig(serv);

  /** Verifies the token and counts the connection. Closes the socket if it is refused. */
  const authenticate = async (connection: Connection): Promise<void> => {
    const { socket } = connection.extra;
    const claims = await verifyConnectionParams(options.verifyToken, connection);
    if (!claims || claims.role === "anon") {
      return socket.close(CLOSE.unauthorized, "Sign in first: send your token with connection_init.");
    }
    closeOnExpiry(socket, claims.exp);

    const connections = byUser.get(claims.sub) ?? new Set();
    if (connections.size >= limits.socketsPerUser) {
      return socket.close(CLOSE.tryAgainLater, `A user can have ${limits.socketsPerUser} connections at once.`);
    }
    // The socket may have closed while the token was verified.
    if (socket.readyState !== socket.OPEN) return;
    unauthenticated.delete(socket);
    byUser.set(claims.sub, connections.add(connection));
    socket.once("close", () => {
      connections.delete(connection);
      if (connections.size === 0) byUser.delete(claims.sub);
    });
  };

  /** The message of a limit that is exceeded with the new subscription, which graphql-ws has already counted. */
  const findExceededLimit = (connection: Connection): string | undefined => {
    const count = ({ subscriptions }: Connection) => Object.keys(subscriptions).length;
    if (count(connection) > limits.subscriptionsPerSocket) {
      return `A connection can have ${limits.subscriptionsPerSocket} open subscriptions.`;
    }
    const connections = byUser.get(claimsOf(connection.extra.request)?.sub ?? "") ?? [];
    if ([...connections].reduce((sum, each) => sum + count(each), 0) > limits.subscriptionsPerUser) {
      return `A user can have ${limits.subscriptionsPerUser} open subscriptions.`;
    }
  };

  const graphql = useServer<Record<string, unknown>, Connection["extra"]>(
    {
      ...config,
      connectionInitWaitTimeout: limits.initTimeoutMs,
      isProd: true,
      async onConnect(connection) {
        const { socket } = connection.extra;
        try {
          await authenticate(connection);
        } catch (error) {
          if (error instanceof TokenError) {
            logger.info({ reason: error.reason }, "token refused");
            socket.close(CLOSE.unauthorized, error.message);
          } else if (error instanceof KeysUnavailableError) {
            logger.error({ err: error }, "cannot verify tokens");
            socket.close(CLOSE.tryAgainLater, "Tokens can't be verified right now. Try again.");
          } else {
            logger.error({ err: error }, "websocket authentication failed");
            socket.close(CLOSE.failed, "Something went wrong on the server.");
          }
        }
        return socket.readyState === socket.OPEN;
      },
      async onSubscribe(connection, id, payload) {
        const { socket } = connection.extra;
        // A client can keep sending until it answers the close frame.
        if (socket.readyState !== socket.OPEN) return refusal({ code: "UNAUTHENTICATED", message: "Closed." });
        const limit = findExceededLimit(connection);
        if (limit) return refusal({ code: "INVALID_INPUT", message: limit });
        if (isOverloaded()) return refusal(OVERLOADED);
        const args = await config.onSubscribe?.(connection as Parameters<typeof config.onSubscribe>[0], id, payload);
        if (!args || Array.isArray(args)) return args;
        const { document, operationName } = args as ExecutionArgs & GraphQLExecutionContextValue;
        const operation = getOperationAST(document, operationName);
        if (operation && operation.operation !== "subscription") {
          return refusal({ code: "INVALID_INPUT", message: `Send a ${operation.operation} over HTTP, with POST.` });
        }
        return args;
      },
    },
    sockets,
    limits.pingMs,
  );

  server.on("upgrade", (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    connection.on("error", () => connection.destroy());
    if (request.url?.split("?")[0] !== path) return refuseUpgrade(connection, "404 Not Found");
    if (!isAllowedOrigin(request, origins)) return refuseUpgrade(connection, "403 Forbidden");
    if (sockets.clients.size >= limits.sockets) return refuseUpgrade(connection, "503 Service Unavailable");
    sockets.handleUpgrade(request, connection, head, (socket) => {
      unauthenticated.add(socket);
      const [oldest] = unauthenticated;
      if (unauthenticated.size > limits.unauthenticated) oldest?.terminate();
      // For example, a message that is too large. ws then closes the socket.
      socket.on("error", (error) => logger.info({ reason: error.message }, "websocket protocol error"));
      socket.once("close", (code) => {
        unauthenticated.delete(socket);
        logger.debug({ code }, "websocket closed");
      });
      sockets.emit("connection", socket, request);
    });
  });

  return { stop: async () => graphql.dispose() };
}

async function verifyConnectionParams(verifyToken: VerifyToken, { connectionParams, extra }: Connection) {
  const given = Object.entries(connectionParams ?? {}).filter(([name]) => name.toLowerCase() === "authorization");
  // Several parameters (`authorization` and `Authorization`) are refused: verifyBearer accepts only a string.
  const header = given.length > 1 ? given : given[0]?.[1];
  return header == null ? undefined : verifyBearer(verifyToken, extra.request, header);
}

function refusal({ message, ...extensions }: ErrorAnswer): readonly GraphQLError[] {
  return [new GraphQLError(message, { originalError: new SafeError(message, extensions) })];
}

/** CORS does not cover websockets: browsers let every site connect to every server, and only send the site's origin. */
function isAllowedOrigin({ headers }: IncomingMessage, origins: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || origins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

function refuseUpgrade(connection: Duplex, status: string): void {
  connection.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function closeOnExpiry(socket: WebSocket, exp: number): void {
  let timer: NodeJS.Timeout;
  const wait = () => {
    const left = exp * 1000 - Date.now();
    if (left <= 0) return socket.close(CLOSE.unauthorized, "The token has expired. Sign in again.");
    timer = setTimeout(wait, Math.min(left, LONGEST_TIMEOUT_MS));
  };
  wait();
  socket.once("close", () => clearTimeout(timer));
}
