import { describe, expect, it } from "@jest/globals";
import type { MigrationFile } from "../database/migrationFiles.ts";
import { Fault } from "../fault.ts";
import { buildExport } from "./buildExport.ts";

const AUTH: MigrationFile = { name: "100-auth.sql", sql: "create schema auth;\n" };
const ANALYST: MigrationFile = { name: "265-analyst.sql", sql: "grant usage on schema public to analyst;\n" };

/** The export of one file, without its header. */
function exported(sql: string): string {
  const [, body = ""] = buildExport([AUTH, ANALYST, { name: "200-things.sql", sql }], { existing: [] }).split(
    "-- 200-things.sql\n\n",
  );
  return body;
}

describe("the export", () => {
  it("says what it is, how it was made and what is not in it", () => {
    const files = [
      "050-app-private.sql",
      "100-auth.sql",
      "110-profiles.sql",
      "120-events.sql",
      "200-wizard-sessions.sql",
      "265-analyst.sql",
    ];
    const sql = buildExport(
      files.map((name) => ({ name, sql: "select 1;\n" })),
      { existing: ["profiles", "events"], eventsOwnerColumn: "user_id" },
    );
    const header = sql.slice(0, sql.indexOf("\n\n"));
    expect(header).toMatch(/^(--.*\n?)+$/);
    expect(header).toContain("npm run supabase:export -- --existing profiles,events --events-owner-column user_id");
    expect(header).toContain("050-app-private.sql, 200-wizard-sessions.sql.");
    expect(header).toContain("the schema auth, the table profiles, the table events.");
    expect(header).toContain("Apply it once");
  });

  it("leaves out every file of a table that is there, however late it came", () => {
    const sql = buildExport(
      [
        AUTH,
        ANALYST,
        ...["120-events.sql", "200-things.sql", "310-events.sql"].map((name) => ({ name, sql: "select 1;\n" })),
      ],
      { existing: ["events"] },
    );
    expect(sql.match(/^-- \d+-\w+\.sql$/gm)).toEqual(["-- 200-things.sql"]);
  });

  it("refuses to guess where a part that has to be left out begins and ends", () => {
    expect(() => buildExport([{ name: "000001.sql", sql: "create schema auth;" }], { existing: [] })).toThrow(Fault);
    expect(() => buildExport([AUTH], { existing: [] })).toThrow("NNN-analyst.sql");
    expect(() => buildExport([AUTH, ANALYST], { existing: ["events"] })).toThrow("NNN-events.sql");
  });

  it.each([
    "drop table if exists things cascade;",
    "drop table if exists things cascade; -- undo, for watch",
    "DROP TABLE\n  IF EXISTS public.things, other_things CASCADE;",
    "drop function if exists save_thing(uuid, numeric(10, 2));",
    "drop type if exists thing_status cascade;",
    "drop policy if exists things_policy on things;",
    "drop schema if exists app_private cascade;",
    "drop materialized view things_by_day;",
  ])("does not drop what it has not made: %s", (drop) => {
    expect(exported(`${drop}\ncreate table things (id int);\n`)).toBe("create table things (id int);\n");
  });

  it("drops what it has made", () => {
    const sql =
      'create table things (id int);\ndrop table if exists public."things" cascade;\ncreate table things (id uuid);\n';
    expect(exported(sql)).toBe(sql);
  });

  it("does not touch who may use schema public", () => {
    const sql =
      "-- For all.\nrevoke create on schema public from public;\ngrant usage on schema public to anon;\n\nselect 1;\n";
    expect(exported(sql)).toBe("select 1;\n");
    expect(exported("grant usage on schema app_private to anon;\n")).toContain("grant usage");
  });

  it("drops a function of its own, whatever its arguments", () => {
    const sql = "create function f(a numeric(10, 2)) returns int return 1;\ndrop function f(numeric(10, 2), int);\n";
    expect(exported(sql)).toBe(sql);
  });

  it("makes a schema or a function of its own or fails", () => {
    const first = "create schema if not exists s;\ncreate or replace\n  function s.f() returns int return 1;\n";
    const again = "create schema if not exists s;\ncreate or replace function s.f() returns int return 2;\n";
    expect(exported(first + again)).toBe(`create schema s;\ncreate function s.f() returns int return 1;\n${again}`);
  });

  it.each([
    "do $$ begin execute 'x';\ndrop table if exists things; end $$;",
    "create function f() returns text as $body$\ndrop table if exists $$things$$;\n$body$ language sql;",
    "comment on table t is E'it\\'s;\ndrop table if exists things;';",
    "comment on table t is 'it''s;\ndrop table if exists things;';",
    'create table "a;\ndrop table if exists things;" (id int);',
    "select 1 -- one;\ndrop /* ;\ndrop table if exists things; */;",
    "select 1; -- and;\n\n-- the end;",
  ])("leaves everything else as it is: %s", (sql) => {
    expect(exported(`${sql}\n`)).toBe(`${sql}\n`);
  });
});
