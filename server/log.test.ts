import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, it } from "@jest/globals";
import { TEST_TOKENS, useTestApi } from "../testkit/api.ts";
import { startApp } from "./app.ts";
import { makeLogger } from "./log.ts";
import { signToken } from "./tokens.ts";

const CREATE = `mutation ($state: JSON!, $stage: Int) {
  createWizardSession(input: { wizardSession: { state: $state, stage: $stage } }) { wizardSession { id } }
}`;

const api = useTestApi();
const entries = () => api.logged().map((line) => JSON.parse(line));
const entriesOf = (id: string) => entries().filter((entry) => entry.req?.id === id);

const makeToken = () => signToken(TEST_TOKENS, { sub: randomUUID(), role: "authenticated", expiresIn: "1h" });

/** A text that must not appear anywhere in the log. */
function makeSecret(): string {
  return `secret${randomUUID().replaceAll("-", "")}`;
}

async function post(body: unknown, headers: Record<string, string> = {}, path = "/graphql"): Promise<Response> {
  const response = await fetch(api.url(path), {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  await response.clone().text();
  return response;
}

describe("the log of a request", () => {
  it("has only its id, method, path, status and time", async () => {
    const id = randomUUID();
    const response = await post({ query: "{ __typename }" }, { "X-Request-Id": id }, "/graphql?query=typed");
    expect(response.status).toBe(200);
    const [entry, ...others] = entriesOf(id);
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ level: 30, msg: "request completed", responseTime: expect.any(Number) });
    expect({ req: entry.req, res: entry.res }).toEqual({
      req: { id, method: "POST", path: "/graphql" },
      res: { statusCode: 200 },
    });
  });

  it("logs health checks only at level debug", async () => {
    const id = randomUUID();
    await fetch(api.url("/healthz"), { headers: { "X-Request-Id": id } });
    expect(entriesOf(id)).toEqual([expect.objectContaining({ level: 20 })]);
  });
});

describe("a request's id", () => {
  it("is generated, returned and logged", async () => {
    const id = (await post({ query: "{ __typename }" })).headers.get("x-request-id") ?? "";
    expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(entriesOf(id)).toHaveLength(1);
  });

  it.each(["a", "trace_7-of-9", "x".repeat(64)])("is the X-Request-Id %j of the caller", async (given) => {
    const response = await post({ query: "{ __typename }" }, { "X-Request-Id": given });
    expect(response.headers.get("x-request-id")).toBe(given);
    expect(entriesOf(given)).toHaveLength(1);
  });

  it.each(["", "x".repeat(65), "two words", 'quote"', "a,b", "<script>", "../up", "é"])(
    "is generated if X-Request-Id is %j",
    async (given) => {
      const response = await post({ query: "{ __typename }" }, { "X-Request-Id": given });
      const id = response.headers.get("x-request-id") ?? "";
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
      expect(entriesOf(id)).toHaveLength(1);
      if (given !== "") expect(entries().filter(({ req }) => req?.id === given)).toEqual([]);
    },
  );

  it("is returned and logged for a refusal", async () => {
    const response = await post({ query: "{ __typename }" }, { Authorization: "Bearer a.b.c" });
    const id = response.headers.get("x-request-id") ?? "";
    expect(response.status).toBe(401);
    expect(entriesOf(id)).toEqual([
      expect.objectContaining({ msg: "token refused", reason: expect.any(String) }),
      expect.objectContaining({ msg: "request completed", res: { statusCode: 401 } }),
    ]);
  });
});

describe("the log never contains", () => {
  it("a valid token", async () => {
    const token = await makeToken();
    const response = await post({ query: "{ __typename }" }, { Authorization: `Bearer ${token}` });
    expect(response.status).toBe(200);
    expect(api.logged().join("")).not.toContain(token.split(".")[1]);
  });

  it.each([
    ["an invalid token", "Bearer"],
    ["a password", "Basic"],
    ["an unknown scheme", ""],
  ])("%s", async (_, scheme) => {
    const secret = makeSecret();
    const response = await post({ query: "{ __typename }" }, { Authorization: `${scheme} ${secret}`, Cookie: secret });
    expect(response.status).toBe(401);
    expect(api.logged().join("")).not.toContain(secret);
  });

  it("the claims of a refused token", async () => {
    const secret = makeSecret();
    const claims = Buffer.from(JSON.stringify({ sub: secret, role: secret, aud: secret })).toString("base64url");
    await post({ query: "{ __typename }" }, { Authorization: `Bearer eyJhbGciOiJIUzI1NiJ9.${claims}.AAAA` });
    expect(api.logged().join("")).not.toContain(secret);
  });

  it("a state that was saved", async () => {
    const secret = makeSecret();
    const ada = await api.user();
    await ada.ask(CREATE, { state: { title: secret } });
    expect(api.logged().join("")).not.toContain(secret);
  });

  it("a state that was refused", async () => {
    const secret = makeSecret();
    const ada = await api.user();
    expect(await ada.refused(CREATE, { state: { title: secret }, stage: 7 })).toMatchObject({
      extensions: { code: "INVALID_INPUT" },
    });
    expect(await ada.refused(CREATE, { state: [secret] })).toMatchObject({ extensions: { code: "INVALID_INPUT" } });
    expect(await ada.refused(CREATE, { state: { big: secret.repeat(8_000) } })).toMatchObject({
      extensions: { code: "STATE_TOO_LARGE" },
    });
    expect(await api.anon().refused(CREATE, { state: { title: secret } })).toMatchObject({
      extensions: { code: "FORBIDDEN" },
    });
    expect(api.logged().join("")).not.toContain(secret);
  });

  it.each([
    ["is not JSON", (secret: string) => `{ "${secret}`, 400],
    ["is not GraphQL", (secret: string) => ({ query: `{ ${secret} ` }), 400],
    ["does not match the schema", (secret: string) => ({ query: `{ ${secret} }` }), 400],
    ["has invalid variables", (secret: string) => ({ query: CREATE, variables: { stage: secret } }), 400],
    ["is too large", (secret: string) => ({ query: "{ __typename }", variables: { x: secret.repeat(40_000) } }), 413],
  ])("anything of a request that %s", async (_, makeBody, status) => {
    const secret = makeSecret();
    expect((await post(makeBody(secret))).status).toBe(status);
    expect(api.logged().join("")).not.toContain(secret);
  });

  it("rows that PostgreSQL quotes, but the error under the id that the caller gets", async () => {
    await api.db.root.query(`
      create function app_private.fail() returns trigger language plpgsql as $$
        begin
          raise exception 'out of order' using errcode = 'XX000', detail = NEW.state::text, hint = NEW.state::text,
            column = 'state', table = 'wizard_sessions';
        end $$;
      create trigger fail before insert on wizard_sessions for each row
        when (NEW.state ? 'fail') execute function app_private.fail()`);
    const secret = makeSecret();
    const ada = await api.user();
    const { message, extensions } = await ada.refused(CREATE, { state: { fail: secret } });
    const { errorId } = extensions;
    expect({ message, extensions }).toEqual({
      message: `Something went wrong on the server. Quote this id when you report it: ${errorId}`,
      extensions: { code: "INTERNAL_SERVER_ERROR", errorId: expect.any(String) },
    });
    expect(entries().filter((entry) => entry.errorId === errorId)).toEqual([
      expect.objectContaining({
        level: 50,
        err: expect.objectContaining({ message: "out of order", code: "XX000", column: "state" }),
      }),
    ]);
    expect(api.logged().join("")).not.toContain(secret);
  });
});

describe("an error during a request", () => {
  let stop: (() => Promise<void>) | undefined;
  afterEach(() => stop?.());

  it("is logged with its type, message and stack", async () => {
    const lines: string[] = [];
    const app = await startApp({
      authDatabaseUrl: api.db.authUrl,
      // No server listens there.
      tokens: { jwksUrl: new URL("http://127.0.0.1:1/keys"), audience: "authenticated" },
      logger: makeLogger({ logLevel: "info", production: true }, { write: (line) => lines.push(line) }),
      host: "127.0.0.1",
      port: 0,
      graphiql: false,
      development: false,
    });
    stop = app.stop;
    const token = (await makeToken()).replace(/^[^.]+/, Buffer.from('{"alg":"ES256"}').toString("base64url"));
    const response = await fetch(`${app.url}/graphql`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(503);
    const [entry] = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "cannot verify tokens");
    expect(entry).toMatchObject({
      level: 50,
      req: { id: response.headers.get("x-request-id") },
      err: { type: "KeysUnavailableError", stack: expect.stringContaining("KeysUnavailableError") },
    });
    expect(entry.err.message).toMatch(/^The issuer's keys could not be fetched: /);
    expect(lines.join("")).not.toContain(token);
  });
});
