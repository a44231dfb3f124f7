import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import pg from "pg";
import { TEST_TOKENS, useTestApi } from "../testkit/api.ts";
import { until } from "../testkit/until.ts";
import { type App, startApp } from "./app.ts";
import { makeLogger } from "./log.ts";

const NOTIFY = new URL("../db/notify-watchers.sql", import.meta.url);
const FIELDS = "{ __schema { queryType { fields { name } } } }";

describe("a table that a migration adds", () => {
  let development: App;
  // Hooks run in order: the server has to stop before its database is dropped.
  afterAll(() => development.stop());
  const production = useTestApi({ development: false });
  beforeAll(async () => {
    development = await startApp({
      authDatabaseUrl: production.db.authUrl,
      tokens: TEST_TOKENS,
      logger: makeLogger({ logLevel: "silent", production: true }),
      host: "127.0.0.1",
      port: 0,
      graphiql: true,
      development: true,
    });
  });

  async function fields(url: string): Promise<string[]> {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ query: FIELDS }),
    });
    const { data } = (await response.json()) as { data: { __schema: { queryType: { fields: { name: string }[] } } } };
    return data.__schema.queryType.fields.map(({ name }) => name);
  }

  /** Runs SQL as graphile-migrate does: as the owner, followed by the actions of `.gmrc`. */
  async function migrate(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: production.db.ownerUrl });
    await client.connect();
    try {
      await client.query(sql);
      await client.query(await readFile(NOTIFY, "utf8"));
    } finally {
      await client.end();
    }
  }

  it("appears in the API without a restart in development, but not in production", async () => {
    const url = `${development.url}/graphql`;
    const before = await fields(url);
    expect(before).not.toContain("venues");

    await migrate("create table venues (id uuid primary key, name text); grant select on venues to anon");
    await until(async () => (await fields(url)).includes("venues"), "field for the new table");
    expect(await fields(production.url())).toEqual(before);

    await migrate("drop table venues");
    await until(async () => !(await fields(url)).includes("venues"), "schema without it");
    expect(await fields(url)).toEqual(before);
  });
});
