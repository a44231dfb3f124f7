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
}

const LONGEST_BREAK = 30 * 60;

/** Inserts a session of a new user as these saves would leave it. Triggers are off, because they set the times. */
export async function insertHistory(
  db: TestDatabase,
  startedAt: string,
  saves: readonly FunnelSave[],
): Promise<string> {
  const [id, user] = [randomUUID(), randomUUID()];
  const seconds: (number | null)[] = [null, null, null, null, null, null];
  saves.forEach(({ at, status }, i) => {
    const before = saves[i - 1];
    if (!before) return;
    const spent = before.status || status === "abandoned" ? 0 : Math.min(at - before.at, LONGEST_BREAK);
    seconds[before.stage - 1] = (seconds[before.stage - 1] ?? 0) + spent;
  });
  const { at, stage, status = "in_progress" } = saves.at(-1) ?? { at: 0, stage: 1 };
  const savedAt = `timestamptz '${startedAt}' + interval '${at} seconds'`;
  await withoutTriggers(
    db,
    `insert into profiles (id) values ('${user}');
     insert into wizard_sessions (id, user_id, stage, status, revision, started_at, last_saved_at, completed_at, stage_seconds)
     values ('${id}', '${user}', ${stage}, '${status}', ${saves.length - 1}, '${startedAt}', ${savedAt},
             ${status === "completed" ? savedAt : null}, '{${seconds.map((value) => value ?? "null")}}')`,
  );
  return id;
}

/** Reads the six stages of the funnel for sessions that were started in a period. */
export async function readFunnel(client: pg.ClientBase, from: string, before: string): Promise<FunnelStage[]> {
  return (await client.query<FunnelStage>("select * from unnest(wizard_funnel($1, $2))", [from, before])).rows;
}
