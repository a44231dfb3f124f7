import "../loadEnvironment.ts";
import pg from "pg";
import { exportSchema } from "../../graphql/exportSchema.ts";
import { startThrowawayDatabase } from "../database/throwaway.ts";
import { readGeneratorOptions, writeOrCheck } from "../generatedFile.ts";
import { runCommand } from "../runCommand.ts";

const USAGE = `Usage: npm run graphql:schema -- [options]
  --check      fail if the file is out of date, and write nothing
  --file FILE  write FILE instead of graphql/schema.graphql`;

await runCommand(async () => {
  const { check, file } = readGeneratorOptions("graphql/schema.graphql", USAGE);
  const database = await startThrowawayDatabase("stagekeep");
  const pool = new pg.Pool({ connectionString: database.connections.authDatabaseUrl });
  // A pool has ended before the last of its connections is closed: stopping the server may still cut one off.
  pool.on("error", () => {});
  try {
    const content = await exportSchema(pool);
    console.log(await writeOrCheck({ file, content, command: "npm run graphql:schema" }, check));
  } finally {
    await pool.end();
    await database.stop();
  }
});
