import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import pg from "pg";
import { TEST_TOKENS } from "../testkit/api.ts";
import { useTestDatabase } from "../testkit/database.ts";
import { type Program, usePrograms } from "../testkit/programs.ts";
import { singleRow, startSession, storedSession } from "../testkit/rows.ts";
import { startTcpProxy } from "../testkit/tcpProxy.ts";
import { until } from "../testkit/until.ts";
import { signToken } from "./tokens.ts";

const USER = "ada00000-0000-4000-8000-00000000000a";
const CREATE = "mutation { createWizardSession(input: { wizardSession: {} }) { wizardSession { id } } }";
const SAVE = `mutation ($id: UUID!, $title: String!, $saveId: UUID!) {
  saveWizardSession(input: { id: $id, saveId: $saveId, baseRevision: 0, patch: { title: $title } }) {
    outcome wizardSession { revision }
  }
}`;
const UPDATE = `mutation ($id: UUID!, $title: String!) {
  updateWizardSession(input: { id: $id, patch: { state: { title: $title } } }) { wizardSession { revision } }
}`;
const OVERLOADED = { status: 503, retryAfter: "1", body: { errors: [{ extensions: { code: "OVERLOADED" } }] } };
// The server's connections that wait for a lock of the test.
const WAITING = `select pid from pg_stat_activity
  where wait_event_type = 'Lock' and application_name = 'stagekeep' and datname = current_database()`;

const programs = usePrograms();

/** The connections of the API that run a statement. */
const ACTIVE = `select from pg_stat_activity
   where datname = current_database() and usename = 'authenticator' and state = 'active'`;

interface Server {
  readonly program: Program;
  readonly url: string;
}

async function startServer(settings: Record<string, string>): Promise<Server> {
  const program = programs.start(["node", "server/main.ts"], { PORT: "0", ...settings });
  const [, url = ""] = await program.printed(/GraphQL +(http:\S+)\/graphql/);
  return { program, url };
}

async function request({ url }: Server, token: string, query: string, variables: object = {}) {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, retryAfter: response.headers.get("retry-after"), body: await response.json() };
}

describe("a server whose connection breaks while a save holds it", () => {
  const db = useTestDatabase();
  let server: Server;
  let token: string;
  let proxy: ReturnType<typeof startTcpProxy>;
  let port: number;
  beforeAll(async () => {
    token = await signToken(TEST_TOKENS, { sub: USER, role: "authenticated", expiresIn: "1h" });
    proxy = startTcpProxy(new URL(db.authUrl));
    port = await proxy.listen(0);
    const url = new URL(db.authUrl);
    url.port = String(port);
    server = await startServer({
      NODE_ENV: "production",
      JWT_SECRET: TEST_TOKENS.secret,
      DATABASE_URL: db.ownerUrl,
      AUTH_DATABASE_URL: url.href,
      WORKER: "0",
    });
  });
  afterAll(() => proxy.cut());

  /** Sends a save that waits for a row lock, breaks its connection, and returns the response. */
  async function saveAndBreak(id: string, query: string, breakConnection: (pid: number) => Promise<unknown>) {
    const holder = await db.root.connect();
    try {
      await holder.query("begin");
      await holder.query("select from wizard_sessions where id = $1 for update", [id]);
      const variables = { id, title: "interrupted", saveId: crypto.randomUUID() };
      const answer = request(server, token, query, variables);
      const pid = await until(async () => (await holder.query<{ pid: number }>(WAITING)).rows[0]?.pid, "waiting save");
      await breakConnection(pid);
      return await answer;
    } finally {
      await holder.query("rollback");
      holder.release();
    }
  }

  it.each([SAVE, UPDATE])(
    "that is ended by pg_terminate_backend answers 503, saves nothing, and serves the next save",
    async (query) => {
      const { id } = await startSession(db, USER);
      const terminate = (pid: number) => db.root.query("select pg_terminate_backend($1)", [pid]);
      expect(await saveAndBreak(id, query, terminate)).toMatchObject(OVERLOADED);
      await until(async () => (await db.root.query(WAITING)).rowCount === 0, "end of the interrupted save");
      expect(await storedSession(db, id)).toMatchObject({ revision: 0, state: {} });

      const next = await request(server, token, query, { id, title: "next", saveId: crypto.randomUUID() });
      expect(next).toMatchObject({ status: 200, body: { data: expect.anything() } });
      expect(await storedSession(db, id)).toMatchObject({ revision: 1, state: { title: "next" } });
    },
  );

  it.each([SAVE, UPDATE])(
    "that is cut by the network answers 503, saves once or not at all, and serves the next save",
    async (query) => {
      const { id } = await startSession(db, USER);
      const cut = () => proxy.cut().then(() => proxy.listen(port));
      expect(await saveAndBreak(id, query, cut)).toMatchObject(OVERLOADED);
      await until(async () => (await db.root.query(ACTIVE)).rowCount === 0, "end of the interrupted save");
      // PostgreSQL has the whole transaction, so it may commit it although it can't answer any more.
      const { revision = -1, state } = (await storedSession(db, id)) ?? {};
      expect([
        { revision: 0, state: {} },
        { revision: 1, state: { title: "interrupted" } },
      ]).toContainEqual({ revision, state });

      const next = await request(server, token, query, { id, title: "next", saveId: crypto.randomUUID() });
      expect(next).toMatchObject({ status: 200, body: { data: expect.anything() } });
      const outcome = next.body.data.saveWizardSession?.outcome;
      // A save onto revision 0 after the interrupted one wrote the same field is a conflict.
      const isWritten = outcome !== "CONFLICT";
      expect(await storedSession(db, id)).toMatchObject({ revision: revision + (isWritten ? 1 : 0) });
    },
  );

  it("that is cut during the commit answers 503, keeps the save, and recognises it when it is sent again", async () => {
    const { id } = await startSession(db, USER);
    // A deferred trigger runs within `commit`, and waits there for the lock that this test holds.
    await db.root.query(`
      create function wait_in_commit() returns trigger language plpgsql as
        $$ begin perform pg_advisory_xact_lock_shared(42); return null; end $$;
      create constraint trigger wait_in_commit after update on wizard_sessions
        deferrable initially deferred for each row execute function wait_in_commit()`);
    const holder = await db.root.connect();
    const variables = { id, title: "kept", saveId: crypto.randomUUID() };
    try {
      await holder.query("select pg_advisory_lock(42)");
      const answer = request(server, token, SAVE, variables);
      await until(async () => (await holder.query(WAITING)).rowCount === 1, "waiting commit");
      await proxy.cut();
      expect(await answer).toMatchObject(OVERLOADED);
    } finally {
      await holder.query("select pg_advisory_unlock(42)");
      holder.release();
      await db.root.query("drop function wait_in_commit cascade");
    }
    await until(async () => (await storedSession(db, id))?.revision === 1, "commit");
    await proxy.listen(port);
    expect(await storedSession(db, id)).toMatchObject({ revision: 1, state: { title: "kept" } });
    expect(await request(server, token, SAVE, variables)).toMatchObject({
      status: 200,
      body: { data: { saveWizardSession: { outcome: "DUPLICATE", wizardSession: { revision: 1 } } } },
    });
  });
});

describe("a server on an embedded database", () => {
  it("survives kill -9 of the PostgreSQL process that runs a save, and recovers with the database", async () => {
    const dataDir = await programs.folder();
    const server = await startServer({ DATA_DIR: dataDir });
    const { jwtSecret, superuserPassword } = JSON.parse(await readFile(join(dataDir, "secrets.json"), "utf8"));
    const tokens = { secret: jwtSecret as string, audience: "authenticated" };
    const token = await signToken(tokens, { sub: USER, role: "authenticated", expiresIn: "1h" });
    const { body } = await request(server, token, CREATE);
    const { id } = body.data.createWizardSession.wizardSession;

    const lockFile = await readFile(join(dataDir, "postgres/data/postmaster.pid"), "utf8");
    const connection = { user: "postgres", password: superuserPassword as string, database: "stagekeep" };
    const connect = async () => {
      const client = new pg.Client({ host: "127.0.0.1", port: Number(lockFile.split("\n")[3]), ...connection });
      client.on("error", () => {});
      await client.connect();
      return client;
    };
    const holder = await connect();
    await holder.query("begin");
    await holder.query("select from wizard_sessions where id = $1 for update", [id]);
    const answer = request(server, token, SAVE, { id, title: "interrupted", saveId: crypto.randomUUID() });
    const pid = await until(async () => (await holder.query<{ pid: number }>(WAITING)).rows[0]?.pid, "waiting save");
    process.kill(pid, "SIGKILL");
    expect(await answer).toMatchObject(OVERLOADED);
    await holder.end();

    await until(async () => (await fetch(`${server.url}/readyz`)).status === 200, "recovery");
    const next = { id, title: "next", saveId: crypto.randomUUID() };
    expect(await request(server, token, SAVE, next)).toMatchObject({
      status: 200,
      body: { data: { saveWizardSession: { outcome: "SAVED", wizardSession: { revision: 1 } } } },
    });
    const reader = await connect();
    const { rows } = await reader.query("select state, revision from wizard_sessions where id = $1", [id]);
    await reader.end();
    expect(singleRow(rows)).toEqual({ state: { title: "next" }, revision: 1 });

    server.program.signal("SIGTERM");
    expect(await server.program.ended).toMatchObject({ code: 0 });
  });
});
