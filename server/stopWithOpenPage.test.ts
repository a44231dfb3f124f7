import { once } from "node:events";
import { request } from "node:http";
import { expect, it } from "@jest/globals";
import { EVENT_STREAM_PATH } from "../graphql/preset.ts";
import { TEST_TOKENS } from "../testkit/api.ts";
import { useTestDatabase } from "../testkit/database.ts";
import { startApp } from "./app.ts";
import { makeLogger } from "./log.ts";

const db = useTestDatabase();

it("stops while GraphiQL is open and listens for schema changes", async () => {
  const app = await startApp({
    authDatabaseUrl: db.authUrl,
    tokens: TEST_TOKENS,
    logger: makeLogger({ logLevel: "silent", production: true }),
    host: "127.0.0.1",
    port: 0,
    graphiql: true,
    development: true,
  });
  const page = request(`${app.url}${EVENT_STREAM_PATH}`, { headers: { Accept: "text/event-stream" } }).end();
  page.on("error", () => {});
  const [response] = await once(page, "response");
  expect(response.statusCode).toBe(200);
  response.on("error", () => {}).resume();
  const cut = new Promise((resolve) => response.on("close", resolve));
  await app.stop();
  await cut;
  // Shorter than the server's timeout for requests in progress.
}, 8_000);
