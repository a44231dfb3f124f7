import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { GraphQLClient } from "graphql-request";
import pg from "pg";
import { backdate } from "../testkit/backdating.ts";
import { type TestDatabase, useTestDatabase } from "../testkit/database.ts";
import { isGroupRunning, type Program, postgresIn, usePrograms } from "../testkit/programs.ts";
import { startSession, storedSession } from "../testkit/rows.ts";
import { startTcpProxy } from "../testkit/tcpProxy.ts";
import { until } from "../testkit/until.ts";
import { PROJECT_ROOT } from "./database/migrate.ts";
import { DEMO_USERS } from "./dev/demoUsers.ts";

const [ADA, BEN, CLEO] = DEMO_USERS;
const CREATE = `mutation ($state: JSON!) {
  createWizardSession(input: { wizardSession: { state: $state } }) { wizardSession { id } }
}`;
const SAVE = `mutation ($id: UUID!, $state: JSON!) {
  updateWizardSession(input: { id: $id, patch: { state: $state } }) { wizardSession { state revision } }
}`;
const READ = "query ($id: UUID!) { wizardSession(id: $id) { userId state revision } }";

const programs = usePrograms();

interface Server {
  readonly program: Program;
  readonly url: string;
}

type Settings = Record<string, string>;

const npmStart = (settings: Settings) => follow(programs.start(["npm", "start"], { PORT: "0", ...settings }));

// Without npm, which forwards each signal: the second one may arrive after the server has stopped.
const nodeStart = (settings: Settings) =>
  follow(programs.start(["node", "server/main.ts"], { PORT: "0", ...settings }));

async function follow(program: Program): Promise<Server> {
  const [, url = ""] = await program.printed(/GraphQL +(http:\S+)\/graphql/);
  return { program, url };
}

/** A data folder with a migrated database, including `current/`. */
async function migratedDataDir(): Promise<string> {
  const dataDir = await programs.folder();
  const migrated = await programs.run(["node", "server/commands/graphileMigrate.ts", "current"], { DATA_DIR: dataDir });
  expect(migrated).toMatchObject({ code: 0 });
  return dataDir;
}

async function printToken(dataDir: string, sub: string): Promise<string> {
  const command = ["npm", "run", "--silent", "token", "--", "--sub", sub] as const;
  const { stdout } = await programs.run(command, { DATA_DIR: dataDir });
  return stdout.trim();
}

function callerOf({ url }: Server, token: string): GraphQLClient {
  return new GraphQLClient(`${url}/graphql`, { headers: { authorization: `Bearer ${token}` } });
}

/** Connects as superuser to the embedded database of that folder. */
async function superuser(dataDir: string): Promise<pg.Client> {
  const { superuserPassword: password } = JSON.parse(await readFile(join(dataDir, "secrets.json"), "utf8"));
  const lockFile = await readFile(join(dataDir, "postgres/data/postmaster.pid"), "utf8");
  const port = Number(lockFile.split("\n")[3]);
  const client = new pg.Client({ host: "127.0.0.1", port, user: "postgres", password, database: "stagekeep" });
  client.on("error", () => {});
  await client.connect();
  return client;
}

describe("npm start on an embedded database", () => {
  let dataDir: string;
  let adasToken: string;
  let bensToken: string;
  beforeAll(async () => {
    dataDir = await migratedDataDir();
    [adasToken, bensToken] = await Promise.all([printToken(dataDir, ADA.id), printToken(dataDir, BEN.id)]);
  });

  const nothingIsLeft = async ({ program }: Server) => {
    expect({ group: isGroupRunning(program.pid), postgres: await postgresIn(dataDir) }).toEqual({
      group: false,
      postgres: [],
    });
  };

  it("prints its URLs and the demo users, and serves them", async () => {
    const { url, program } = await npmStart({ DATA_DIR: dataDir });
    await program.printed(/npm run token/);
    for (const path of ["/", "/healthz", "/readyz", "/graphiql"]) {
      const response = await fetch(`${url}${path}`, { headers: { Accept: "text/html, application/json" } });
      expect({ path, status: response.status }).toEqual({ path, status: 200 });
    }
    program.signal("SIGTERM");
    const { stdout } = await program.ended;
    expect(stdout).toContain(`
Stagekeep is running. Press Ctrl-C to stop it.

  Page       ${url}/
  GraphQL    ${url}/graphql
  GraphiQL   ${url}/graphiql
  Health     ${url}/healthz and ${url}/readyz

  Sign in as Ada (${ADA.id})
  Sign in as Ben (${BEN.id})
  Sign in as Cleo (${CLEO.id}, analyst)
`);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "stops on %s: answers requests in progress, keeps their data, and leaves no process",
    async (signal) => {
      const server = await npmStart({ DATA_DIR: dataDir });
      const ada = callerOf(server, adasToken);
      const created = await ada.request<{ createWizardSession: { wizardSession: { id: string } } }>(CREATE, {
        state: { title: "Summer party" },
      });
      const { id } = created.createWizardSession.wizardSession;

      const holder = await superuser(dataDir);
      await holder.query("begin");
      await holder.query("select from wizard_sessions where id = $1 for update", [id]);
      const underWay = ada.request(SAVE, { id, state: { title: "Autumn party" } });
      await until(
        async () => (await holder.query("select from pg_stat_activity where wait_event_type = 'Lock'")).rowCount,
        "save that waits",
      );

      server.program.signal(signal);
      await server.program.printed(/waiting for requests in progress/);
      await expect(fetch(`${server.url}/healthz`)).rejects.toThrow("fetch failed");
      await holder.query("commit");
      expect(await underWay).toEqual({
        updateWizardSession: { wizardSession: { state: { title: "Autumn party" }, revision: 1 } },
      });
      await holder.end();
      expect(await server.program.ended).toMatchObject({
        code: 0,
        stderr: "",
        stdout: expect.stringMatching(/"stopped"}\n$/),
      });
      await nothingIsLeft(server);

      const again = await npmStart({ DATA_DIR: dataDir });
      const read = await callerOf(again, adasToken).request(READ, { id });
      expect(read).toEqual({ wizardSession: { userId: ADA.id, state: { title: "Autumn party" }, revision: 1 } });
      // RLS hides the session from another user.
      expect(await callerOf(again, bensToken).request(READ, { id })).toEqual({ wizardSession: null });
      again.program.signal(signal);
      expect(await again.program.ended).toMatchObject({ code: 0 });
      await nothingIsLeft(again);
    },
  );

  it("ignores a second Ctrl-C", async () => {
    const server = await npmStart({ DATA_DIR: dataDir });
    server.program.signal("SIGINT");
    await server.program.printed(/waiting for requests in progress/);
    server.program.signal("SIGINT");
    expect(await server.program.ended).toMatchObject({ code: 0, stderr: "" });
    await nothingIsLeft(server);
  });

  it("leaves no process if it is stopped while it starts", async () => {
    const fresh = await programs.folder();
    const program = programs.start(["npm", "start"], { DATA_DIR: fresh, PORT: "0" });
    await program.printed(/starting the embedded database/);
    program.signal("SIGINT");
    await program.ended;
    expect({ group: isGroupRunning(program.pid), postgres: await postgresIn(fresh) }).toEqual({
      group: false,
      postgres: [],
    });
  });

  it("keeps running when a second start on the same data is refused", async () => {
    const server = await npmStart({ DATA_DIR: dataDir });
    const second = await programs.run(["npm", "start"], { DATA_DIR: dataDir, PORT: "0" });
    expect(second).toMatchObject({ code: 1 });
    expect(second.stderr).toMatch(
      new RegExp(
        `^\\nAnother Stagekeep \\(process \\d+\\) is using the data in ${dataDir}\\. Stop it first, or set DATA_DIR`,
      ),
    );
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    server.program.signal("SIGINT");
    expect(await server.program.ended).toMatchObject({ code: 0 });
    await nothingIsLeft(server);
  });

  it("explains that the port is taken, and stops the database", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const port = String((other.address() as AddressInfo).port);
    try {
      const refused = await programs.run(["npm", "start"], { DATA_DIR: dataDir, PORT: port });
      expect(refused).toMatchObject({
        code: 1,
        stderr: `\nPort ${port} on 127.0.0.1 is in use. Set PORT to another port, or stop the program that uses it.\n`,
      });
      expect(await postgresIn(dataDir)).toEqual([]);
    } finally {
      other.close();
    }
  });
});

describe("npm start with a file where its data should be", () => {
  it("prints an error without a stack", async () => {
    const file = join(await programs.folder(), "file");
    await writeFile(file, "");
    const { code, stderr } = await programs.run(["npm", "start"], { DATA_DIR: file });
    expect(code).toBe(1);
    expect(stderr).toContain(`${file} is not a folder. Remove the file, or set DATA_DIR to another path.`);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe("a start in production", () => {
  it("lists the missing settings", async () => {
    const dataDir = await programs.folder();
    const { code, stdout, stderr } = await programs.run(["npm", "start"], {
      NODE_ENV: "production",
      DATA_DIR: dataDir,
      DATABASE_URL: "postgres://owner@localhost/stagekeep",
      PORT: "none",
    });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `
The environment is not valid:
  - PORT: expected a port number
  - AUTH_DATABASE_URL: missing; DATABASE_URL (the owner) needs it, to connect as authenticator
  - JWT_SECRET or JWKS_URL: missing; production has no default
See .env.example.
`,
    });
    expect(stdout).not.toContain("running");
  });

  const db = useTestDatabase();

  it("serves a configured database, without demo sign-in and GraphiQL, and creates no data folder", async () => {
    const dataDir = join(await programs.folder(), "data");
    const server = await nodeStart({
      NODE_ENV: "production",
      JWT_SECRET: "a secret of production, 32 bytes or more",
      DATABASE_URL: db.ownerUrl,
      AUTH_DATABASE_URL: db.authUrl,
      DATA_DIR: dataDir,
    });
    const statusOf = async (path: string) => (await fetch(`${server.url}${path}`)).status;
    expect(await statusOf("/readyz")).toBe(200);
    expect(await statusOf("/graphiql")).toBe(404);
    expect(await statusOf("/dev/sign-in")).toBe(404);
    server.program.signal("SIGTERM");
    const { code, stdout } = await server.program.ended;
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/GraphiQL|Ada|Ben/);
    await expect(readFile(join(dataDir, "secrets.json"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("a server", () => {
  const db = useTestDatabase();
  const settings = () => ({
    NODE_ENV: "production",
    JWT_SECRET: "a secret of production, 32 bytes or more",
    DATABASE_URL: db.ownerUrl,
    AUTH_DATABASE_URL: db.authUrl,
  });
  const exists = async (schema: string) =>
    (await db.root.query("select from pg_namespace where nspname = $1", [schema])).rowCount === 1;

  it("does not run the worker with WORKER=0", async () => {
    const server = await nodeStart({ ...settings(), WORKER: "0" });
    expect(await exists("graphile_worker")).toBe(false);
    server.program.signal("SIGTERM");
    expect(await server.program.ended).toMatchObject({ code: 0, stderr: "" });
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "sweeps with its settings, and leaves no connection after %s",
    async (signal) => {
      const server = await nodeStart({ ...settings(), ABANDON_AFTER: "2 weeks", LOG_LEVEL: "debug" });
      const { id } = await startSession(db, ADA.id);
      await backdate(db, id, "15 days");
      await db.root.query("select graphile_worker.add_job('sweep')");
      await until(async () => (await storedSession(db, id))?.status === "abandoned", "sweep");
      server.program.signal(signal);
      const { code, stdout, stderr } = await server.program.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      // graphile-worker would handle the signal as well, and send it again.
      expect(stdout).not.toContain("global graceful shutdown");
      const query = "select from pg_stat_activity where datname = $1 and application_name like 'stagekeep%'";
      await until(async () => (await db.root.query(query, [db.name])).rowCount === 0, "end of its connections");
      expect(isGroupRunning(server.program.pid)).toBe(false);
    },
  );

  it("answers and stops while its worker has lost the database", async () => {
    const proxy = startTcpProxy(new URL(db.ownerUrl));
    const owner = new URL(db.ownerUrl);
    owner.port = String(await proxy.listen(0));
    try {
      const server = await nodeStart({ ...settings(), DATABASE_URL: owner.href, LOG_LEVEL: "debug" });
      await server.program.printed(/Worker connected/);
      await proxy.cut();
      await server.program.printed(/notify listener/);
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      server.program.signal("SIGTERM");
      expect(await server.program.ended).toMatchObject({ code: 0, stderr: "" });
    } finally {
      await proxy.cut();
    }
  });
});

/** Runs a start that is expected to fail. */
async function npmStartOn(db: TestDatabase) {
  const settings = { DATABASE_URL: db.ownerUrl, AUTH_DATABASE_URL: db.authUrl, DATA_DIR: await programs.folder() };
  return programs.run(["npm", "start"], settings);
}

describe("npm start on a configured database that is not migrated", () => {
  const db = useTestDatabase();
  beforeAll(() => db.root.query("drop table wizard_sessions cascade"));

  it("exits and explains how to migrate it", async () => {
    const { code, stderr } = await npmStartOn(db);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "\nThe database has no tables yet. Run npm run db:migrate, then start again.\n",
    });
  });
});

describe("npm start on a configured database with a pending migration", () => {
  const db = useTestDatabase();
  const [newest = ""] = readdirSync(resolve(PROJECT_ROOT, "db/migrations/committed")).toSorted().reverse();
  beforeAll(() =>
    db.root.query(
      "delete from graphile_migrate.migrations where hash = (select hash from graphile_migrate.migrations order by date desc limit 1)",
    ),
  );

  it("exits and names the migration", async () => {
    const { code, stderr } = await npmStartOn(db);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `\nPending migrations: ${newest}. Run npm run db:migrate, then start again.\n`,
    });
  });
});
