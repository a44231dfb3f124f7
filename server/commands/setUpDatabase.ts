import "../loadEnvironment.ts";
import { configuredConnections } from "../database/connections.ts";
import { setUpDatabase } from "../database/setup.ts";
import { readEnv } from "../env.ts";
import { runCommand } from "../runCommand.ts";
import { UserError } from "../userError.ts";

await runCommand(async () => {
  const connections = configuredConnections(readEnv());
  if (!connections) throw new UserError("DATABASE_URL: missing. The embedded database is set up by npm start.");
  await setUpDatabase(connections);
  console.log("The roles and the database are there. Now run npm run db:migrate.");
});
