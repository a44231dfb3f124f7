import { afterEach, describe, expect, it } from "@jest/globals";
import pg from "pg";
import { useTestApi } from "../../testkit/api.ts";
import { testRootUrl } from "../../testkit/cluster.ts";
import { startApp } from "../app.ts";
import { makeLogger } from "../log.ts";
import { UserError } from "../userError.ts";

const api = useTestApi();

async function get(path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(api.url(path));
  return { status: response.status, body: await response.json() };
}

/** Runs in another database, because the closed one accepts no connection. */
async function fromOutside(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: testRootUrl() });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

// A closed database refuses new connections and ends the open ones.
const closeDatabase = () => {
  const { name } = api.db;
  // Also closes the connections of the test itself.
  api.db.root.on("error", () => {});
  return fromOutside(
    `alter database ${name} with allow_connections false`,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
  );
};
const openDatabase = () => fromOutside(`alter database ${api.db.name} with allow_connections true`);

const OK = { status: 200, body: { status: "ok" } };
const READY = { status: 200, body: { status: "ready" } };
const UNREACHABLE = { status: 503, body: { status: "can't connect to the database" } };
const UNMIGRATED = { status: 503, body: { status: "the database is not migrated; run npm run db:migrate" } };

describe("/healthz and /readyz", () => {
  it("answer 200 while the database is available", async () => {
    expect([await get("/healthz"), await get("/readyz")]).toEqual([OK, READY]);
  });

  it("need no token, and ignore an invalid one", async () => {
    const response = await fetch(api.url("/readyz"), { headers: { Authorization: "Bearer a.b.c" } });
    expect({ status: response.status, body: await response.json() }).toEqual(READY);
  });

  describe("while the database is unavailable", () => {
    afterEach(openDatabase);

    it("distinguish the process from its database, and recover", async () => {
      await closeDatabase();
      expect([await get("/healthz"), await get("/readyz")]).toEqual([OK, UNREACHABLE]);
      await openDatabase();
      expect(await get("/readyz")).toEqual(READY);
      const ada = await api.user();
      expect(await ada.ask("{ wizardSessions { totalCount } }")).toEqual({ wizardSessions: { totalCount: 0 } });
    });

    it("log the reason without the password", async () => {
      await closeDatabase();
      await get("/readyz");
      const entries = api.logged().map((line) => JSON.parse(line));
      expect(entries).toContainEqual(
        expect.objectContaining({
          level: 40,
          msg: "cannot connect to the database",
          // The second one if the connection is cut during the query.
          err: expect.objectContaining({
            message: expect.stringMatching(/not currently accepting connections|terminating connection/),
          }),
        }),
      );
      expect(api.logged().join("")).not.toContain(new URL(api.db.authUrl).password);
    });
  });

  describe("while the database is not migrated", () => {
    afterEach(() => api.db.root.query("alter table wizard_sessions_away rename to wizard_sessions"));

    it("distinguish that from an unavailable database", async () => {
      await api.db.root.query("alter table wizard_sessions rename to wizard_sessions_away");
      expect([await get("/healthz"), await get("/readyz")]).toEqual([OK, UNMIGRATED]);
      await expect(startAnother(api.db.authUrl)).rejects.toEqual(
        new UserError("The database has no tables yet. Run npm run db:migrate, then start again."),
      );
    });
  });
});

it("a server does not start without its database, and names the setting", async () => {
  await expect(startAnother("postgres://authenticator:word@127.0.0.1:1/stagekeep")).rejects.toEqual(
    new UserError("AUTH_DATABASE_URL: can't connect to the database: connect ECONNREFUSED 127.0.0.1:1"),
  );
});

async function startAnother(authDatabaseUrl: string): Promise<void> {
  const app = await startApp({
    authDatabaseUrl,
    tokens: { secret: "not needed here", audience: "authenticated" },
    logger: makeLogger({ logLevel: "silent", production: true }),
    host: "127.0.0.1",
    port: 0,
    graphiql: false,
    development: false,
  });
  await app.stop();
}
