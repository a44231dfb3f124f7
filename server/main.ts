import "./loadEnvironment.ts";
import { GRAPHIQL_PATH, GRAPHQL_PATH } from "../graphql/preset.ts";
import { startApp } from "./app.ts";
import { configuredConnections } from "./database/connections.ts";
import { openDatabase } from "./database/open.ts";
import { DEMO_USERS } from "./dev/demoUsers.ts";
import { chooseDataDir } from "./embedded/dataDir.ts";
import { type Env, readEnv } from "./env.ts";
import { makeLogger } from "./log.ts";
import { buildPage, PAGE_FOLDER } from "./page/build.ts";
import { runCommand, stopSignal } from "./runCommand.ts";
import { tokenSettings } from "./tokenSettings.ts";
import { startWorker } from "./worker/startWorker.ts";

await runCommand(async () => {
  const stopped = stopSignal();
  const env = readEnv();
  const logger = makeLogger(env);
  if (!configuredConnections(env)) {
    const message = `starting the embedded database in ${chooseDataDir(env)}`;
    if (env.production) logger.warn(`${message}; nothing backs it up`);
    else logger.info(message);
  }
  const database = await openDatabase(env);
  const { authDatabaseUrl, databaseUrl } = database.connections;
  let workerEnded = true;
  try {
    await buildPage(() => logger.info("building the page, which takes some seconds"));
    const app = await startApp({
      authDatabaseUrl,
      tokens: await tokenSettings(env),
      logger,
      host: env.host,
      port: env.port,
      graphiql: env.graphiql,
      corsOrigins: env.corsOrigins,
      development: !env.production,
      pageFolder: PAGE_FOLDER,
    });
    try {
      const { abandonAfter, purgeAfter } = env;
      const worker = env.worker && (await startWorker({ databaseUrl, sweep: { abandonAfter, purgeAfter }, logger }));
      process.stdout.write(welcome(app.url, env));
      logger.info({ signal: await stopped }, "stopping: requests under way may end");
      [workerEnded] = await Promise.all([worker ? worker.stop() : true, app.stop()]);
    } finally {
      await app.stop(); // Where the worker could not start, too.
    }
  } finally {
    await database.close();
  }
  logger.info("stopped");
  // What still waits for the database is given up. It undoes a batch whose connection ends.
  if (!workerEnded) process.exit();
});

function welcome(url: string, env: Env): string {
  const lines = [
    "Stagekeep is running. Ctrl-C stops it.",
    "",
    `  The page   ${url}/`,
    `  GraphQL    ${url}${GRAPHQL_PATH}`,
    ...(env.graphiql ? [`  GraphiQL   ${url}${GRAPHIQL_PATH}`] : []),
    `  Health     ${url}/healthz and ${url}/readyz`,
  ];
  if (!env.production && !env.jwksUrl) {
    lines.push(
      "",
      ...DEMO_USERS.map(({ name, id, role }) => `  Sign in as ${name} (${id}${role === "analyst" ? ", analyst" : ""})`),
      "  on the page, in GraphiQL at the top right, or with: npm run token -- --sub UUID",
    );
  }
  return `\n${lines.join("\n")}\n\n`;
}
