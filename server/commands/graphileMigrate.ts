import "../loadEnvironment.ts";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { GRAPHILE_MIGRATE, PROJECT_ROOT } from "../database/migrate.ts";
import { joinDatabase } from "../database/open.ts";
import { readEnv } from "../env.ts";
import { runCommand, stopSignal } from "../runCommand.ts";

/**
 * Runs graphile-migrate with the given arguments, on the configured database or on the embedded one, which is started if
 * no server runs it.
 */
await runCommand(async () => {
  const stopped = stopSignal();
  const { connections, close } = await joinDatabase(readEnv());
  try {
    const child = spawn(process.execPath, [GRAPHILE_MIGRATE, ...process.argv.slice(2)], {
      cwd: PROJECT_ROOT,
      stdio: "inherit",
      env: {
        ...process.env,
        DATABASE_URL: connections.databaseUrl,
        SHADOW_DATABASE_URL: connections.shadowDatabaseUrl,
        ROOT_DATABASE_URL: connections.rootDatabaseUrl,
      },
    });
    stopped.then((signal) => child.kill(signal));
    const [code, signal] = await once(child, "exit");
    // graphile-migrate has printed any error. The exit codes of `status` have meanings.
    if (signal === null) process.exitCode = code;
  } finally {
    await close();
  }
});
