import { UserError } from "../userError.ts";

const EXPLANATIONS: readonly (readonly [RegExp, (dataDir: string) => string])[] = [
  [
    /ENOSPC|No space left on device|EDQUOT|Disk quota exceeded/i,
    (dataDir) =>
      `The disk that holds ${dataDir} is full. Free some space, or set DATA_DIR to a folder on another disk.`,
  ],
  [
    /EROFS|Read-only file system/i,
    (dataDir) => `${dataDir} is on a read-only disk. Set DATA_DIR to a writable folder.`,
  ],
  [
    // Node's error when a parent folder can't be created, for any reason.
    /ENOENT.*mkdir/i,
    (dataDir) => `Can't create ${dataDir}; the disk may be read-only. Set DATA_DIR to a writable folder.`,
  ],
  [
    /EACCES|EPERM|Permission denied/i,
    (dataDir) =>
      `Permission denied for ${dataDir}. Change its owner or permissions, or set DATA_DIR to a folder of your own.`,
  ],
  [
    /EEXIST|ENOTDIR|Not a directory/i,
    (dataDir) => `${dataDir} is not a folder. Remove the file, or set DATA_DIR to another path.`,
  ],
  [
    /ENOTEMPTY/i,
    (dataDir) =>
      `Another Stagekeep is initialising ${dataDir}, or its postgres/data has other files. Start again, or set DATA_DIR to another folder.`,
  ],
  [
    /28P01/,
    (dataDir) =>
      `The passwords in ${dataDir}/secrets.json do not match the database in the same folder. Restore that file, or set DATA_DIR to a new folder.`,
  ],
  [
    /database files are incompatible with server|not compatible with this version/i,
    (dataDir) =>
      `${dataDir} was created by another major version of PostgreSQL. Dump it with the version of Stagekeep that created it, or set DATA_DIR to a new folder.`,
  ],
  [
    /lock file ".*" already exists|another postmaster/i,
    (dataDir) => `Another PostgreSQL is starting or running on ${dataDir}. Stop it, or set DATA_DIR to another folder.`,
  ],
];

interface Failure {
  readonly code?: string;
  readonly message?: string;
  readonly output?: string;
}

/**
 * Explains why the embedded database failed to start, and what to do. Node's errors and PostgreSQL's have a code; initdb
 * and pg_ctl only print text, in English because `runProgram` sets LC_ALL=C.
 */
export function explainFailure(error: unknown, dataDir: string): UserError {
  // Not `instanceof`: in Jest, Node's own errors come from another realm.
  const { code = "", message = String(error), output: printed = "" } = error as Failure;
  const output = `${message}\n${printed}`;
  const known = EXPLANATIONS.find(([pattern]) => pattern.test(`${code}\n${output}`));
  const explanation = known?.[1](dataDir) ?? `The embedded database in ${dataDir} could not be started.`;
  return new UserError(`${explanation}\n\n${output.trim().split("\n").slice(-12).join("\n")}`, { cause: error });
}
