import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll } from "@jest/globals";
import pg from "pg";
import { type Claims, pgSettingsFor } from "../../../graphql/claims.ts";
import { withDatabase } from "../../../server/database/connections.ts";
import { testRootUrl, urlAs } from "./cluster.ts";
import { claimsFor, type TestDatabase } from "./database.ts";

const BOOTSTRAP = new URL("supabase.sql", import.meta.url);
const MIGRATOR = "supabase_migrator";

export interface SupabaseDatabase extends TestDatabase {
  /** Runs a migration as Supabase does: as its ordinary role, in one transaction. */
  apply(sql: string): Promise<void>;
}

/** Gives the test file or block that calls it a database like a Supabase project's, which has its own `tables`. */
export function useSupabaseDatabase(tables = ""): SupabaseDatabase {
  const name = `supabase_${randomUUID().replaceAll("-", "")}`;
  const [ownerUrl, authUrl] = [urlAs(MIGRATOR, name), urlAs("authenticator", name)];
  const root = new pg.Pool({ connectionString: withDatabase(testRootUrl(), name) });
  const auth = new pg.Pool({ connectionString: authUrl });
  // A pool has ended before the last of its connections is closed: dropping the database may still cut one off.
  for (const pool of [root, auth]) pool.on("error", () => {});

  const apply = (sql: string) =>
    connected(ownerUrl, async (client) => {
      await client.query("begin");
      await client.query(sql);
      await client.query("commit");
    });
  const as = async <T>(claims: Claims | undefined, work: (client: pg.ClientBase) => Promise<T>): Promise<T> => {
    const client = await auth.connect();
    try {
      await client.query("begin");
      for (const [setting, value] of Object.entries(pgSettingsFor(claims))) {
        await client.query("select set_config($1, $2, true)", [setting, value]);
      }
      const result = await work(client);
      await client.query("commit");
      return result;
    } catch (error) {
      await client.query("rollback");
      throw error;
    } finally {
      client.release();
    }
  };

  beforeAll(async () => {
    await connected(testRootUrl(), (client) => client.query(`create database ${name}`));
    await root.query(await readFile(BOOTSTRAP, "utf8"));
    const password = decodeURIComponent(new URL(ownerUrl).password);
    await root.query(`alter role ${MIGRATOR} password ${pg.escapeLiteral(password)}`);
    await apply(tables);
  });
  afterAll(async () => {
    await Promise.all([root.end(), auth.end()]);
    await connected(testRootUrl(), (client) => client.query(`drop database ${name} with (force)`));
  });

  return {
    name,
    ownerUrl,
    authUrl,
    root,
    apply,
    asUser: (sub, work) => as(claimsFor(sub), work),
    asAnon: (work) => as(undefined, work),
    asService: (work) => as(claimsFor(randomUUID(), "service_role"), work),
  };
}

async function connected(connectionString: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
