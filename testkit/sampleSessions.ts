import type { TestDatabase } from "./database.ts";

export const ADA = "ada00000-0000-4000-8000-000000000000";
export const BEN = "be000000-0000-4000-8000-000000000000";
/** Events that Ada owns. */
export const FAIR = "fa000000-0000-4000-8000-000000000000";
export const FETE = "fe000000-0000-4000-8000-000000000000";

/** Returns the id of a sample session by its number. */
export const sampleId = (number: number) => `00000000-0000-4000-8000-00000000000${number}`;

/** Returns the numbers of sample sessions. */
export const numbersOf = (sessions: readonly { readonly id: string }[]) => sessions.map(({ id }) => Number(id.at(-1)));

/**
 * Six sessions of Ada, with a different order in each column and some equal values, and two sessions of Ben, which would
 * be first or last in every list.
 */
const ROWS = `
  insert into profiles (id) values ('${ADA}'), ('${BEN}');
  insert into events (id, owner_id, title) values ('${FAIR}', '${ADA}', 'Fair'), ('${FETE}', '${ADA}', 'Fête');
  insert into wizard_sessions
    (user_id, id, stage, status, revision, started_at, last_saved_at, completed_at, event_id)
  values
    ('${ADA}', '${sampleId(1)}', 3, 'in_progress', 4, '2026-03-03 12:00Z', '2026-03-05 12:00Z', null, '${FETE}'),
    ('${ADA}', '${sampleId(2)}', 6, 'completed', 9, '2026-03-01 12:00Z', '2026-03-04 11:00Z', '2026-03-04 11:00Z', '${FAIR}'),
    ('${ADA}', '${sampleId(3)}', 1, 'in_progress', 0, '2026-03-03 13:00Z', '2026-03-06 12:00Z', null, null),
    ('${ADA}', '${sampleId(4)}', 3, 'abandoned', 2, '2026-03-02 12:00Z', '2026-03-03 12:00Z', null, null),
    ('${ADA}', '${sampleId(5)}', 6, 'completed', 7, '2026-03-01 11:00Z', '2026-03-06 11:00Z', '2026-03-03 11:00Z', '${FAIR}'),
    ('${ADA}', '${sampleId(6)}', 3, 'in_progress', 5, '2026-03-03 11:00Z', '2026-03-04 12:00Z', null, '${FAIR}'),
    ('${BEN}', '${sampleId(7)}', 1, 'in_progress', 0, '2026-01-01 12:00Z', '2026-01-01 12:00Z', null, null),
    ('${BEN}', '${sampleId(8)}', 6, 'completed', 99, '2026-09-09 12:00Z', '2026-09-09 12:00Z', '2026-09-09 12:00Z', null);`;

/** Inserts the sample sessions. Triggers are off, because they set the times. */
export async function insertSampleSessions(db: TestDatabase): Promise<void> {
  await withoutTriggers(db, ROWS);
}

/** Runs statements as a superuser with triggers disabled. */
export async function withoutTriggers(db: TestDatabase, statements: string): Promise<void> {
  await db.root.query(`begin; set local session_replication_role = replica; ${statements}; commit`);
}
