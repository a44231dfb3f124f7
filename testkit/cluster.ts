import { asRole } from "../server/database/connections.ts";
import { startThrowawayDatabase, type ThrowawayDatabase } from "../server/database/throwaway.ts";

export const TEMPLATE = "stagekeep_template";
const ROOT_URL_VARIABLE = "STAGEKEEP_TEST_ROOT_URL";
/** Set by `npm run test:postgres`: the folder of another PostgreSQL's programs. */
export const PROGRAMS_VARIABLE = "STAGEKEEP_TEST_PROGRAMS";

/** Starts a PostgreSQL that lives as long as the test run, with a migrated template database. */
export async function startTestCluster(): Promise<ThrowawayDatabase> {
  const database = await startThrowawayDatabase(TEMPLATE, process.env[PROGRAMS_VARIABLE]);
  process.env[ROOT_URL_VARIABLE] = database.connections.rootDatabaseUrl;
  return database;
}

/** The superuser's connection to the run's PostgreSQL. */
export function testRootUrl(): string {
  const url = process.env[ROOT_URL_VARIABLE];
  if (url === undefined) throw new Error("There is no PostgreSQL for the tests: run them with npm test.");
  return url;
}

/** Another role's connection to another database of the run's PostgreSQL, where all passwords are the same. */
export function urlAs(role: string, database: string): string {
  return asRole(testRootUrl(), role, database);
}
