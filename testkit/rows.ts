import { COMPLETE_STATE } from "../wizard/testing/completeState.ts";
import type { TestDatabase } from "./database.ts";

/** A row of wizard_sessions as JSON. Times are text, exact to the microsecond. */
export interface SessionRow {
  readonly id: string;
  readonly user_id: string;
  readonly event_id: string | null;
  readonly stage: number;
  readonly status: string;
  readonly state: unknown;
  readonly started_at: string;
  readonly last_saved_at: string;
  readonly completed_at: string | null;
  readonly definition_version: number;
  readonly revision: number;
}

/** The columns that a user can set in a new session. */
export type SessionFields = Partial<
  Pick<SessionRow, "id" | "user_id" | "event_id" | "stage" | "status"> & { readonly state: object }
>;

/** Returns the only row. Throws unless there is exactly one. */
export function singleRow<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined || rows.length > 1) throw new Error(`Expected one row, but got ${rows.length}.`);
  return row;
}

/** Starts a session as a user. Columns that are not given have their defaults, but a completed session is complete. */
export async function startSession(db: TestDatabase, sub: string, given: SessionFields = {}): Promise<SessionRow> {
  const fields = given.status === "completed" ? { state: COMPLETE_STATE, ...given } : given;
  const columns = Object.keys(fields);
  const values = columns.map((_, index) => `$${index + 1}`);
  const { rows } = await db.asUser(sub, (client) =>
    client.query<{ row: SessionRow }>(
      `insert into wizard_sessions ${columns.length > 0 ? `(${columns}) values (${values})` : "default values"}
       returning to_jsonb(wizard_sessions) as row`,
      Object.values(fields),
    ),
  );
  return singleRow(rows).row;
}

/** Creates an event as a user, and returns its id. */
export async function createEvent(db: TestDatabase, sub: string): Promise<string> {
  const { rows } = await db.asUser(sub, (client) =>
    client.query<{ id: string }>("insert into events (title) values ('Summer party') returning id"),
  );
  return singleRow(rows).id;
}

/** Reads a session without RLS; undefined if it does not exist. */
export async function storedSession(db: TestDatabase, id: string): Promise<SessionRow | undefined> {
  const { rows } = await db.root.query<{ row: SessionRow }>(
    "select to_jsonb(s) as row from wizard_sessions s where id = $1",
    [id],
  );
  return rows[0]?.row;
}

/** Counts the sessions of a user without RLS. */
export async function countSessions(db: TestDatabase, userId: string): Promise<number> {
  const { rows } = await db.root.query<{ count: number }>(
    "select count(*)::int as count from wizard_sessions where user_id = $1",
    [userId],
  );
  return singleRow(rows).count;
}

/** Reads all sessions and revisions as text, to check that nothing has changed. */
export async function sessionTablesAsText(db: TestDatabase): Promise<string> {
  const { rows } = await db.root.query<{ all: string }>(
    `select (select jsonb_agg(to_jsonb(s) order by id) from wizard_sessions s)::text
         || (select jsonb_agg(to_jsonb(r) order by session_id, revision) from wizard_session_revisions r)::text as all`,
  );
  return singleRow(rows).all;
}
