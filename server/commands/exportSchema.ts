import "../loadEnvironment.ts";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import pg from "pg";
import { exportSchema } from "../../graphql/exportSchema.ts";
import { PROJECT_ROOT } from "../database/migrate.ts";
import { startThrowawayDatabase } from "../database/throwaway.ts";
import { Fault } from "../fault.ts";
import { writeOrCheck } from "../generatedFile.ts";
import { runCommand } from "../runCommand.ts";

const USAGE = `Usage: npm run graphql:schema -- [options]
  --check      write nothing, and fail when the file differs from what the migrations and the preset make
  --file FILE  another file than graphql/schema.graphql`;

await runCommand(async () => {
  const { check, file } = readOptions();
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

function readOptions() {
  try {
    const { values } = parseArgs({ options: { check: { type: "boolean", default: false }, file: { type: "string" } } });
    return { check: values.check, file: resolve(PROJECT_ROOT, values.file ?? "graphql/schema.graphql") };
  } catch (error) {
    throw new Fault(`${(error as Error).message}\n\n${USAGE}`);
  }
}
