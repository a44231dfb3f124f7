import "./loadEnvironment.ts";
import { GRAPHIQL_PATH, GRAPHQL_PATH } from "../graphql/preset.ts";
import { startApp } from "./app.ts";
import { configuredConnections } from "./database/connections.ts";
import { openDatabase } from "./database/open.ts";
import { DEMO_USERS } from "./dev/demoUsers.ts";
import { chooseDataDir } from "./embedded/dataDir.ts";
import { type Env, readEnv } from "./env.ts";
import { makeLogger } from "./log.ts";
import { runCommand, stopSignal } from "./runCommand.ts";
import { tokenSettings } from "./tokenSettings.ts";

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
  try {
    const app = await startApp({
      authDatabaseUrl: database.connections.authDatabaseUrl,
      tokens: await tokenSettings(env),
      logger,
      host: env.host,
      port: env.port,
      graphiql: env.graphiql,
      corsOrigins: env.corsOrigins,
      development: !env.production,
    });
    process.stdout.write(welcome(app.url, env));
    logger.info({ signal: await stopped }, "stopping: requests under way may end");
    await app.stop();
  } finally {
    await database.close();
  }
  logger.info("stopped");
});

function welcome(url: string, env: Env): string {
  const lines = [
    "Stagekeep is running. Ctrl-C stops it.",
    "",
    `  GraphQL    ${url}${GRAPHQL_PATH}`,
    ...(env.graphiql ? [`  GraphiQL   ${url}${GRAPHIQL_PATH}`] : []),
    `  Health     ${url}/healthz and ${url}/readyz`,
  ];
  if (!env.production && !env.jwksUrl) {
    lines.push(
      "",
      ...DEMO_USERS.map(({ name, id }) => `  Sign in as ${name} (${id})`),
      "  in GraphiQL, at the top right, or with: npm run token -- --sub UUID",
    );
  }
  return `\n${lines.join("\n")}\n\n`;
}
