import { randomUUID } from "node:crypto";
import type { TestDatabase } from "./database.ts";
import { type SessionRow, singleRow } from "./rows.ts";

export interface Save {
  readonly id: string;
  readonly saveId?: string;
  readonly base: number;
  readonly patch: unknown;
  readonly stage?: number | null;
  readonly baseValues?: unknown;
}

export interface Conflict {
  readonly pointer: string;
  readonly base: unknown;
  readonly yours: unknown;
  readonly theirs: unknown;
}

export interface SaveAnswer {
  readonly outcome: "SAVED" | "MERGED" | "DUPLICATE" | "CONFLICT";
  readonly session: SessionRow;
  readonly conflicts: readonly Conflict[];
}

/** Saves a patch as a user, with a new saveId by default. */
export async function save(db: TestDatabase, sub: string, options: Save): Promise<SaveAnswer> {
  const { id, saveId = randomUUID(), base, patch, stage = null, baseValues } = options;
  const { rows } = await db.asUser(sub, (client) =>
    client.query<SaveAnswer>(
      `select outcome, to_jsonb(saved) - 'outcome' - 'conflicts' as session, to_jsonb(conflicts) as conflicts
         from save_wizard_session($1, $2, $3, $4, $5, $6) saved`,
      [id, saveId, base, JSON.stringify(patch), stage, baseValues === undefined ? null : JSON.stringify(baseValues)],
    ),
  );
  return singleRow(rows);
}

export interface RevisionRow {
  readonly revision: number;
  readonly save_id: string | null;
  readonly saved_by: string | null;
  readonly stage: number;
  readonly status: string;
  readonly patch: unknown;
  readonly checkpoint: boolean;
  readonly size: number;
  readonly saved_at: string;
}

/** Reads the revisions of a session without RLS, oldest first. */
export async function history(db: TestDatabase, id: string): Promise<RevisionRow[]> {
  const { rows } = await db.root.query<{ row: RevisionRow }>(
    `select to_jsonb(r) - 'session_id' - 'snapshot' - 'definition_version' - 'save_hash' || jsonb_build_object('checkpoint', snapshot is not null) as row
       from wizard_session_revisions r where session_id = $1 order by revision`,
    [id],
  );
  return rows.map(({ row }) => row);
}

/** Returns the numbers of the revisions that still exist, oldest first. */
export async function revisionNumbers(db: TestDatabase, id: string): Promise<number[]> {
  return (await history(db, id)).map(({ revision }) => revision);
}

export interface StateAt {
  readonly revision: number;
  readonly stage: number;
  readonly state: unknown;
  readonly saved_at: string;
  /** The state as PostgreSQL formats it. */
  readonly text: string;
}

/** Reads the state at a revision as a user. */
export async function stateAt(db: TestDatabase, sub: string, id: string, revision: number): Promise<StateAt> {
  const { rows } = await db.asUser(sub, (client) =>
    client.query<{ row: StateAt }>(
      "select to_jsonb(at) || jsonb_build_object('text', at.state::text) as row from wizard_session_at($1, $2) at",
      [id, revision],
    ),
  );
  return singleRow(rows).row;
}

/** Updates columns of a session as a user, as `updateWizardSession` does. */
export function update(db: TestDatabase, sub: string, id: string, columns: Record<string, unknown>) {
  const names = Object.keys(columns);
  return db.asUser(sub, (client) =>
    client.query(`update wizard_sessions set ${names.map((name, i) => `${name} = $${i + 2}`)} where id = $1`, [
      id,
      ...Object.values(columns),
    ]),
  );
}
