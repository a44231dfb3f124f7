import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import type { Env } from "../env.ts";
import { canEnter, databaseIdentity } from "./systemUser.ts";

const SYSTEM_FOLDER = "/var/lib/stagekeep";

/**
 * The folder of the embedded database: DATA_DIR, or `.data` in the project. As root, if PostgreSQL's user can't access
 * the project (such as in a home folder), it is a folder in /var/lib/stagekeep instead, one for each project.
 */
export function chooseDataDir({ dataDir, dataDirChosen }: Env): string {
  if (dataDirChosen || canEnter(dirname(dataDir), databaseIdentity())) return dataDir;
  const project = dirname(dataDir);
  const suffix = createHash("sha256").update(project).digest("hex").slice(0, 8);
  return join(SYSTEM_FOLDER, `${basename(project)}-${suffix}`);
}
