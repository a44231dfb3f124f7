import { readFile } from "node:fs/promises";
import pg from "pg";
import { UserError } from "../userError.ts";
import type { Connections } from "./connections.ts";

const ROLES_FILE = new URL("../../db/roles.sql", import.meta.url);

/**
 * Makes the roles and the database that `connections` name, as far as they are missing, and sets both passwords.
 * Needs `rootDatabaseUrl`, an administrator's connection.
 */
export async function setUpDatabase(connections: Connections): Promise<void> {
  if (connections.rootDatabaseUrl === undefined) {
    throw new UserError("ROOT_DATABASE_URL: missing; making roles and a database takes an administrator's connection.");
  }
  const owner = new URL(connections.databaseUrl);
  const auth = new URL(connections.authDatabaseUrl);
  const client = new pg.Client({ connectionString: connections.rootDatabaseUrl });
  // The query in progress rejects with it.
  client.on("error", () => {});
  await client.connect().catch((cause: Error) => {
    throw new UserError(`ROOT_DATABASE_URL: the server can't be reached: ${cause.message}`, { cause });
  });
  try {
    await client.query(await readFile(ROLES_FILE, "utf8"));
    await setPassword(client, owner);
    await setPassword(client, auth);
    for (const url of [connections.databaseUrl, connections.shadowDatabaseUrl]) {
      if (url !== undefined) await createDatabase(client, new URL(url));
    }
  } catch (error) {
    throw new UserError(
      `The roles and the database could not be made, which takes a superuser: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  } finally {
    await client.end();
  }
}

async function setPassword(client: pg.Client, url: URL): Promise<void> {
  const role = client.escapeIdentifier(decodeURIComponent(url.username));
  const password = decodeURIComponent(url.password);
  if (password !== "") await client.query(`alter role ${role} password ${client.escapeLiteral(password)}`);
}

async function createDatabase(client: pg.Client, url: URL): Promise<void> {
  const name = decodeURIComponent(url.pathname.slice(1));
  const { rowCount } = await client.query("select from pg_database where datname = $1", [name]);
  if (rowCount === 0) {
    const owner = client.escapeIdentifier(decodeURIComponent(url.username));
    await client.query(`create database ${client.escapeIdentifier(name)} owner ${owner}`);
  }
}
