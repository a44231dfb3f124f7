import type { TestDatabase } from "./database.ts";

/** A row of wizard_sessions as JSON; its times are text, exact to the microsecond. */
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

/** What a user may choose about a new session. */
export type SessionFields = Partial<
  Pick<SessionRow, "id" | "user_id" | "event_id" | "stage" | "status"> & { readonly state: object }
>;

/** The one row that there has to be. */
export function only<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined || rows.length > 1) throw new Error(`This was expected to be one row, and is ${rows.length}.`);
  return row;
}

/** Begins a session as that user, with the defaults for what is not named. */
export async function startSession(db: TestDatabase, sub: string, fields: SessionFields = {}): Promise<SessionRow> {
  const columns = Object.keys(fields);
  const values = columns.map((_, index) => `$${index + 1}`);
  const { rows } = await db.asUser(sub, (client) =>
    client.query<{ row: SessionRow }>(
      `insert into wizard_sessions ${columns.length > 0 ? `(${columns}) values (${values})` : "default values"}
       returning to_jsonb(wizard_sessions) as row`,
      Object.values(fields),
    ),
  );
  return only(rows).row;
}

/** Makes an event as that user. */
export async function createEvent(db: TestDatabase, sub: string): Promise<string> {
  const { rows } = await db.asUser(sub, (client) =>
    client.query<{ id: string }>("insert into events (title) values ('Summer party') returning id"),
  );
  return only(rows).id;
}

/** What the table holds, past the policies; undefined when there is no such row. */
export async function storedSession(db: TestDatabase, id: string): Promise<SessionRow | undefined> {
  const { rows } = await db.root.query<{ row: SessionRow }>(
    "select to_jsonb(s) as row from wizard_sessions s where id = $1",
    [id],
  );
  return rows[0]?.row;
}

/** How many sessions the table holds for that user, past the policies. */
export async function countSessions(db: TestDatabase, userId: string): Promise<number> {
  const { rows } = await db.root.query<{ count: number }>(
    "select count(*)::int as count from wizard_sessions where user_id = $1",
    [userId],
  );
  return only(rows).count;
}
