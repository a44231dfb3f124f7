import { randomUUID } from "node:crypto";
import { afterAll, beforeAll } from "@jest/globals";
import pg from "pg";
import { type Claims, pgSettingsFor } from "../graphql/claims.ts";
import { withDatabase } from "../server/database/connections.ts";
import { TEMPLATE, testRootUrl, urlAs } from "./cluster.ts";

type Work<T> = (client: pg.ClientBase) => Promise<T>;

/** A database of a test file's own, and the ways to act in it. */
export interface TestDatabase {
  readonly name: string;
  /** The owner's connection (not a superuser). */
  readonly ownerUrl: string;
  /** The authenticator's connection. */
  readonly authUrl: string;
  /** A superuser's connections: past the policies, to set up and to look at what is really there. */
  readonly root: pg.Pool;
  /** A transaction as that user, with the settings that the API makes of a token. Rolled back when `work` throws. */
  asUser<T>(sub: string, work: Work<T>): Promise<T>;
  /** The same for somebody who is not signed in. */
  asAnon<T>(work: Work<T>): Promise<T>;
  /** The same for a trusted back end. */
  asService<T>(work: Work<T>): Promise<T>;
  /** The same for somebody who may read the funnel. */
  asAnalyst<T>(work: Work<T>): Promise<T>;
}

/** Gives the test file that calls it (at its top level) a fresh clone of the template. */
export function useTestDatabase(): TestDatabase {
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  const { database, end } = openDatabase(name, "stagekeep_owner");
  beforeAll(() => atRoot(`create database ${name} template ${TEMPLATE} owner stagekeep_owner`));
  afterAll(end);
  return database;
}

/** The ways into a database of that name, which need not be there yet. `end` closes them all and drops it. */
export function openDatabase(name: string, owner: string): { database: TestDatabase; end: () => Promise<void> } {
  const authUrl = urlAs("authenticator", name);
  const root = new pg.Pool({ connectionString: withDatabase(testRootUrl(), name) });
  // As many as a test may want to have write at once.
  const auth = new pg.Pool({ connectionString: authUrl, max: 50 });
  // A pool has ended before the last of its connections is closed: dropping the database may still cut one off.
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
    await atRoot(`drop database ${name} with (force)`);
  };
  return { database, end };
}

/** A transaction on a connection of `pool`. Rolled back when `work` throws. */
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

/** Verified claims as the API would hand them on. */
export function claimsFor(sub: string, role: Claims["role"] = "authenticated"): Claims {
  return { sub, role, exp: Math.floor(Date.now() / 1000) + 3600, aud: "authenticated" };
}

/** The SQLSTATE, message and more with which PostgreSQL refused; fails when it did not. */
export async function refusal(attempt: Promise<unknown>): Promise<pg.DatabaseError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error;
    throw error;
  }
  throw new Error("This was expected to be refused, and was not.");
}

/** Runs one statement as a superuser in the database `postgres`. */
export async function atRoot(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: testRootUrl() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
