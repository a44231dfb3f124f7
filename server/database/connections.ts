import type { Env } from "../env.ts";

/** The three ways into one database. */
export interface Connections {
  /** As the owner: migrations. */
  readonly databaseUrl: string;
  /** As authenticator: the API. */
  readonly authDatabaseUrl: string;
  /** As an administrator, to another database of the server: roles, databases. */
  readonly rootDatabaseUrl?: string | undefined;
  readonly shadowDatabaseUrl?: string | undefined;
}

/** The connections that the environment names, or undefined where the embedded database is to be used. */
export function configuredConnections(env: Env): Connections | undefined {
  const { databaseUrl, authDatabaseUrl, rootDatabaseUrl, shadowDatabaseUrl } = env;
  if (databaseUrl === undefined || authDatabaseUrl === undefined) return undefined;
  return { databaseUrl, authDatabaseUrl, rootDatabaseUrl, shadowDatabaseUrl };
}

/** The same server and user, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

/** The same server as another role, with the same password unless another is given, in another database. */
export function asRole(url: string, role: string, database: string, password?: string): string {
  const changed = new URL(withDatabase(url, database));
  changed.username = role;
  if (password !== undefined) changed.password = password;
  return changed.href;
}
