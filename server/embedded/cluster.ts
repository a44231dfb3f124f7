import { chown, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import pg from "pg";
import { ProgramError, runProgram } from "../runProgram.ts";
import { UserError } from "../userError.ts";
import { type Binaries, findBinaries } from "./binaries.ts";
import { explainFailure } from "./failures.ts";
import { canEnter, databaseIdentity, type ProcessIdentity } from "./systemUser.ts";

export interface ClusterOptions {
  /** The folder of the cluster, created if it does not exist. */
  readonly dataDir: string;
  /** The password of the superuser `postgres`. It must be the same at every start. */
  readonly superuserPassword: string;
  /** PostgreSQL settings by name. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The folder of the PostgreSQL programs, by default those that npm installed. */
  readonly programs?: string | undefined;
}

export interface Cluster {
  /** Connects as superuser to the database `postgres`. */
  readonly rootUrl: string;
  readonly port: number;
  /** Closes every connection and stops the server. Safe to call twice. */
  stop(): Promise<void>;
}

// The process that uses the cluster holds this advisory lock. PostgreSQL releases it when the process dies. The number is
// arbitrary.
const OWNER_LOCK = 5_678_001;
// Keeps errors of clients out of PostgreSQL's log: they would quote statements and rows.
const QUIET = { log_min_messages: "log", log_min_error_statement: "panic", log_error_verbosity: "terse" };
const START_ATTEMPTS = 3;
const START_TIMEOUT_SECONDS = 60;

/**
 * Starts the PostgreSQL in `dataDir`, and initialises it at the first start. If a killed process left the server running,
 * takes it over.
 * @throws {UserError} if it can't be started.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  try {
    return await start(options);
  } catch (error) {
    throw error instanceof UserError ? error : explainFailure(error, options.dataDir);
  }
}

/** The superuser's URL of the server that runs in `dataDir`, or undefined if none does. */
export async function runningClusterUrl(dataDir: string, superuserPassword: string): Promise<string | undefined> {
  const port = await recordedPort(clusterPaths(dataDir));
  if (port === undefined) return undefined;
  const url = urlFor(port, superuserPassword);
  const client = await connect(url);
  await client?.end();
  return client && url;
}

async function start({ dataDir, superuserPassword, settings = {}, programs }: ClusterOptions): Promise<Cluster> {
  const paths = clusterPaths(dataDir);
  const identity = databaseIdentity();
  await mkdir(paths.home, { recursive: true });
  if (identity.uid !== undefined && identity.gid !== undefined) await chown(paths.home, identity.uid, identity.gid);
  if (!canEnter(paths.home, identity)) {
    throw new UserError(
      `PostgreSQL runs as the user postgres, which can't access ${dataDir}. Run chmod o+x on each of its parent ` +
        "folders, or set DATA_DIR to a folder such as /var/lib/stagekeep.",
    );
  }
  const binaries = await findBinaries(identity, paths.binaries, programs);
  const invoke: Invoke = (program, args) => runProgram(program, args, identity);

  if (!(await exists(join(paths.data, "PG_VERSION")))) {
    await initialise(paths, binaries, identity, superuserPassword, invoke);
  }
  const stopServer = () => invoke(binaries.pg_ctl, ["stop", "-D", paths.data, "-m", "fast", "-w"]);
  const portLeftRunning = await leftRunning(paths, superuserPassword);
  const port = portLeftRunning ?? (await startServer(paths, binaries, settings, invoke));
  const rootUrl = urlFor(port, superuserPassword);
  const owner = await takeOwnership(rootUrl, dataDir).catch(async (error) => {
    // A UserError means that another process uses the server, so it must not be stopped.
    if (portLeftRunning === undefined && !(error instanceof UserError)) await stopServer();
    throw error;
  });

  let stopped: Promise<void> | undefined;
  const stop = async () => {
    await owner.end().catch(() => {});
    await stopServer().catch((error: unknown) => {
      // A second Ctrl-C can reach pg_ctl before it has its own process group.
      if (error instanceof ProgramError && error.signal === "SIGINT") return stopServer();
      const isGone = error instanceof ProgramError && /PID file .* does not exist|No such process/.test(error.output);
      if (!isGone) throw error;
    });
  };
  return { rootUrl, port, stop: () => (stopped ??= stop()) };
}

type Invoke = (program: string, args: string[]) => Promise<string>;

interface ClusterPaths {
  readonly home: string;
  readonly data: string;
  readonly log: string;
  readonly binaries: string;
}

function clusterPaths(dataDir: string): ClusterPaths {
  const home = join(dataDir, "postgres");
  return { home, data: join(home, "data"), log: join(home, "server.log"), binaries: join(home, "programs") };
}

async function initialise(
  paths: ClusterPaths,
  { initdb }: Binaries,
  identity: ProcessIdentity,
  superuserPassword: string,
  invoke: Invoke,
): Promise<void> {
  // Renamed when it is complete, so that an interrupted start leaves no incomplete database.
  const temporary = `${paths.data}.${process.pid}`;
  const passwordFile = `${temporary}.password`;
  try {
    await writeFile(passwordFile, superuserPassword, { mode: 0o600 });
    if (identity.uid !== undefined && identity.gid !== undefined) {
      await chown(passwordFile, identity.uid, identity.gid);
    }
    await invoke(initdb, [
      `--pgdata=${temporary}`,
      "--username=postgres",
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      // The same sort order on every machine.
      "--locale=C",
      ...((await majorVersion(initdb, identity)) >= 17
        ? ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        : []),
    ]);
    await rename(temporary, paths.data);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(temporary, { recursive: true, force: true });
  }
}

/** The port of a server that already runs on this data, if any. Removes the lock file of a server that is gone. */
async function leftRunning(paths: ClusterPaths, superuserPassword: string): Promise<number | undefined> {
  const port = await recordedPort(paths);
  if (port === undefined) return undefined;
  const client = await connect(urlFor(port, superuserPassword));
  if (client) {
    await client.end();
    return port;
  }
  const lockFile = join(paths.data, "postmaster.pid");
  const pid = Number((await readFile(lockFile, "utf8")).split("\n")[0]);
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  if (commandLine !== undefined && !commandLine.includes(paths.data)) {
    // After a crash, another program may have the same process id, or the process is a zombie. PostgreSQL can't tell and
    // would refuse to start.
    await rm(lockFile);
  }
  return undefined;
}

async function startServer(
  paths: ClusterPaths,
  { pg_ctl }: Binaries,
  settings: Readonly<Record<string, string>>,
  invoke: Invoke,
): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(attempt === 1 ? await lastPort(paths) : undefined);
    const all = {
      ...QUIET,
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      port: String(port),
      ...settings,
    };
    const flags = Object.entries(all).map(([name, value]) => `-c ${name}='${value}'`);
    const logged = (await stat(paths.log).catch(() => undefined))?.size ?? 0;
    try {
      // pg_ctl starts the server in a session of its own, so Ctrl-C in a terminal does not reach it.
      await invoke(pg_ctl, [
        ...["start", "-D", paths.data, "-l", paths.log, "-w", "-t", String(START_TIMEOUT_SECONDS)],
        ...["-o", flags.join(" ")],
      ]);
      return port;
    } catch (error) {
      const log = (await readFile(paths.log).catch(() => Buffer.alloc(0))).subarray(logged).toString();
      const portWasTaken = /Address already in use/.test(log);
      if (portWasTaken && attempt < START_ATTEMPTS) continue;
      throw Object.assign(error as Error, { output: `${(error as { output?: string }).output}\n${log}` });
    }
  }
}

async function takeOwnership(rootUrl: string, dataDir: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: rootUrl, application_name: `stagekeep ${process.pid}` });
  // The pools log it if the server goes away.
  client.on("error", () => {});
  await client.connect();
  const { rows } = await client.query<{ taken: boolean }>("select pg_try_advisory_lock($1) as taken", [OWNER_LOCK]);
  if (rows[0]?.taken) return client;
  const holder = await client.query<{ name: string }>(
    `select a.application_name as name from pg_locks l join pg_stat_activity a using (pid)
      where l.locktype = 'advisory' and l.objid = $1 and l.granted`,
    [OWNER_LOCK],
  );
  await client.end();
  const process_ = holder.rows[0]?.name.replace("stagekeep ", "process ") ?? "a process that is stopping";
  throw new UserError(
    `Another Stagekeep (${process_}) is using the data in ${dataDir}. Stop it first, or set DATA_DIR to another folder.`,
  );
}

async function recordedPort(paths: ClusterPaths): Promise<number | undefined> {
  // Line 4 of PostgreSQL's lock file is the port: https://www.postgresql.org/docs/current/storage-file-layout.html
  const lines = (await readFile(join(paths.data, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
  return Number(lines[3]) || undefined;
}

async function connect(connectionString: string): Promise<pg.Client | undefined> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return client;
  } catch {
    return undefined;
  }
}

function urlFor(port: number, superuserPassword: string): string {
  return `postgres://postgres:${encodeURIComponent(superuserPassword)}@127.0.0.1:${port}/postgres`;
}

/** The port of the last start, from a file that PostgreSQL writes. Other programs may still use it in a URL. */
async function lastPort(paths: ClusterPaths): Promise<number | undefined> {
  const options = await readFile(join(paths.data, "postmaster.opts"), "utf8").catch(() => "");
  return Number(/\bport=(\d+)/.exec(options)?.[1]) || undefined;
}

/** `wanted` if it is free, or else any free port. */
function freePort(wanted = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", (error) => (wanted === 0 ? reject(error) : resolve(freePort())));
    probe.listen(wanted, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

async function majorVersion(program: string, identity: ProcessIdentity): Promise<number> {
  return Number(/\d+/.exec(await runProgram(program, ["--version"], identity))?.[0]);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
