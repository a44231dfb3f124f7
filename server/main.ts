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
    if (env.production) logger.warn(`${message}; it has no backups`);
    else logger.info(message);
  }
  const database = await openDatabase(env);
  const { authDatabaseUrl, databaseUrl } = database.connections;
  let workerStopped = true;
  try {
    await buildPage(() => logger.info("building the page; this takes a few seconds"));
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
      logger.info({ signal: await stopped }, "stopping; waiting for requests in progress");
      [workerStopped] = await Promise.all([worker ? worker.stop() : true, app.stop()]);
    } finally {
      await app.stop(); // Also when the worker could not start.
    }
  } finally {
    await database.close();
  }
  logger.info("stopped");
  // The worker still waits for the database. PostgreSQL rolls back a batch whose connection ends.
  if (!workerStopped) process.exit();
});

function welcome(url: string, env: Env): string {
  const lines = [
    "Stagekeep is running. Press Ctrl-C to stop it.",
    "",
    `  Page       ${url}/`,
    `  GraphQL    ${url}${GRAPHQL_PATH}`,
    ...(env.graphiql ? [`  GraphiQL   ${url}${GRAPHIQL_PATH}`] : []),
    `  Health     ${url}/healthz and ${url}/readyz`,
  ];
  if (!env.production && !env.jwksUrl) {
    lines.push(
      "",
      ...DEMO_USERS.map(({ name, id, role }) => `  Sign in as ${name} (${id}${role === "analyst" ? ", analyst" : ""})`),
      "  on the page, at the top right of GraphiQL, or with npm run token -- --sub UUID",
    );
  }
  return `\n${lines.join("\n")}\n\n`;
}
