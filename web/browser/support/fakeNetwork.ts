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

/** What happens to one request. With "answer held", the server has answered and the test decides when to forward it. */
export type NetworkFault = Fault | "answer held";

/** A state that the server has returned with its revision: it must not get lost. */
export interface Acknowledged {
  /** When the answer was forwarded, in milliseconds since 1970. */
  readonly at: number;
  readonly session: string;
  readonly revision: number;
  readonly state: JsonObject;
  /** The save that was answered, unless it wrote nothing. */
  readonly saveId: string | undefined;
}

export interface SentRequest {
  readonly operation: string;
  readonly input: { readonly id?: string; readonly saveId?: string; readonly patch?: unknown };
  readonly authorization: string | undefined;
}

export interface Held {
  readonly operation: string;
  /** Resolves when the answer has been forwarded. */
  release(): Promise<void>;
}

/** A proxy between browsers and the server. Requests and websockets pass through it and fail as the test demands. */
export interface FakeNetwork {
  readonly url: string;
  /** The URL of the server. */
  target: string;
  /** Refuses all connections and cuts the open ones, or stops doing so. */
  setDown(down: boolean): void;
  /** Returns the delay of the next GraphQL answer in milliseconds. */
  delay: () => number;
  /** Sets what happens to the next requests with that operation, one fault per request. */
  fail(operation: string, ...faults: NetworkFault[]): void;
  /** Removes faults and delays. Held requests stay held. */
  heal(): void;
  /** In the order of arrival, without the released ones. */
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

export async function startFakeNetwork(): Promise<FakeNetwork> {
  const faults = new Map<string, NetworkFault[]>();
  const sockets = new Set<Duplex>();
  let isDown = false;

  const track = <S extends Duplex>(socket: S): S => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    return socket;
  };

  const forward = async (request: IncomingMessage, response: ServerResponse, finished: Promise<void>) => {
    const body = await bodyOf(request);
    const sent = request.url === GRAPHQL_PATH ? sentRequest(request, body) : undefined;
    if (sent) network.sent.push(sent);
    const hold = () =>
      new Promise<void>((go) => {
        const release = () => {
          network.held.splice(network.held.indexOf(held), 1);
          go();
          return finished;
        };
        const held: Held = { operation: sent?.operation ?? "", release };
        network.held.push(held);
      });
    const fault = sent && faults.get(sent.operation)?.shift();
    if (fault === "request lost") return void response.destroy();
    if (fault === "overloaded") return send(response, OVERLOADED);
    if (fault === "held") await hold();
    // Throws if the server is down.
    const answer = await fetchFrom(new URL(request.url ?? "/", network.target), request, body);
    if (fault === "answer held") await hold();
    if (fault === "answer lost") return sendHalf(response, answer);
    if (sent) await sleep(network.delay());
    if (sent && !response.destroyed) network.acknowledged.push(...acknowledgedBy(sent, answer));
    await send(response, answer);
  };

  const server = createServer((request, response) => {
    const finished: Promise<void> = Promise.resolve()
      .then(() => forward(request, response, finished))
      .catch(() => void response.destroy());
  });
  server.on("connection", (socket) => {
    if (isDown) socket.destroy();
    else track(socket);
  });
  server.on("upgrade", (request: IncomingMessage, near: Socket, head: Buffer) => {
    const { hostname, port } = new URL(network.target);
    const far = track(connect(Number(port), hostname));
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

  const network: FakeNetwork = {
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
      network.delay = () => 0;
    },
    held: [],
    sent: [],
    acknowledged: [],
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
  return network;
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

async function fetchFrom(url: URL, { method, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
  // A compressed answer could not be inspected.
  const request = requestOf(url, { method, headers: { ...headers, "accept-encoding": "identity" }, agent: false });
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const { connection, "transfer-encoding": _, ...others } = response.headers;
  return { status: response.statusCode ?? 502, headers: others, body: await bodyOf(response) };
}

function send(response: ServerResponse, { status, headers, body }: Answer): Promise<void> {
  return new Promise((done) => {
    response.on("close", done);
    response.writeHead(status, { ...headers, "content-length": body.length }).end(body, done);
  });
}

/** Sends half of the answer. If nothing arrived, the browser might repeat the request. */
function sendHalf(response: ServerResponse, { status, headers, body }: Answer): void {
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
