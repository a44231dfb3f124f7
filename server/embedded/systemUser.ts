import { execFileSync, spawnSync } from "node:child_process";
import { UserError } from "../userError.ts";

/** Whom PostgreSQL's programs run as: an empty object is "as ourselves". */
export interface ProcessIdentity {
  readonly uid?: number;
  readonly gid?: number;
}

const USER = "postgres";

/**
 * PostgreSQL refuses to run as root. Where we are root it runs as the user postgres, who is made when missing.
 * @throws {UserError} when that user is missing and can't be made.
 */
export function databaseIdentity(): ProcessIdentity {
  if (process.getuid?.() !== 0) return {};
  const known = lookUp();
  if (known) return known;
  const made = spawnSync("useradd", ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER]);
  const identity = made.status === 0 ? lookUp() : undefined;
  if (identity) return identity;
  throw new UserError(
    `PostgreSQL refuses to run as root, and the user ${USER} could not be made ` +
      `(${made.error?.message ?? made.stderr?.toString().trim()}). Make that user, or start as an ordinary user.`,
  );
}

/** Whether that identity can enter `folder`, every folder above it included. */
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
