import "../loadEnvironment.ts";
import { parseArgs } from "node:util";
import { configuredConnections } from "../database/connections.ts";
import { joinDatabase, openDatabase } from "../database/open.ts";
import { withClient } from "../database/pool.ts";
import { type Env, readEnv } from "../env.ts";
import { makeLogger } from "../log.ts";
import { runCommand, stopSignal } from "../runCommand.ts";
import { UserError } from "../userError.ts";
import { startWorker } from "../worker/startWorker.ts";
import { previewSweep } from "../worker/sweep.ts";

const USAGE = `Usage: npm run worker -- [options]
  --preview  print what a sweep would do now, without changing anything`;

/** Runs the worker without a server. If a server runs the embedded database, the worker uses it too. */
await runCommand(async () => {
  const { preview } = readOptions();
  const stopped = stopSignal();
  const env = readEnv();
  // `openDatabase` checks the migrations of a configured database. A server has migrated the embedded one.
  const database = await (configuredConnections(env) ? openDatabase(env) : joinDatabase(env));
  let ended = true;
  try {
    if (preview) console.log(await describeSweep(database.connections.databaseUrl, env));
    else ended = await work(database.connections.databaseUrl, env, stopped);
  } finally {
    await database.close();
  }
  // The worker still waits for the database. PostgreSQL rolls back a batch whose connection ends.
  if (!ended) process.exit();
});

function readOptions() {
  try {
    return parseArgs({ options: { preview: { type: "boolean", default: false } } }).values;
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n${USAGE}`);
  }
}

async function work(databaseUrl: string, env: Env, stopped: Promise<NodeJS.Signals>): Promise<boolean> {
  const logger = makeLogger(env);
  const { abandonAfter, purgeAfter } = env;
  const worker = await startWorker({ databaseUrl, sweep: { abandonAfter, purgeAfter }, logger });
  logger.info({ abandonAfter, purgeAfter }, "the worker is running");
  logger.info({ signal: await stopped }, "stopping; waiting for the current batch");
  const ended = await worker.stop();
  logger.info("stopped");
  return ended;
}

async function describeSweep(connectionString: string, { abandonAfter, purgeAfter }: Env): Promise<string> {
  // Guarantees that the preview changes nothing.
  const config = { connectionString, options: "-c default_transaction_read_only=on" };
  try {
    const { purged, abandoned, thinned, moreToThin } = await withClient(config, (client) =>
      previewSweep(client, { abandonAfter, purgeAfter }),
    );
    return [
      "A sweep would now",
      `  delete   ${counted(purged, "abandoned session")} not saved for ${purgeAfter}`,
      `  abandon  ${counted(abandoned, "session")} in progress not saved for ${abandonAfter}`,
      `  thin out ${moreToThin ? "at least " : ""}${counted(thinned, "old revision")}`,
      "Nothing was changed.",
    ].join("\n");
  } catch (error) {
    throw new UserError(`Can't preview the sweep: ${(error as Error).message}`, { cause: error });
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
