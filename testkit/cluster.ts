import { asRole } from "../server/database/connections.ts";
import { startThrowawayDatabase, type ThrowawayDatabase } from "../server/database/throwaway.ts";

export const TEMPLATE = "stagekeep_template";
const ROOT_URL_VARIABLE = "STAGEKEEP_TEST_ROOT_URL";
/** Set by `npm run test:postgres` to the folder with the programs of another PostgreSQL. */
export const PROGRAMS_VARIABLE = "STAGEKEEP_TEST_PROGRAMS";

/** Starts a temporary PostgreSQL for the test run, with a migrated template database. */
export async function startTestCluster(): Promise<ThrowawayDatabase> {
  const database = await startThrowawayDatabase(TEMPLATE, process.env[PROGRAMS_VARIABLE]);
  process.env[ROOT_URL_VARIABLE] = database.connections.rootDatabaseUrl;
  return database;
}

/** The URL of the test run's PostgreSQL, as a superuser. */
export function testRootUrl(): string {
  const url = process.env[ROOT_URL_VARIABLE];
  if (url === undefined) throw new Error("No PostgreSQL is running for the tests. Run them with npm test.");
  return url;
}

/** The URL of a database in the test run's PostgreSQL, as another role. All passwords are the same. */
export function urlAs(role: string, database: string): string {
  return asRole(testRootUrl(), role, database);
}
