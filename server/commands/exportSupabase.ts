import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { readMigrations } from "../database/migrationFiles.ts";
import { runCommand } from "../runCommand.ts";
import {
  buildExport,
  exportPlaceholders,
  REPLACEABLE_TABLES,
  type ReplaceableTable,
  type SupabaseExportOptions,
} from "../supabase/buildExport.ts";
import { UserError } from "../userError.ts";

const USAGE = `Usage: npm run supabase:export -- [options]
  --existing TABLES             tables that the project already has: ${REPLACEABLE_TABLES.join(", ")}, separated by commas
  --events-owner-column COLUMN  with --existing events: the column with the owner's id
  --out FILE                    the output file; - for standard output`;

await runCommand(async () => {
  const { out, ...options } = readOptions(process.argv.slice(2));
  const migrations = await readMigrations({ placeholders: exportPlaceholders(options) });
  const sql = buildExport(migrations, options);
  if (out === "-") {
    process.stdout.write(sql);
    return;
  }
  const file = out ?? join("supabase", "migrations", `${timestamp()}_stagekeep.sql`);
  try {
    await mkdir(dirname(file), { recursive: true });
    // Never overwrites a file, because it may be a migration that has been applied.
    await writeFile(file, sql, { flag: "wx" });
  } catch (error) {
    throw new UserError(`Can't write ${file}: ${(error as Error).message}`, { cause: error });
  }
  console.log(`Wrote ${file}. docs/supabase.md says how to apply it and what to check then.`);
});

function readOptions(args: string[]): SupabaseExportOptions & { readonly out: string | undefined } {
  const { existing: tables = [], "events-owner-column": eventsOwnerColumn, out } = parse(args);
  const existing = [...new Set(tables.flatMap((list) => list.split(",")))].map((table) => {
    if (isReplaceable(table)) return table;
    throw misuse(`--existing: "${table}" is not one of ${REPLACEABLE_TABLES.join(", ")}.`);
  });
  if (eventsOwnerColumn !== undefined && !/^[a-z_][\w$]*$/i.test(eventsOwnerColumn)) {
    throw misuse(`--events-owner-column: "${eventsOwnerColumn}" is not a column name.`);
  }
  if (eventsOwnerColumn !== undefined && !existing.includes("events")) {
    throw misuse("--events-owner-column: requires --existing events; the export's own table events has owner_id.");
  }
  if (out === "") throw misuse("--out: the file name is missing.");
  return { existing, eventsOwnerColumn, out };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        existing: { type: "string", multiple: true },
        "events-owner-column": { type: "string" },
        out: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw misuse((error as Error).message);
  }
}

function isReplaceable(table: string): table is ReplaceableTable {
  return REPLACEABLE_TABLES.some((known) => known === table);
}

function misuse(message: string): UserError {
  return new UserError(`${message}\n\n${USAGE}`);
}

/** The timestamp in the file names of Supabase migrations: YYYYMMDDHHMMSS, in UTC. */
function timestamp(): string {
  return new Date().toISOString().replace(/\D/g, "").slice(0, 14);
}
