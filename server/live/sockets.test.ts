import { once } from "node:events";
import { request } from "node:http";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { WebSocket } from "ws";
import { type Caller, TEST_TOKENS, useTestApi } from "../../testkit/api.ts";
import { listenerState, SESSION_CHANGED, useTabs, websocketUrl } from "../../testkit/live.ts";
import { createSession, readSession, UPDATE, updateSession } from "../../testkit/sessions.ts";
import { until } from "../../testkit/until.ts";
import { signToken } from "../tokens.ts";

const ORIGIN = "https://app.example";
const api = useTestApi({
  corsOrigins: [ORIGIN],
  socketLimits: {
    ...{ unauthenticated: 5, socketsPerUser: 3, subscriptionsPerSocket: 2, subscriptionsPerUser: 3 },
    ...{ messageBytes: 10_000, initTimeoutMs: 500, pingMs: 2_000 },
  },
});
const tab = useTabs(api);

let ada: Caller;
let id: string;
beforeAll(async () => {
  ada = await api.user();
  ({ id } = await createSession(ada));
});

const PROTOCOL = "graphql-transport-ws";

/** A bare websocket, with the messages it receives and how it is closed. */
function connect(options: { path?: string; protocol?: string; origin?: string } = {}) {
  const { path = "/graphql", protocol = PROTOCOL, origin } = options;
  const socket = new WebSocket(websocketUrl(api).replace("/graphql", path), protocol, origin ? { origin } : {});
  const messages: { type: string; payload?: unknown }[] = [];
  socket.on("error", () => {});
  socket.on("message", (data) => messages.push(JSON.parse(String(data))));
  const closed = new Promise<[number, string]>((resolve) =>
    socket.once("close", (code, reason) => resolve([code, String(reason)])),
  );
  const refused = new Promise<number | undefined>((resolve) =>
    socket.once("unexpected-response", (_request, response) => {
      resolve(response.statusCode);
      socket.terminate();
    }),
  );
  const opened = once(socket, "open");
  opened.catch(() => {});
  return { socket, messages, closed, refused, opened };
}

describe("authentication", () => {
  it.each([
    ["not a JWT", { authorization: "Bearer x" }],
    ["without Bearer", { authorization: "x" }],
    ["not a string", { authorization: { Bearer: "x" } }],
    ["empty", { authorization: "" }],
    ["given twice", { authorization: "Bearer x", Authorization: "Bearer x" }],
  ])("closes the socket with 4401 when the token is %s", async (_, params) => {
    const page = tab({ params });
    expect(await until(() => page.closed)).toEqual({
      code: 4401,
      reason: "The token is missing, expired or invalid. Sign in again.",
    });
  });

  it("closes the socket with 4401 when the token has another issuer's signature", async () => {
    const forged = { ...TEST_TOKENS, secret: "another secret, of 32 bytes or more, of another issuer" };
    const token = await signToken(forged, { sub: ada.id ?? "", role: "authenticated", expiresIn: "1h" });
    const page = tab({ params: { authorization: `Bearer ${token}` } });
    expect(await until(() => page.closed)).toMatchObject({ code: 4401 });
  });

  it("closes the socket with 4401 without a token, and with one for the role anon", async () => {
    const token = await signToken(TEST_TOKENS, { sub: ada.id ?? "", role: "anon", expiresIn: "1h" });
    for (const params of [{}, { authorization: `Bearer ${token}` }]) {
      const page = tab({ params });
      expect(await until(() => page.closed)).toEqual({
        code: 4401,
        reason: "Sign in first: send your token with connection_init.",
      });
    }
  });

  it("reads the token from connection_init, whatever the case of its key", async () => {
    const watching = await tab({ params: { Authorization: ada.headers.authorization } }).watch(id);
    expect(watching.changes).toHaveLength(1);
  });

  it("closes the socket with 4401 when the token expires, and stops listening", async () => {
    const token = await signToken(TEST_TOKENS, { sub: ada.id ?? "", role: "authenticated", expiresIn: "2s" });
    const page = tab({ params: { authorization: `Bearer ${token}` } });
    const watching = await page.watch(id);
    expect(page.closed).toBeUndefined();
    expect(await until(() => page.closed)).toEqual({ code: 4401, reason: "The token has expired. Sign in again." });
    const before = watching.changes.length;
    await updateSession(ada, id, { stage: 2 });
    await until(async () => (await listenerState(api)).connections === 0, "end of listening");
    expect(watching.changes).toHaveLength(before);
  });

  it("accepts a token that expires later than a timer can count", async () => {
    const token = await signToken(TEST_TOKENS, { sub: ada.id ?? "", role: "authenticated", expiresIn: "50y" });
    const page = tab({ params: { authorization: `Bearer ${token}` } });
    const watching = await page.watch(id);
    await updateSession(ada, id, { stage: 3 });
    await watching.waitForChanges(2);
    expect(page.closed).toBeUndefined();
  });
});

describe("operations", () => {
  it.each([
    ["query", "query ($id: UUID!) { wizardSession(id: $id) { id } }"],
    ["mutation", "mutation ($id: UUID!) { deleteWizardSession(input: { id: $id }) { clientMutationId } }"],
  ])("refuses a %s and asks for HTTP", async (kind, document) => {
    expect(await tab(ada).refused(document, { id })).toMatchObject({
      message: `Send a ${kind} over HTTP, with POST.`,
      extensions: { code: "INVALID_INPUT" },
    });
    expect(await readSession(ada, id)).toMatchObject({ id });
  });

  it("refuses the named mutation of a document that also has a subscription", async () => {
    const document = `${SESSION_CHANGED.replace("subscription", "subscription One")} ${UPDATE.replace("mutation", "mutation Two")}`;
    const { socket, messages, opened } = connect();
    await opened;
    socket.send(JSON.stringify({ type: "connection_init", payload: { ...ada.headers } }));
    await until(() => messages.length > 0);
    const variables = { id, patch: { stage: 6 } };
    const payload = { query: document, operationName: "Two", variables };
    socket.send(JSON.stringify({ id: "1", type: "subscribe", payload }));
    await until(() => messages.length > 1);
    expect(messages[1]).toMatchObject({ type: "error", payload: [{ extensions: { code: "INVALID_INPUT" } }] });
    expect(await readSession(ada, id)).not.toMatchObject({ stage: 6 });
    socket.close();
  });

  it("applies the document limits", async () => {
    const fields = Array.from({ length: 600 }, (_, place) => `a${place}: revision`).join(" ");
    const error = await tab(ada).refused(`subscription ($id: UUID!) { wizardSessionChanged(id: $id) { ${fields} } }`, {
      id,
    });
    expect(error).toMatchObject({ extensions: { code: "INVALID_INPUT" } });
    expect(error.message).toMatch(/^The operation asks for \d+ fields; the limit is 500\./);
  });

  it("allows two states per event", async () => {
    const document = (states: string) =>
      `subscription ($id: UUID!) { wizardSessionChanged(id: $id) { kind wizardSession { ${states} } } }`;
    const page = tab(ada);
    await page.subscribe(id, document("a: state b: state")).waitForChanges(1);
    const error = await page.refused(document("a: state b: state c: state"), { id });
    expect(error).toMatchObject({ extensions: { code: "INVALID_INPUT" } });
    expect(error.message).toMatch(/^The operation asks for 3 states or other large values; the limit is 2\./);
  });

  it("allows 1,000 values per event", async () => {
    const ids = Array.from({ length: 11 }, (_, place) => `a${place}: id`).join(" ");
    const list = `user { events(first: 100) { nodes { ${ids} } } }`;
    const document = `subscription ($id: UUID!) { wizardSessionChanged(id: $id) { wizardSession { ${list} } } }`;
    expect((await tab(ada).refused(document, { id })).message).toMatch(
      /^The operation asks for \d+ values; the limit is 1000\./,
    );
  });

  it("refuses invalid documents and variables as over HTTP", async () => {
    const page = tab(ada);
    const watching = page.subscribe(id, "subscription { wizardSessionChanged(id: 1) { nothing } }");
    await until(() => watching.ended, "refusal");
    expect(watching.errors).toMatchObject([
      { message: expect.stringMatching(/UUID/), extensions: { code: "INVALID_INPUT" } },
      { message: expect.stringMatching(/"nothing"/), extensions: { code: "INVALID_INPUT" } },
    ]);
    expect(await page.refused(SESSION_CHANGED, { id: "no uuid" })).toMatchObject({
      extensions: { code: "INVALID_INPUT" },
    });
  });

  it("refuses a subscription over HTTP", async () => {
    expect(await ada.answer(SESSION_CHANGED, { id })).toMatchObject({
      errors: [
        {
          message: "Subscriptions need a websocket with the protocol graphql-transport-ws.",
          extensions: { code: "INVALID_INPUT" },
        },
      ],
    });
  });
});

describe("limits", () => {
  it("limits the subscriptions of a socket", async () => {
    const page = tab(ada);
    const [one] = [await page.watch(id), await page.watch(id)];
    expect(await page.refused(SESSION_CHANGED, { id })).toMatchObject({
      message: "A connection can have 2 open subscriptions.",
      extensions: { code: "INVALID_INPUT" },
    });
    one?.stop();
    expect((await page.watch(id)).changes).toHaveLength(1);
  });

  it("limits the subscriptions of a user over all sockets", async () => {
    const [first, second] = [tab(ada), tab(ada)];
    const one = await first.watch(id);
    await first.watch(id);
    await second.watch(id);
    expect(await second.refused(SESSION_CHANGED, { id })).toMatchObject({
      message: "A user can have 3 open subscriptions.",
      extensions: { code: "INVALID_INPUT" },
    });
    const ben = await api.user();
    expect((await tab(ben).watch((await createSession(ben)).id)).changes).toHaveLength(1);
    one.stop();
    expect((await second.watch(id)).changes).toHaveLength(1);
  });

  it("limits the sockets of a user", async () => {
    const pages = [tab(ada), tab(ada), tab(ada)];
    for (const page of pages) await page.watch(id);
    const another = tab(ada);
    expect(await until(() => another.closed)).toMatchObject({ code: 1013 });
    pages[0]?.close();
    await until(() => pages[0]?.closed);
    expect((await tab(ada).watch(id)).changes).toHaveLength(1);
  });

  it("drops the oldest unauthenticated socket when there are too many", async () => {
    const page = tab(ada);
    await page.watch(id);
    const unauthenticated = Array.from({ length: 6 }, () => connect());
    const codes = (await Promise.all(unauthenticated.map(({ closed }) => closed))).map(([code]) => code);
    expect(codes.sort()).toEqual([1006, 4408, 4408, 4408, 4408, 4408]);
    expect(page.closed).toBeUndefined();
  });

  it("closes the socket when a message is too large", async () => {
    const { socket, opened, closed } = connect();
    await opened;
    socket.send("x".repeat(10_001));
    expect(await closed).toEqual([1009, ""]);
    await until(() => api.logged().some((line) => line.includes("websocket protocol error")), "line in the log");
    expect((await fetch(api.url("/healthz"))).status).toBe(200);
  });

  it("drops a client that does not read", async () => {
    const large = await createSession(ada, { state: { text: "x".repeat(250_000) } });
    const { socket, messages, opened } = connect();
    await opened;
    socket.send(JSON.stringify({ type: "connection_init", payload: ada.headers }));
    await until(() => messages.length > 0);
    const payload = { query: SESSION_CHANGED, variables: { id: large.id } };
    socket.send(JSON.stringify({ id: "1", type: "subscribe", payload }));
    await until(() => messages.length > 1);
    socket.pause();
    await until(async () => {
      await updateSession(ada, large.id, { stage: 2 });
      return (await listenerState(api)).connections === 0;
    }, "end of listening");
    socket.terminate();
  });

  it("closes a socket that does not send connection_init in time", async () => {
    const { closed } = connect();
    expect(await closed).toEqual([4408, "Connection initialisation timeout"]);
  });

  it("closes a socket that subscribes before it authenticates", async () => {
    const { socket, opened, closed } = connect();
    await opened;
    socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: SESSION_CHANGED, variables: { id } } }));
    expect(await closed).toEqual([4401, "Unauthorized"]);
  });

  it("closes a socket that sends an invalid message", async () => {
    const { socket, opened, closed } = connect();
    await opened;
    socket.send("{");
    expect(await closed).toEqual([4400, "Invalid message received"]);
  });
});

describe("the upgrade", () => {
  it.each([
    ["a page of a listed origin", ORIGIN],
    ["a page of this host", "SELF"],
  ])("accepts %s", async (_, origin) => {
    const { socket, opened } = connect({ origin: origin === "SELF" ? new URL(api.url()).origin : origin });
    await opened;
    socket.close();
  });

  it.each(["https://evil.example", "null", "https://app.example.evil.example", "http://app.example"])(
    "refuses a page of %s",
    async (origin) => {
      expect(await connect({ origin }).refused).toBe(403);
    },
  );

  it("answers 404 at another path", async () => {
    expect(await connect({ path: "/graphiql" }).refused).toBe(404);
  });

  it("does not agree to another protocol", async () => {
    const { socket, opened } = connect({ protocol: "graphql-ws" });
    await expect(opened).rejects.toThrow(/subprotocol/i);
    socket.terminate();
  });

  it("answers an offer of HTTP/2 as a plain request", async () => {
    const call = request(api.url("/healthz"), { headers: { Connection: "Upgrade, HTTP2-Settings", Upgrade: "h2c" } });
    call.end();
    const [response] = await once(call, "response");
    expect(response.statusCode).toBe(200);
    response.resume();
  });
});
