import { readFileSync } from "node:fs";
import type { MigrationFile } from "../database/migrationFiles.ts";
import { Fault } from "../fault.ts";
import { type Statement, splitStatements } from "./statements.ts";

/** The tables that a project may have brought itself. Each has a migration file of its name. */
export const REPLACEABLE_TABLES = ["profiles", "events"] as const;
export type ReplaceableTable = (typeof REPLACEABLE_TABLES)[number];

/** What stands in for the files about `events` where the project has a table of its own. */
const OWN_EVENTS_FILE = new URL("ownEvents.sql", import.meta.url);

export interface SupabaseExportOptions {
  /** Tables that the project has already: neither made nor touched. */
  readonly existing: readonly ReplaceableTable[];
  /** The column of the project's own `events` that holds its owner; absent: as in ours. */
  readonly eventsOwnerColumn?: string | undefined;
}

/** What to replace in the migrations before they are handed to `buildExport`. */
export function exportPlaceholders({ eventsOwnerColumn }: SupabaseExportOptions): Record<string, string> {
  return eventsOwnerColumn === undefined
    ? {}
    : { ":EVENTS_OWNER_COLUMN": `"${eventsOwnerColumn.replaceAll('"', '""')}"` };
}

/**
 * Puts the migrations together as one file for `supabase/migrations/`, without what a Supabase project has already.
 * What it leaves in only makes new things: nothing of the project is dropped, replaced or opened.
 * @throws {Fault} when a part that has to be left out can't be told from the rest.
 */
export function buildExport(migrations: readonly MigrationFile[], options: SupabaseExportOptions): string {
  // By the names of files, whatever their numbers: a later change to `events` is left out with `events`.
  const leftOut = new Set<string>();
  for (const part of ["auth", "analyst", ...options.existing]) {
    const files = migrations.filter(({ name }) => new RegExp(`^\\d+-${part}(-[\\w-]+)?\\.sql$`).test(name));
    if (files.length === 0) {
      throw new Fault(`No migration file is called NNN-${part}.sql, so that ${part} can't be left out of the export.`);
    }
    for (const { name } of files) leftOut.add(name);
  }
  const included = migrations.filter(({ name }) => !leftOut.has(name));

  const made = new Set<string>();
  const parts = included.map(({ name, sql }) => {
    const statements = splitStatements(sql).map((statement) => forProject(statement, made));
    return `-- ${name}\n\n${statements.join("").trim()}\n`;
  });
  if (options.existing.includes("events")) parts.push(readFileSync(OWN_EVENTS_FILE, "utf8"));
  return [header(included, options), ...parts].join("\n");
}

const CREATE =
  /^create (?:or replace )?(?:unlogged |unique )?(?<kind>(?:materialized )?\w+) (?:concurrently )?(?:if not exists )?(?<name>[\w."]+)/i;
const DROP =
  /^drop (?<kind>(?:materialized )?\w+) (?:concurrently )?(?:if exists )?(?<names>.+?)(?: on [^;]+?)?(?: cascade| restrict)? ?;/i;
const OR_REPLACE = /^create\s+or\s+replace\s+/i;
const UNLESS_THERE = /^create\s+schema\s+if\s+not\s+exists\s+/i;
const ABOUT_SCHEMA_PUBLIC = /^(?:grant|revoke) [\w, ]+ on schema public (?:to|from) /i;

/** The statement as the export has it, empty where it has no place there. `made` collects what the export makes. */
function forProject({ before, text }: Statement, made: Set<string>): string {
  const line = text.replace(/\s+/g, " ");

  const drop = DROP.exec(line)?.groups;
  // In development a file makes room for itself before it is run again. Here, a thing that is not the export's own
  // is the project's, with its data: it stays, and what would have replaced it fails.
  const dropsForeign = drop && !namesOf(drop.names).every((name) => made.has(`${drop.kind?.toLowerCase()} ${name}`));
  // Who may use and create in `public` is for the project to say.
  if (dropsForeign || ABOUT_SCHEMA_PUBLIC.test(line)) return before.replace(/(?:^--[^\n]*\n)+(?![\s\S])/m, "");

  const create = CREATE.exec(line)?.groups;
  if (create) {
    const thing = `${create.kind?.toLowerCase()} ${namesOf(create.name)[0]}`;
    const isNew = !made.has(thing);
    made.add(thing);
    // A schema or a function of that name in the project is not ours to open or to replace.
    if (isNew) return before + text.replace(OR_REPLACE, "create ").replace(UNLESS_THERE, "create schema ");
  }
  return before + text;
}

function namesOf(list = ""): string[] {
  const withoutArguments = list.replace(/\((?:[^()]|\([^()]*\))*\)/g, "");
  return withoutArguments.split(",").map((name) =>
    name
      .trim()
      .toLowerCase()
      .replaceAll('"', "")
      .replace(/^public\./, ""),
  );
}

function header(included: readonly MigrationFile[], { existing, eventsOwnerColumn }: SupabaseExportOptions): string {
  const command = [
    "npm run supabase:export --",
    existing.length > 0 && `--existing ${existing.join(",")}`,
    eventsOwnerColumn !== undefined && `--events-owner-column ${eventsOwnerColumn}`,
  ].filter((part) => part !== false);
  const lines = [
    "Stagekeep's wizard sessions, as one migration for a Supabase project.",
    "",
    `Generated by \`${command.join(" ").replace(/ --$/, "")}\` from`,
    `${included.map(({ name }) => name).join(", ")}.`,
    `Left out, because the project has it: the roles, the schema auth${existing.map((table) => `, the table ${table}`).join("")}.`,
    "",
    "Apply it once, in one transaction, as the role that owns the project's tables: `supabase db push` does that.",
    "It drops and replaces nothing. Where the schema app_private or one of its tables is there already, it fails and",
    "changes nothing: the lines by which the migrations make room for themselves in development are not in it.",
  ];
  return lines.map((line) => `${`-- ${line}`.trimEnd()}\n`).join("");
}
