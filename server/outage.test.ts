import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { TEST_TOKENS } from "../testkit/api.ts";
import { useTestDatabase } from "../testkit/database.ts";
import { startSession, storedSession } from "../testkit/rows.ts";
import { startTcpProxy } from "../testkit/tcpProxy.ts";
import { type App, startApp } from "./app.ts";
import { makeLogger } from "./log.ts";
import { signToken } from "./tokens.ts";

const USER = "ada00000-0000-4000-8000-00000000000a";
const SAVE = `mutation ($id: UUID!) {
  updateWizardSession(input: { id: $id, patch: { stage: 2 } }) { wizardSession { revision } }
}`;

let app: App;
const lines: string[] = [];
let proxy: ReturnType<typeof startTcpProxy>;
let port: number;
const db = useTestDatabase();
beforeAll(async () => {
  const url = new URL(db.authUrl);
  proxy = startTcpProxy(new URL(db.authUrl));
  port = await proxy.listen(0);
  url.port = String(port);
  app = await startApp({
    authDatabaseUrl: url.href,
    tokens: TEST_TOKENS,
    logger: makeLogger({ logLevel: "info", production: true }, { write: (line) => lines.push(line) }),
    host: "127.0.0.1",
    port: 0,
    graphiql: false,
    development: false,
  });
});
afterAll(async () => {
  await app.stop();
  await proxy.cut();
});

async function save(id: string) {
  const token = await signToken(TEST_TOKENS, { sub: USER, role: "authenticated", expiresIn: "1h" });
  const response = await fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: SAVE, variables: { id } }),
  });
  return { status: response.status, retryAfter: response.headers.get("retry-after"), body: await response.json() };
}

it("answers 503 while the database is unavailable, and recovers", async () => {
  const session = await startSession(db, USER);
  const saved = (revision: number) => ({
    status: 200,
    retryAfter: null,
    body: { data: { updateWizardSession: { wizardSession: { revision } } } },
  });
  expect(await save(session.id)).toEqual(saved(1));

  await proxy.cut();
  expect(await save(session.id)).toMatchObject({
    status: 503,
    retryAfter: "1",
    body: { data: { updateWizardSession: null }, errors: [{ extensions: { code: "OVERLOADED" } }] },
  });
  expect((await fetch(`${app.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
  expect(await storedSession(db, session.id)).toMatchObject({ revision: 1 });

  await proxy.listen(port);
  expect(await save(session.id)).toEqual(saved(2));
});

it("logs a request whose URL only resembles a health check", async () => {
  lines.length = 0;
  await fetch(`${app.url}/graphql?z`);
  await fetch(`${app.url}/healthz`);
  expect(lines.filter((line) => line.includes('"path":"/graphql"'))).toHaveLength(1);
  expect(lines.filter((line) => line.includes('"path":"/healthz"'))).toHaveLength(0);
});
