import type { Env } from "../env.ts";

/** URLs of one database for different roles. */
export interface Connections {
  /** The owner, for migrations and the worker. */
  readonly databaseUrl: string;
  /** The role authenticator, for the API. */
  readonly authDatabaseUrl: string;
  /** A superuser, in another database of the server; creates roles and databases. */
  readonly rootDatabaseUrl?: string | undefined;
  readonly shadowDatabaseUrl?: string | undefined;
}

/** The configured connections, or undefined if the embedded database is used. */
export function configuredConnections(env: Env): Connections | undefined {
  const { databaseUrl, authDatabaseUrl, rootDatabaseUrl, shadowDatabaseUrl } = env;
  if (databaseUrl === undefined || authDatabaseUrl === undefined) return undefined;
  return { databaseUrl, authDatabaseUrl, rootDatabaseUrl, shadowDatabaseUrl };
}

/** The same server and role, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

/** The same server, with another role and database, and the same password unless another is given. */
export function asRole(url: string, role: string, database: string, password?: string): string {
  const changed = new URL(withDatabase(url, database));
  changed.username = role;
  if (password !== undefined) changed.password = password;
  return changed.href;
}
