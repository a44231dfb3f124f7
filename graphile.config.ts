// The configuration of the `graphile` and `postgraphile` programs: the same API as `npm start`, on the same database.
// CONTRIBUTING.md shows how to use them. Subscriptions need `npm start`.
import "./server/loadEnvironment.ts";
import { inspect } from "node:util";
import { makePreset } from "./graphql/preset.ts";
import { type Connections, configuredConnections } from "./server/database/connections.ts";
import { runningEmbeddedDatabase } from "./server/database/embedded.ts";
import { makePool } from "./server/database/pool.ts";
import { chooseDataDir } from "./server/embedded/dataDir.ts";
import { type Env, readEnv } from "./server/env.ts";
import { verifyBearer } from "./server/http/authenticate.ts";
import { makeLogger } from "./server/log.ts";
import { tokenSettings } from "./server/tokenSettings.ts";
import { makeVerifyToken } from "./server/tokens.ts";

const env = readEnv();
const verifyToken = makeVerifyToken(await tokenSettings(env));
const { authDatabaseUrl } = await findDatabase(env);

const preset: GraphileConfig.Preset = {
  extends: [
    makePreset({
      pool: makePool({ connectionString: authDatabaseUrl, allowExitOnIdle: true }, makeLogger(env)),
      claimsOf: ({ node }) => {
        const authorization = node?.req.headers.authorization;
        return node && authorization ? verifyBearer(verifyToken, node.req, authorization) : undefined;
      },
      logMasked: ({ errorId, error }) => process.stderr.write(`${errorId}: ${inspect(error)}\n`),
      graphiql: true,
      watch: true,
    }),
  ],
  grafserv: { host: env.host },
};
export default preset;

/** The configured database, or the embedded one that `npm start` or `npm run dev` runs. */
async function findDatabase(env: Env): Promise<Connections> {
  const connections = configuredConnections(env) ?? (await runningEmbeddedDatabase(chooseDataDir(env)));
  if (connections) return connections;
  throw new Error(
    "The embedded database is not running. Start it with npm start or npm run dev, or set DATABASE_URL and AUTH_DATABASE_URL.",
  );
}
