import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import pg from "pg";
import { makeSchema } from "postgraphile";
import { grafast } from "postgraphile/grafast";
import { claimsFor, useTestDatabase } from "../testkit/database.ts";
import { makePreset } from "./preset.ts";
import {
  CONNECTION_LOST,
  FORBIDDEN_FILTER_VALUE,
  NO_FREE_CONNECTION,
  NO_ROW_DELETED,
  STACK_OVERFLOW,
} from "./upstreamMessages.ts";

const USER = "ada00000-0000-4000-8000-000000000001";

async function messageOf(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => new Error("It did not fail."),
    (error: Error) => error,
  );
  return error.message;
}

describe("pg", () => {
  const db = useTestDatabase();

  it("has no free connection in time", async () => {
    const pool = new pg.Pool({ connectionString: db.authUrl, max: 1 });
    const client = await pool.connect();
    pool.options.connectionTimeoutMillis = 50;
    expect(await messageOf(pool.connect())).toMatch(NO_FREE_CONNECTION);
    client.release();
    await pool.end();
  });

  it("loses the connection that runs a query", async () => {
    const client = new pg.Client({ connectionString: db.authUrl });
    client.on("error", () => {});
    await client.connect();
    const query = messageOf(client.query("select pg_sleep(60)"));
    client.connection.stream.destroy();
    expect(await query).toMatch(CONNECTION_LOST);
  });

  it("runs a query on a connection that is already lost or closed", async () => {
    for (const breakOff of [
      (client: pg.Client) => client.connection.stream.destroy(),
      (client: pg.Client) => client.end(),
    ]) {
      const client = new pg.Client({ connectionString: db.authUrl });
      client.on("error", () => {});
      await client.connect();
      const ended = new Promise((resolve) => client.once("end", resolve));
      breakOff(client);
      await ended;
      expect(await messageOf(client.query("select 1"))).toMatch(/^Client (?:has|was)/);
      expect(await messageOf(client.query("select 1"))).toMatch(CONNECTION_LOST);
    }
  });

  it("gets no answer from the server in time", async () => {
    const silent = createServer((socket) => socket.on("error", () => {}));
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const pool = new pg.Pool({ host: "127.0.0.1", port, user: "nobody", connectionTimeoutMillis: 50 });
    expect(await messageOf(pool.connect())).toMatch(CONNECTION_LOST);
    await pool.end();
    silent.close();
  });
});

describe("PostGraphile", () => {
  const db = useTestDatabase();
  let pool: pg.Pool;
  let stock: Awaited<ReturnType<typeof makeSchema>>;
  beforeAll(async () => {
    pool = new pg.Pool({ connectionString: db.authUrl });
    pool.on("error", () => {});
    const preset = makePreset({ pool, claimsOf: () => claimsFor(USER), logMasked: () => {} });
    stock = await makeSchema({ extends: [preset], disablePlugins: ["NotFoundPlugin"] });
  });
  afterAll(() => pool.end());

  async function refusalOf(source: string): Promise<string> {
    const { schema, resolvedPreset } = stock;
    const answer = await grafast({ schema, source, resolvedPreset, requestContext: {} });
    if (!("errors" in answer)) throw new Error(`This was not refused: ${JSON.stringify(answer)}`);
    return answer.errors?.[0]?.originalError?.message ?? "";
  }

  it("deletes a row that does not exist", async () => {
    expect(
      await refusalOf(`mutation { deleteWizardSession(input: { id: "${USER}" }) { wizardSession { id } } }`),
    ).toMatch(NO_ROW_DELETED);
  });

  it.each(["{ stage: null }", "{}", "{ stage: { equalTo: null } }"])("gets the filter %s", async (filter) => {
    expect(await refusalOf(`{ wizardSessions(filter: ${filter}) { totalCount } }`)).toMatch(FORBIDDEN_FILTER_VALUE);
  });
});

it("V8 runs out of stack", () => {
  const recurse = (depth: number): number => 1 + recurse(depth + 1);
  expect(() => recurse(0)).toThrow(STACK_OVERFLOW);
});
