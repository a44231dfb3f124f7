import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import type { Env } from "../env.ts";
import { canEnter, databaseIdentity } from "./systemUser.ts";

const SYSTEM_FOLDER = "/var/lib/stagekeep";

/**
 * Where the embedded database lives: DATA_DIR, or `.data` in the project. Where we are root and the project is in a
 * folder that PostgreSQL's user can't enter (a home folder, say), it is a folder below /var/lib/stagekeep instead,
 * always the same one for the same project.
 */
export function chooseDataDir({ dataDir, dataDirChosen }: Env): string {
  if (dataDirChosen || canEnter(dirname(dataDir), databaseIdentity())) return dataDir;
  const project = dirname(dataDir);
  const mark = createHash("sha256").update(project).digest("hex").slice(0, 8);
  return join(SYSTEM_FOLDER, `${basename(project)}-${mark}`);
}
