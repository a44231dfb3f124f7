import "../loadEnvironment.ts";
import { configuredConnections } from "../database/connections.ts";
import { setUpDatabase } from "../database/setup.ts";
import { readEnv } from "../env.ts";
import { runCommand } from "../runCommand.ts";
import { UserError } from "../userError.ts";

await runCommand(async () => {
  const connections = configuredConnections(readEnv());
  if (!connections) throw new UserError("DATABASE_URL: missing. npm start sets up the embedded database.");
  await setUpDatabase(connections);
  console.log("Created the roles and the database. Now run npm run db:migrate.");
});
