import { randomUUID } from "node:crypto";
import { afterAll, beforeAll } from "@jest/globals";
import pg from "pg";
import { type Claims, pgSettingsFor } from "../graphql/claims.ts";
import { withDatabase } from "../server/database/connections.ts";
import { TEMPLATE, testRootUrl, urlAs } from "./cluster.ts";

type Work<T> = (client: pg.ClientBase) => Promise<T>;

/** A test file's own database, and ways to use it as each role. */
export interface TestDatabase {
  readonly name: string;
  /** The URL as the owner, who is not a superuser. */
  readonly ownerUrl: string;
  /** The URL as the authenticator. */
  readonly authUrl: string;
  /** Connections as a superuser, to prepare rows and to read what is stored without RLS. */
  readonly root: pg.Pool;
  /** Runs a transaction as a user, with the settings that the API derives from a token. Rolls back if `work` throws. */
  asUser<T>(sub: string, work: Work<T>): Promise<T>;
  /** Runs a transaction as an anonymous client. */
  asAnon<T>(work: Work<T>): Promise<T>;
  /** Runs a transaction as service_role. */
  asService<T>(work: Work<T>): Promise<T>;
  /** Runs a transaction as an analyst. */
  asAnalyst<T>(work: Work<T>): Promise<T>;
}

/** Creates a clone of the template database for a test file. Call it at the top level. */
export function useTestDatabase(): TestDatabase {
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  const { database, end } = openDatabase(name, "stagekeep_owner");
  beforeAll(() => runAsSuperuser(`create database ${name} template ${TEMPLATE} owner stagekeep_owner`));
  afterAll(end);
  return database;
}

/** Prepares connections to a database, which may not exist yet. `end` closes them and drops the database. */
export function openDatabase(name: string, owner: string): { database: TestDatabase; end: () => Promise<void> } {
  const authUrl = urlAs("authenticator", name);
  const root = new pg.Pool({ connectionString: withDatabase(testRootUrl(), name) });
  // Enough for the test with fifty concurrent writers.
  const auth = new pg.Pool({ connectionString: authUrl, max: 50 });
  // pool.end() resolves before its connections are closed, so dropping the database can break one.
  for (const pool of [root, auth]) pool.on("error", () => {});

  const as = async <T>(claims: Claims | undefined, work: Work<T>): Promise<T> => {
    return await inTransaction(auth, async (client) => {
      for (const [setting, value] of Object.entries(pgSettingsFor(claims))) {
        await client.query("select set_config($1, $2, true)", [setting, value]);
      }
      return await work(client);
    });
  };
  const database: TestDatabase = {
    name,
    ownerUrl: urlAs(owner, name),
    authUrl,
    root,
    asUser: (sub, work) => as(claimsFor(sub), work),
    asAnon: (work) => as(undefined, work),
    asService: (work) => as(claimsFor(randomUUID(), "service_role"), work),
    asAnalyst: (work) => as(claimsFor(randomUUID(), "analyst"), work),
  };
  const end = async () => {
    await Promise.all([root.end(), auth.end()]);
    await runAsSuperuser(`drop database ${name} with (force)`);
  };
  return { database, end };
}

/** Runs a transaction on a connection from `pool`. Rolls back if `work` throws. */
export async function inTransaction<T>(pool: pg.Pool, work: Work<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const result = await work(client);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

/** Returns claims like those of a verified token. */
export function claimsFor(sub: string, role: Claims["role"] = "authenticated"): Claims {
  return { sub, role, exp: Math.floor(Date.now() / 1000) + 3600, aud: "authenticated" };
}

/** Returns the error with which PostgreSQL rejects the attempt. Throws if it does not. */
export async function refusal(attempt: Promise<unknown>): Promise<pg.DatabaseError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error;
    throw error;
  }
  throw new Error("Expected an error from PostgreSQL, but the attempt succeeded.");
}

/** Runs a statement as a superuser in the database `postgres`. */
export async function runAsSuperuser(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: testRootUrl() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
