import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { asRole, withDatabase } from "../../server/database/connections.ts";
import { runMigrations } from "../../server/database/migrate.ts";
import { setUpDatabase } from "../../server/database/setup.ts";
import { startCluster } from "../../server/embedded/cluster.ts";

/** The migrated database that every variant is cloned from. */
export const TEMPLATE = "bench";

export interface BenchCluster {
  /** The URL of a database for a role. */
  url(role: string, database: string): string;
  /** Connects to a database as superuser. */
  connect(database: string): Promise<pg.Client>;
  /** Like `connect`, and closes the connection after `work`. */
  using<T>(database: string, work: (client: pg.Client) => Promise<T>): Promise<T>;
  /** Turns fsync off while `work` runs, then writes everything to disk. For building databases. */
  withoutFsync(work: () => Promise<void>): Promise<void>;
  version(): Promise<string>;
}

/**
 * Runs `work` on a temporary PostgreSQL with a migrated database, and with durability as in production. `settings` are added
 * to its settings. `programs` is the folder of the PostgreSQL programs, by default those that npm installed.
 */
export async function withBenchCluster(
  work: (cluster: BenchCluster) => Promise<void>,
  {
    settings = {},
    programs,
  }: { readonly settings?: Readonly<Record<string, string>>; readonly programs?: string | undefined } = {},
): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "stagekeep-bench-"));
  try {
    // As root, PostgreSQL runs as another user, which needs access.
    await chmod(dataDir, 0o755);
    const { rootUrl, stop } = await startCluster({
      dataDir,
      superuserPassword: "only-for-measuring",
      programs,
      settings: {
        shared_buffers: "2GB",
        maintenance_work_mem: "512MB",
        // Checkpoints only when a measurement requests one, so each variant has the same number.
        max_wal_size: "32GB",
        checkpoint_timeout: "1d",
        ...settings,
      },
    });
    // Stopping the server makes every query fail, which leads to the `finally` below.
    const interrupt = () => void stop();
    process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
    try {
      const databaseUrl = asRole(rootUrl, "stagekeep_owner", TEMPLATE);
      await setUpDatabase({
        rootDatabaseUrl: rootUrl,
        databaseUrl,
        authDatabaseUrl: asRole(rootUrl, "authenticator", TEMPLATE),
      });
      await runMigrations({ databaseUrl, includeCurrent: true });
      await work(benchCluster(rootUrl));
    } finally {
      process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
      await stop();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

function benchCluster(rootUrl: string): BenchCluster {
  const connect = async (database: string) => {
    const client = new pg.Client({ connectionString: withDatabase(rootUrl, database) });
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  const using = async <T>(database: string, work: (client: pg.Client) => Promise<T>) => {
    const client = await connect(database);
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  const setFsync = (sql: string) =>
    using("postgres", async (client) => {
      await client.query(sql);
      await client.query("select pg_reload_conf()");
    });
  return {
    url: (role, database) => asRole(rootUrl, role, database),
    connect,
    using,
    version: () =>
      using("postgres", async (client) => {
        const { rows } = await client.query<{ version: string }>(
          "select 'PostgreSQL ' || current_setting('server_version') as version",
        );
        return rows[0]?.version ?? "";
      }),
    async withoutFsync(work) {
      await setFsync("alter system set fsync = off");
      await work();
      await setFsync("alter system reset fsync");
      await using("postgres", (client) => client.query("checkpoint"));
      // Otherwise the kernel would write it during the first measurement.
      await promisify(execFile)("sync");
    },
  };
}
