import "../loadEnvironment.ts";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { configuredConnections } from "../database/connections.ts";
import { GRAPHILE_MIGRATE, PROJECT_ROOT, runMigrations } from "../database/migrate.ts";
import { openDatabase } from "../database/open.ts";
import { readEnv } from "../env.ts";
import { buildPage, VITE, WEB_FOLDER } from "../page/build.ts";
import { runCommand, stopSignal } from "../runCommand.ts";
import { UserError } from "../userError.ts";

const SERVER = fileURLToPath(new URL("../main.ts", import.meta.url));

// Runs the server, which restarts when its code changes, graphile-migrate watch, and Vite, which rebuilds the page. This
// process owns the embedded database, which therefore survives the restarts.
await runCommand(async () => {
  const stopped = stopSignal();
  const settings = readEnv();
  // The embedded database is migrated when it starts.
  const configured = configuredConnections(settings);
  if (configured) await runMigrations({ databaseUrl: configured.databaseUrl });
  const { connections, close } = await openDatabase(settings);
  const env = {
    ...process.env,
    DATABASE_URL: connections.databaseUrl,
    AUTH_DATABASE_URL: connections.authDatabaseUrl,
    ROOT_DATABASE_URL: connections.rootDatabaseUrl ?? "",
    SHADOW_DATABASE_URL: connections.shadowDatabaseUrl ?? "",
  };
  const start = (...args: string[]) => spawn(process.execPath, args, { cwd: PROJECT_ROOT, stdio: "inherit", env });
  await buildPage(() => console.log("Building the page …"));
  const children = [
    start(GRAPHILE_MIGRATE, "watch"),
    start("--watch", "--watch-preserve-output", SERVER),
    start(VITE, "build", WEB_FOLDER, "--watch", "--emptyOutDir=false", "--logLevel=warn"),
  ];
  try {
    const childExited = children.map((child) => once(child, "exit").then(() => "child exited"));
    if ((await Promise.race([stopped, ...childExited])) === "child exited") {
      throw new UserError("The server, graphile-migrate watch or vite build --watch has exited; see its output above.");
    }
  } finally {
    await Promise.all(children.map(end));
    await close();
  }
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
