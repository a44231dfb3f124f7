import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll } from "@jest/globals";
import pg from "pg";
import { openDatabase, runAsSuperuser, type TestDatabase } from "./database.ts";

const BOOTSTRAP = new URL("supabase.sql", import.meta.url);
const MIGRATOR = "supabase_migrator";

export interface SupabaseDatabase extends TestDatabase {
  /** Runs a migration as Supabase does: not as a superuser, and in one transaction. */
  apply(sql: string): Promise<void>;
}

/** Creates a database like a Supabase project's for a test file or describe block. `tables` is SQL for its own tables. */
export function useSupabaseDatabase(tables = ""): SupabaseDatabase {
  const { database, end } = openDatabase(`supabase_${randomUUID().replaceAll("-", "")}`, MIGRATOR);

  const apply = async (sql: string) => {
    const client = new pg.Client({ connectionString: database.ownerUrl });
    await client.connect();
    try {
      await client.query("begin");
      await client.query(sql);
      await client.query("commit");
    } finally {
      await client.end();
    }
  };
  beforeAll(async () => {
    await runAsSuperuser(`create database ${database.name}`);
    await database.root.query(await readFile(BOOTSTRAP, "utf8"));
    const password = decodeURIComponent(new URL(database.ownerUrl).password);
    await database.root.query(`alter role ${MIGRATOR} password ${pg.escapeLiteral(password)}`);
    await apply(tables);
  });
  afterAll(end);
  return { ...database, apply };
}
