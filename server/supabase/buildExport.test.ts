import { describe, expect, it } from "@jest/globals";
import type { MigrationFile } from "../database/migrationFiles.ts";
import { UserError } from "../userError.ts";
import { buildExport } from "./buildExport.ts";

const file = (name: string, sql = "select 1;\n"): MigrationFile => ({ name, sql });
const REQUIRED = [file("001-undo.sql", "drop table things;\n"), file("100-auth.sql", "create schema auth;\n")];

/** The names of the migration files in an export. */
function namesIn(sql: string): string[] {
  return [...sql.matchAll(/^-- (\d+-[\w-]+\.sql)$/gm)].map(([, name = ""]) => name);
}

describe("buildExport", () => {
  it("starts with a header: what it is, the command, the files, and what is left out", () => {
    const names = ["050-app-private.sql", "110-profiles.sql", "120-events.sql", "200-wizard-sessions.sql"];
    const sql = buildExport([...REQUIRED, ...names.map((name) => file(name))], {
      existing: ["profiles", "events"],
      eventsOwnerColumn: "user_id",
    });
    const header = sql.slice(0, sql.indexOf("\n\n"));
    expect(header).toMatch(/^(--.*\n?)+$/);
    expect(header).toContain("npm run supabase:export -- --existing profiles,events --events-owner-column user_id");
    expect(header).toContain("050-app-private.sql, 200-wizard-sessions.sql.");
    expect(header).toContain("the schema auth, the table profiles, the table events.");
    expect(header).toContain("Apply it once");
  });

  it("leaves out the undo and auth files, and every file of an existing table in any migration", () => {
    const names = ["120-events.sql", "200-things.sql", "265-auth-analyst.sql", "310-events-prices.sql", "400-undo.sql"];
    const sql = buildExport([...REQUIRED, ...names.map((name) => file(name))], { existing: ["events"] });
    expect(namesIn(sql)).toEqual(["200-things.sql"]);
    expect(sql).not.toContain("drop table");
  });

  it("keeps a file whose name only begins like a part", () => {
    const names = ["110-profiles.sql", "300-authors.sql", "310-events-log.sql", "320-eventsource.sql"];
    const sql = buildExport([...REQUIRED, ...names.map((name) => file(name))], { existing: ["profiles"] });
    expect(namesIn(sql)).toEqual(["300-authors.sql", "310-events-log.sql", "320-eventsource.sql"]);
  });

  it("leaves out the fixtures in the folder of an existing table, and keeps what surrounds them", () => {
    const sql = buildExport(
      [
        ...REQUIRED,
        file("120-events.sql"),
        file(
          "500-change.sql",
          [
            "select 'before';",
            "-- Included events/write_event.sql",
            "select 'events';",
            "-- EndIncluded events/write_event.sql",
            "-- Included saving/save_wizard_session.sql",
            "select 'saving';",
            "-- EndIncluded saving/save_wizard_session.sql",
            "select 'after';",
            "",
          ].join("\n"),
        ),
      ],
      { existing: ["events"] },
    );
    expect(sql).toContain("select 'before';\n-- Included saving/save_wizard_session.sql\nselect 'saving';\n");
    expect(sql).toContain("select 'after';\n");
    expect(sql).not.toContain("select 'events'");
  });

  it("fails when no file has the name of a part that has to be left out", () => {
    expect(() => buildExport([file("000001.sql", "create schema auth;")], { existing: [] })).toThrow(UserError);
    expect(() => buildExport(REQUIRED.slice(0, 1), { existing: [] })).toThrow("NNN-auth.sql");
    expect(() => buildExport(REQUIRED, { existing: ["events"] })).toThrow("NNN-events.sql");
  });
});
