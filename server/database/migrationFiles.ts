import { readdir, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { compile, type Settings } from "graphile-migrate";
import JSON5 from "json5";
import { PROJECT_ROOT } from "./migrate.ts";

/** One file of `db/migrations/current/`, or what has become of it in a committed migration. */
export interface MigrationFile {
  readonly name: string;
  /** Ready to be run: placeholders replaced, includes in place. */
  readonly sql: string;
}

export interface ReadMigrationsOptions {
  /** Values to use instead of those in `.gmrc`. */
  readonly placeholders?: Readonly<Record<string, string>>;
  /** The folder of `.gmrc`. */
  readonly root?: string;
}

// graphile-migrate's own marks: headers on top of a file, in a committed one the name of each file that went into it,
// and where an included file begins and ends.
const HEADERS = /^(?:--! [A-Z]\w*(?::.*)?\n)+\n*/;
const SPLIT = /^--! split: (\S+\.sql)$/;
const INCLUDE_MARKS = /^--! (?:End)?Included .*\n?/gm;

/** All migrations in the order in which they run: the committed ones, then what is being worked on. */
export async function readMigrations({
  placeholders = {},
  root = PROJECT_ROOT,
}: ReadMigrationsOptions = {}): Promise<MigrationFile[]> {
  const gmrc: Settings = JSON5.parse(await readFile(resolve(root, ".gmrc"), "utf8"));
  const migrationsFolder = resolve(root, gmrc.migrationsFolder ?? "migrations");
  const settings: Settings = {
    migrationsFolder,
    placeholders: { ...gmrc.placeholders, ...placeholders },
    // Asked for even where nothing is connected to.
    connectionString: "postgres:///stagekeep",
  };
  const files = [
    ...(await readCommitted(resolve(migrationsFolder, "committed"))),
    ...(await readCurrent(migrationsFolder)),
  ];
  const compiled = files.map(async ({ name, sql }) => ({
    name,
    sql: await compile(settings, sql, { filename: name }),
  }));
  return (await Promise.all(compiled)).filter(({ sql }) => sql.replace(/--.*$/gm, "").trim() !== "");
}

async function readCommitted(folder: string): Promise<MigrationFile[]> {
  const names = await sqlFiles(folder);
  const files = names.map(async (name) => {
    const content = await readFile(resolve(folder, name), "utf8");
    return splitUp(name, withoutHeaders(content).replace(INCLUDE_MARKS, ""));
  });
  return (await Promise.all(files)).flat();
}

/** graphile-migrate works on a file or on a folder, whichever there is. */
async function readCurrent(migrationsFolder: string): Promise<MigrationFile[]> {
  const file = await readFile(resolve(migrationsFolder, "current.sql"), "utf8").catch(absent);
  if (file !== undefined) return [{ name: "current.sql", sql: withoutHeaders(file) }];
  const folder = resolve(migrationsFolder, "current");
  const names = await sqlFiles(folder);
  return Promise.all(
    names.map(async (name) => ({ name, sql: withoutHeaders(await readFile(resolve(folder, name), "utf8")) })),
  );
}

function withoutHeaders(content: string): string {
  return content.replace(HEADERS, "");
}

function splitUp(name: string, body: string): MigrationFile[] {
  const files = [{ name, lines: [] as string[] }];
  for (const line of body.split("\n")) {
    const next = SPLIT.exec(line)?.[1];
    if (next === undefined) files.at(-1)?.lines.push(line);
    else files.push({ name: next, lines: [] });
  }
  return files.map((file) => ({ name: file.name, sql: `${file.lines.join("\n").trim()}\n` }));
}

/** By their leading number, as graphile-migrate sorts them. */
async function sqlFiles(folder: string): Promise<string[]> {
  const names = (await readdir(folder).catch(absent)) ?? [];
  return names
    .filter((name) => /^\d+(?:-[-\w]*)?\.sql$/.test(name))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
