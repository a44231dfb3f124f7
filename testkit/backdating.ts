import type { TestDatabase } from "./database.ts";
import { withoutTriggers } from "./sampleSessions.ts";

/** Moves the times of a session and of its revisions into the past by an interval. */
export async function backdate(db: TestDatabase, id: string, by: string): Promise<void> {
  await withoutTriggers(
    db,
    `update wizard_sessions set started_at = started_at - interval '${by}', last_saved_at = last_saved_at - interval '${by}'
      where id = '${id}';
     update wizard_session_revisions set saved_at = saved_at - interval '${by}' where session_id = '${id}'`,
  );
}
