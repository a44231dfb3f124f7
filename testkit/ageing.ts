import type { TestDatabase } from "./database.ts";
import { only } from "./rows.ts";
import { withoutTriggers } from "./sampleSessions.ts";

/** Moves the times of a session and of its revisions into the past by an interval. */
export async function age(db: TestDatabase, id: string, by: string): Promise<void> {
  await withoutTriggers(
    db,
    `update wizard_sessions set started_at = started_at - interval '${by}', last_saved_at = last_saved_at - interval '${by}'
      where id = '${id}';
     update wizard_session_revisions set saved_at = saved_at - interval '${by}' where session_id = '${id}'`,
  );
}

/** Reads all sessions and revisions as text, to check that nothing has changed. */
export async function contents(db: TestDatabase): Promise<string> {
  const { rows } = await db.root.query<{ all: string }>(
    `select (select jsonb_agg(to_jsonb(s) order by id) from wizard_sessions s)::text
         || (select jsonb_agg(to_jsonb(r) order by session_id, revision) from wizard_session_revisions r)::text as all`,
  );
  return only(rows).all;
}
