import { execFileSync, spawnSync } from "node:child_process";
import { UserError } from "../userError.ts";

/** The user that runs the PostgreSQL programs. Empty for the current user. */
export interface ProcessIdentity {
  readonly uid?: number;
  readonly gid?: number;
}

const USER = "postgres";

/**
 * PostgreSQL refuses to run as root. As root, it runs as the user postgres, which is created if it does not exist.
 * @throws {UserError} if that user can't be created.
 */
export function databaseIdentity(): ProcessIdentity {
  if (process.getuid?.() !== 0) return {};
  const known = lookUp();
  if (known) return known;
  const made = spawnSync("useradd", ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER]);
  const identity = made.status === 0 ? lookUp() : undefined;
  if (identity) return identity;
  throw new UserError(
    `PostgreSQL refuses to run as root, and the user ${USER} could not be created ` +
      `(${made.error?.message ?? made.stderr?.toString().trim()}). Create that user, or start as an ordinary user.`,
  );
}

/** Whether the user can access `folder`, which includes all its parent folders. */
export function canEnter(folder: string, identity: ProcessIdentity): boolean {
  return spawnSync("/bin/sh", ["-c", 'cd -- "$1"', "sh", folder], { ...identity, cwd: "/" }).status === 0;
}

function lookUp(): ProcessIdentity | undefined {
  try {
    const id = (flag: string) => Number(execFileSync("id", [flag, USER], { stdio: ["ignore", "pipe", "ignore"] }));
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return undefined;
  }
}
