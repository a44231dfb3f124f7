import { readdir, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { compile, type Settings } from "graphile-migrate";
import JSON5 from "json5";
import { PROJECT_ROOT } from "./migrate.ts";

/** One file of `db/migrations/current/`, or the part of a committed migration that it became. */
export interface MigrationFile {
  readonly name: string;
  /** Ready to run: placeholders replaced, each fixture between `-- Included <path>` and `-- EndIncluded <path>`. */
  readonly sql: string;
}

export interface ReadMigrationsOptions {
  /** Values to use instead of those in `.gmrc`. */
  readonly placeholders?: Readonly<Record<string, string>>;
  /** The folder of `.gmrc`. */
  readonly root?: string;
}

// graphile-migrate's marks: headers at the top of a file; in a committed migration, the name of each file of current/;
// and the start and end of an included fixture.
const HEADERS = /^(?:--! [A-Z]\w*(?::.*)?\n)+\n*/;
const SPLIT = /^--! split: (\S+\.sql)$/;
const INCLUDE_MARK = /^--! (?=(?:End)?Included )/gm;

/** All migrations in the order in which they run: committed, then current. */
export async function readMigrations({
  placeholders = {},
  root = PROJECT_ROOT,
}: ReadMigrationsOptions = {}): Promise<MigrationFile[]> {
  const settings = await readSettings(root, placeholders);
  const { migrationsFolder } = settings;
  const files = [
    ...(await readCommitted(resolve(migrationsFolder, "committed"))),
    ...(await readCurrent(migrationsFolder)),
  ];
  const compiled = files.map(async ({ name, sql }) => {
    // graphile-migrate refuses to compile text that holds its marks, as committed migrations do.
    const compiledSql = await compile(settings, plainMarks(sql), { filename: name });
    return { name, sql: plainMarks(compiledSql) };
  });
  return (await Promise.all(compiled)).filter(({ sql }) => sql.replace(/--.*$/gm, "").trim() !== "");
}

/** The fixtures in `db/migrations/fixtures/`: the current definition of every function, policy, grant, trigger and comment. */
export async function readFixtures({
  placeholders = {},
  root = PROJECT_ROOT,
}: ReadMigrationsOptions = {}): Promise<MigrationFile[]> {
  const settings = await readSettings(root, placeholders);
  const folder = resolve(settings.migrationsFolder, "fixtures");
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".sql")).toSorted();
  return Promise.all(
    names.map(async (name) => ({ name, sql: await compile(settings, await readFile(resolve(folder, name), "utf8")) })),
  );
}

async function readSettings(root: string, placeholders: Readonly<Record<string, string>>) {
  const gmrc: Settings = JSON5.parse(await readFile(resolve(root, ".gmrc"), "utf8"));
  return {
    migrationsFolder: resolve(root, gmrc.migrationsFolder ?? "migrations"),
    placeholders: { ...gmrc.placeholders, ...placeholders },
    // Required by graphile-migrate, though `compile` does not connect.
    connectionString: "postgres:///stagekeep",
  };
}

async function readCommitted(folder: string): Promise<MigrationFile[]> {
  const names = await sqlFiles(folder);
  const files = names.map(async (name) => {
    const content = await readFile(resolve(folder, name), "utf8");
    return splitUp(name, withoutHeaders(content));
  });
  return (await Promise.all(files)).flat();
}

/** graphile-migrate uses `current.sql` or `current/`, whichever exists. */
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

function plainMarks(sql: string): string {
  return sql.replace(INCLUDE_MARK, "-- ");
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

/** Sorted by their leading number, as graphile-migrate does. */
async function sqlFiles(folder: string): Promise<string[]> {
  const names = (await readdir(folder).catch(absent)) ?? [];
  return names
    .filter((name) => /^\d+(?:-[-\w]*)?\.sql$/.test(name))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
