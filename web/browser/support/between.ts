import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as requestOf,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../../../client/testing/network.ts";
import type { JsonObject } from "../../../json/equality.ts";

/** What becomes of one request; an answer that is held has been made already, and is passed on when a test says so. */
export type BetweenFault = Fault | "answer held";

/** A state that the server has handed to a browser together with its revision: nothing of it may get lost any more. */
export interface Acknowledged {
  /** When it was passed on, in milliseconds since 1970. */
  readonly at: number;
  readonly session: string;
  readonly revision: number;
  readonly state: JsonObject;
  /** The save that this is the answer to, unless nothing of it was written. */
  readonly saveId: string | undefined;
}

export interface SentRequest {
  readonly operation: string;
  readonly input: { readonly id?: string; readonly saveId?: string; readonly patch?: unknown };
  readonly authorization: string | undefined;
}

export interface Held {
  readonly operation: string;
  /** Resolves when the answer has been handed on. */
  release(): Promise<void>;
}

/** What stands between browsers and the server: requests and websockets go through it, and go wrong as a test says. */
export interface Between {
  readonly url: string;
  /** Where what comes is sent on to. */
  target: string;
  /** Whether every connection is refused, the open ones too. */
  setDown(down: boolean): void;
  /** How long each answer to GraphQL is kept back, in milliseconds; asked anew for each. */
  delay: () => number;
  /** What happens to the next requests whose operation has that name, one after the other. */
  fail(operation: string, ...faults: BetweenFault[]): void;
  /** No faults, no delays; requests that are held stay held. */
  heal(): void;
  /** In the order in which they came; released ones are not in it any more. */
  readonly held: Held[];
  readonly sent: SentRequest[];
  readonly acknowledged: Acknowledged[];
  stop(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

const GRAPHQL_PATH = "/graphql";

export async function startBetween(): Promise<Between> {
  const faults = new Map<string, BetweenFault[]>();
  const sockets = new Set<Duplex>();
  let isDown = false;

  const follow = <S extends Duplex>(socket: S): S => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    return socket;
  };

  const passOn = async (request: IncomingMessage, response: ServerResponse, finished: Promise<void>) => {
    const body = await bodyOf(request);
    const sent = request.url === GRAPHQL_PATH ? sentRequest(request, body) : undefined;
    if (sent) between.sent.push(sent);
    const hold = () =>
      new Promise<void>((go) => {
        const release = () => {
          between.held.splice(between.held.indexOf(held), 1);
          go();
          return finished;
        };
        const held: Held = { operation: sent?.operation ?? "", release };
        between.held.push(held);
      });
    const fault = sent && faults.get(sent.operation)?.shift();
    if (fault === "request lost") return void response.destroy();
    if (fault === "overloaded") return hand(response, OVERLOADED);
    if (fault === "held") await hold();
    // Fails where the server is gone.
    const answer = await ask(new URL(request.url ?? "/", between.target), request, body);
    if (fault === "answer held") await hold();
    if (fault === "answer lost") return cut(response, answer);
    if (sent) await sleep(between.delay());
    if (sent && !response.destroyed) between.acknowledged.push(...acknowledgedBy(sent, answer));
    await hand(response, answer);
  };

  const server = createServer((request, response) => {
    const finished: Promise<void> = Promise.resolve()
      .then(() => passOn(request, response, finished))
      .catch(() => void response.destroy());
  });
  server.on("connection", (socket) => {
    if (isDown) socket.destroy();
    else follow(socket);
  });
  server.on("upgrade", (request: IncomingMessage, near: Socket, head: Buffer) => {
    const { hostname, port } = new URL(between.target);
    const far = follow(connect(Number(port), hostname));
    const lines = [`${request.method} ${request.url} HTTP/1.1`];
    for (let at = 0; at < request.rawHeaders.length; at += 2) {
      lines.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`);
    }
    far.write(`${lines.join("\r\n")}\r\n\r\n`);
    far.write(head);
    far.on("close", () => near.destroy());
    near.on("close", () => far.destroy());
    near.pipe(far).pipe(near);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");

  const between: Between = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: "",
    setDown: (down) => {
      isDown = down;
      if (down) for (const socket of sockets) socket.destroy();
    },
    delay: () => 0,
    fail: (operation, ...more) => faults.set(operation, [...(faults.get(operation) ?? []), ...more]),
    heal: () => {
      faults.clear();
      isDown = false;
      between.delay = () => 0;
    },
    held: [],
    sent: [],
    acknowledged: [],
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
  return between;
}

const OVERLOADED: Answer = {
  status: 503,
  headers: { "content-type": "application/json", "retry-after": "1" },
  body: Buffer.from(
    JSON.stringify({
      errors: [
        {
          message: "The server is overloaded. Try again in a moment.",
          extensions: { code: "OVERLOADED" },
        },
      ],
    }),
  ),
};

async function bodyOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function sentRequest({ headers }: IncomingMessage, body: Buffer): SentRequest | undefined {
  if (body.length === 0) return undefined;
  const { operationName, variables = {} } = JSON.parse(body.toString());
  const { authorization } = headers;
  return { operation: operationName, input: variables.input ?? variables, authorization };
}

async function ask(url: URL, { method, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
  // What is compressed could not be looked into.
  const request = requestOf(url, { method, headers: { ...headers, "accept-encoding": "identity" }, agent: false });
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const { connection, "transfer-encoding": _, ...others } = response.headers;
  return { status: response.statusCode ?? 502, headers: others, body: await bodyOf(response) };
}

function hand(response: ServerResponse, { status, headers, body }: Answer): Promise<void> {
  return new Promise((done) => {
    response.on("close", done);
    response.writeHead(status, { ...headers, "content-length": body.length }).end(body, done);
  });
}

/** Half an answer. Where nothing of it came, a browser might ask again by itself. */
function cut(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, "content-length": body.length });
  response.write(body.subarray(0, body.length / 2), () => response.destroy());
}

interface AnsweredSession {
  readonly id?: string;
  readonly revision?: number;
  readonly state?: JsonObject;
}

interface AnsweredField {
  readonly outcome?: string;
  readonly wizardSession?: AnsweredSession;
}

function acknowledgedBy({ input }: SentRequest, { status, body }: Answer): Acknowledged[] {
  if (status !== 200) return [];
  const data: Record<string, AnsweredField | null> = JSON.parse(body.toString()).data ?? {};
  return Object.entries(data).flatMap(([name, field]) => {
    const session = name === "wizardSession" ? (field as AnsweredSession | null) : field?.wizardSession;
    if (!session?.id || session.revision === undefined || !session.state) return [];
    const { id, revision, state } = session;
    const saveId = field?.outcome && field.outcome !== "CONFLICT" ? input.saveId : undefined;
    return [{ at: Date.now(), session: id, revision, state, saveId }];
  });
}
