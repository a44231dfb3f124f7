import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { GRAPHILE_MIGRATE, PROJECT_ROOT } from "../server/database/migrate.ts";

export const COMMITTED_MIGRATIONS = join(PROJECT_ROOT, "db/migrations/committed");

/** Runs some committed migrations only, as graphile-migrate did at the time of an older release. */
export async function migrateWith(files: readonly string[], databaseUrl: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "stagekeep-upgrade-"));
  try {
    await mkdir(join(folder, "db/migrations/committed"), { recursive: true });
    await copyFile(join(PROJECT_ROOT, ".gmrc"), join(folder, ".gmrc"));
    for (const file of files) {
      await copyFile(join(COMMITTED_MIGRATIONS, file), join(folder, "db/migrations/committed", file));
    }
    const env = { PATH: process.env.PATH, DATABASE_URL: databaseUrl };
    await promisify(execFile)(process.execPath, [GRAPHILE_MIGRATE, "migrate"], { cwd: folder, env });
  } finally {
    await rm(folder, { recursive: true });
  }
}
