import { readFile } from "node:fs/promises";
import pg from "pg";
import { UserError } from "../userError.ts";
import type { Connections } from "./connections.ts";

const ROLES_FILE = new URL("../../db/roles.sql", import.meta.url);

/**
 * Creates the roles and databases of `connections` that do not exist, and sets the passwords. Needs `rootDatabaseUrl`, a
 * superuser's connection.
 */
export async function setUpDatabase(connections: Connections): Promise<void> {
  if (connections.rootDatabaseUrl === undefined) {
    throw new UserError("ROOT_DATABASE_URL: missing; only a superuser can create the roles and the database.");
  }
  const owner = new URL(connections.databaseUrl);
  const auth = new URL(connections.authDatabaseUrl);
  const client = new pg.Client({ connectionString: connections.rootDatabaseUrl });
  // The query in progress rejects with the same error.
  client.on("error", () => {});
  await client.connect().catch((cause: Error) => {
    throw new UserError(`ROOT_DATABASE_URL: can't connect to the server: ${cause.message}`, { cause });
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
      `Could not create the roles and the database, which needs a superuser: ${(error as Error).message}`,
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
