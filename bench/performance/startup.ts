import { execFile } from "node:child_process";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { PROJECT_ROOT } from "../../server/database/migrate.ts";
import { residentBytes } from "../shared/processes.ts";
import type { Start } from "./results.ts";
import { OUR_SERVER, startServer } from "./servers.ts";

const REST_MS = 5_000;

/** Starts Stagekeep on an embedded database that exists already, and measures its memory after some seconds at rest. */
export async function measureStarts(folder: string, times: number, progress: (line: string) => void): Promise<Start[]> {
  const dataDir = join(folder, "embedded");
  await mkdir(dataDir);
  // As root, PostgreSQL runs as another user, which needs access.
  await chmod(dataDir, 0o755);
  const migrate = [join(PROJECT_ROOT, "server/commands/graphileMigrate.ts"), "current"];
  await promisify(execFile)(process.execPath, migrate, { env: { PATH: process.env.PATH, DATA_DIR: dataDir } });
  const starts: Start[] = [];
  // The first one reads the programs from disk.
  for (let start = 0; start <= times; start++) {
    progress(`start ${start} of ${times}`);
    const server = await startServer({ file: OUR_SERVER, settings: { DATA_DIR: dataDir }, logFolder: folder });
    try {
      await sleep(REST_MS);
      if (start > 0) starts.push({ seconds: server.startSeconds, residentBytes: residentBytes(server.pid) });
    } finally {
      await server.stop();
    }
  }
  return starts;
}
