import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withDatabase } from "../../../server/database/connections.ts";
import { runMigrations } from "../../../server/database/migrate.ts";
import { setUpDatabase } from "../../../server/database/setup.ts";
import { type Cluster, startCluster } from "../../../server/embedded/cluster.ts";

export const TEMPLATE = "stagekeep_template";
const ROOT_URL_VARIABLE = "STAGEKEEP_TEST_ROOT_URL";
const PASSWORD = "only-for-tests";

export interface TestCluster extends Cluster {
  readonly dataDir: string;
}

/** Starts a PostgreSQL that lives as long as the test run, with a migrated template database. */
export async function startTestCluster(): Promise<TestCluster> {
  const dataDir = await mkdtemp(join(tmpdir(), "stagekeep-test-"));
  // Where the tests run as root, PostgreSQL runs as another user, who has to get in.
  await chmod(dataDir, 0o755);
  const cluster = await startCluster({
    dataDir,
    superuserPassword: PASSWORD,
    // Nothing has to outlive a crash here.
    settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "200" },
  });
  const rootDatabaseUrl = cluster.rootUrl;
  const databaseUrl = urlAs("stagekeep_owner", TEMPLATE, rootDatabaseUrl);
  const authDatabaseUrl = urlAs("authenticator", TEMPLATE, rootDatabaseUrl);
  await setUpDatabase({ rootDatabaseUrl, databaseUrl, authDatabaseUrl });
  await runMigrations({ databaseUrl, includeCurrent: true });
  process.env[ROOT_URL_VARIABLE] = rootDatabaseUrl;
  return { ...cluster, dataDir };
}

export async function stopTestCluster({ stop, dataDir }: TestCluster): Promise<void> {
  await stop();
  await rm(dataDir, { recursive: true, force: true });
}

/** The superuser's connection to the run's PostgreSQL. */
export function testRootUrl(): string {
  const url = process.env[ROOT_URL_VARIABLE];
  if (url === undefined) throw new Error("There is no PostgreSQL for the tests: run them with npm test.");
  return url;
}

/** The connection of another role (they share one password) to another database of the run's PostgreSQL. */
export function urlAs(role: string, database: string, rootUrl = testRootUrl()): string {
  const url = new URL(withDatabase(rootUrl, database));
  url.username = role;
  return url.href;
}
