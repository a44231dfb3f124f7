import { randomUUID } from "node:crypto";
import type pg from "pg";
import type { TestDatabase } from "./database.ts";
import { withoutTriggers } from "./sampleSessions.ts";

export interface FunnelStage {
  readonly stage: number;
  readonly started: number;
  readonly reached: number;
  readonly completed: number;
  readonly abandoned: number;
  readonly drop_off: number;
  readonly median_seconds: number | null;
  readonly p90_seconds: number | null;
}

/** A save in a session's history. `at` is in seconds since the start of the session. */
export interface FunnelSave {
  readonly at: number;
  readonly stage: number;
  readonly status?: "completed" | "abandoned";
  /** By default one more than the previous; higher if revisions in between have been removed. */
  readonly revision?: number;
  /** The seconds of working time since the previous save, if revisions in between have been removed. */
  readonly spent?: number;
}

const LONGEST_BREAK = 30 * 60;

/** Inserts a session of a new user with this history. Triggers are off, because they set the times. */
export async function insertHistory(
  db: TestDatabase,
  startedAt: string,
  saves: readonly FunnelSave[],
): Promise<string> {
  const [id, user] = [randomUUID(), randomUUID()];
  let [revision, timeSpent] = [-1, 0];
  const rows = saves.map(({ at, stage, status = "in_progress", ...save }, i) => {
    revision = save.revision ?? revision + 1;
    const before = saves[i - 1];
    if (before && !before.status && status !== "abandoned") {
      timeSpent += save.spent ?? Math.min(at - before.at, LONGEST_BREAK);
    }
    return `('${id}', ${revision}, ${stage}, '${status}', '{}', 2, timestamptz '${startedAt}' + interval '${at} seconds', interval '${timeSpent} seconds')`;
  });
  await withoutTriggers(
    db,
    `insert into profiles (id) values ('${user}');
     insert into wizard_session_revisions (session_id, revision, stage, status, patch, size, saved_at, time_spent) values ${rows};
     insert into wizard_sessions (id, user_id, stage, status, revision, started_at, last_saved_at, completed_at)
     select '${id}', '${user}', stage, status, revision, '${startedAt}', saved_at, case status when 'completed' then saved_at end
       from wizard_session_revisions where session_id = '${id}' order by revision desc limit 1`,
  );
  return id;
}

/** Reads the six stages of the funnel for sessions that were started in a period. */
export async function readFunnel(client: pg.ClientBase, from: string, before: string): Promise<FunnelStage[]> {
  return (await client.query<FunnelStage>("select * from unnest(wizard_funnel($1, $2))", [from, before])).rows;
}
