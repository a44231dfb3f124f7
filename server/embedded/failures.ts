import { UserError } from "../userError.ts";

const EXPLANATIONS: readonly (readonly [RegExp, (dataDir: string) => string])[] = [
  [
    /ENOSPC|No space left on device|EDQUOT|Disk quota exceeded/i,
    (dataDir) =>
      `The disk that holds ${dataDir} is full. Free some space, or set DATA_DIR to a folder on another disk.`,
  ],
  [
    /EROFS|Read-only file system/i,
    (dataDir) => `${dataDir} is on a read-only disk. Set DATA_DIR to a folder that can be written.`,
  ],
  [
    // What Node says of a folder above that can't be made, whatever keeps it from that.
    /ENOENT.*mkdir/i,
    (dataDir) => `${dataDir} can't be made; its disk may be read-only. Set DATA_DIR to a folder that can be written.`,
  ],
  [
    /EACCES|EPERM|Permission denied/i,
    (dataDir) =>
      `${dataDir} can't be written. Change its owner or its permissions, or set DATA_DIR to a folder of your own.`,
  ],
  [
    /EEXIST|ENOTDIR|Not a directory/i,
    (dataDir) => `${dataDir} is not a folder. Remove what is there, or set DATA_DIR to another path.`,
  ],
  [
    /ENOTEMPTY/i,
    (dataDir) =>
      `Another Stagekeep is starting in ${dataDir} for the first time, or there is something else in its postgres/data. Start again, or set DATA_DIR to another folder.`,
  ],
  [
    /password authentication failed/i,
    (dataDir) =>
      `The passwords in ${dataDir}/secrets.json are not those of the database beside it. Restore that file, or set DATA_DIR to a new folder.`,
  ],
  [
    /database files are incompatible with server|not compatible with this version/i,
    (dataDir) =>
      `${dataDir} was made by another major version of PostgreSQL. Start the version of Stagekeep that made it and dump it, or set DATA_DIR to a new folder.`,
  ],
  [
    /lock file ".*" already exists|another postmaster/i,
    (dataDir) => `Another PostgreSQL is starting or running on ${dataDir}. Stop it, or set DATA_DIR to another folder.`,
  ],
];

/** Turns an error number's name, or the words of one of PostgreSQL's programs, into something to act on. */
export function explainFailure(error: unknown, dataDir: string): UserError {
  // Asked for its parts rather than its class: an error of Node's own may come from another realm.
  const { message = String(error), output: said = "" } = error as { message?: string; output?: string };
  const output = `${message}\n${said}`;
  const known = EXPLANATIONS.find(([pattern]) => pattern.test(output));
  const explanation = known?.[1](dataDir) ?? `The embedded database in ${dataDir} could not be started.`;
  return new UserError(`${explanation}\n\n${output.trim().split("\n").slice(-12).join("\n")}`, { cause: error });
}
