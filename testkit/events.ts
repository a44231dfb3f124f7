import { randomUUID } from "node:crypto";
import { COMPLETE_STATE } from "../wizard/testing/completeState.ts";
import type { TestDatabase } from "./database.ts";
import { type SessionRow, singleRow, startSession } from "./rows.ts";

/** Returns a complete state with a unique slug. `stages` replaces the answers of some stages. */
export function completeState(stages: Stages = {}) {
  const page: NonNullable<Stages["page"]> = { ...COMPLETE_STATE.page, slug: `party-${randomUUID().slice(0, 8)}` };
  return { ...COMPLETE_STATE, page, ...stages };
}

type Stages = Partial<Record<Exclude<keyof typeof COMPLETE_STATE, "page">, object>> & {
  readonly page?: { readonly slug: string; readonly [field: string]: unknown };
};

/** Reads an event with its tickets and private details, without RLS. */
export async function storedEvent(db: TestDatabase, id: string | null) {
  const { rows } = await db.root.query<{ event: Record<string, unknown> }>(
    `select to_jsonb(e) || jsonb_build_object(
       'tickets', (select coalesce(jsonb_agg(to_jsonb(t) - 'event_id' order by key), '[]') from event_tickets t where event_id = e.id),
       'details', (select to_jsonb(d) - 'event_id' from event_private_details d where event_id = e.id)
     ) as event from events e where id = $1`,
    [id],
  );
  return rows[0]?.event;
}

export async function countEvents(db: TestDatabase, ownerId: string): Promise<number> {
  const { rows } = await db.root.query<{ count: number }>(
    "select count(*)::int as count from events where owner_id = $1",
    [ownerId],
  );
  return singleRow(rows).count;
}

export interface Completing {
  readonly id: string;
  readonly base: number;
  readonly answers: unknown;
}

/** Completes a session as a user. */
export function complete(db: TestDatabase, sub: string, options: Completing): Promise<SessionRow> {
  return db.asUser(sub, (client) => completeOn(client, options));
}

export async function completeOn(client: Parameters<Parameters<TestDatabase["asUser"]>[1]>[0], options: Completing) {
  const { rows } = await client.query<{ row: SessionRow }>(
    "select to_jsonb(complete_wizard_session($1, $2, $3)) as row",
    [options.id, options.base, JSON.stringify(options.answers)],
  );
  return singleRow(rows).row;
}

/** Publishes an event as a user by completing a session. */
export async function publish(
  db: TestDatabase,
  sub: string,
  stages?: Stages,
): Promise<{ readonly id: string; readonly slug: string }> {
  const state = completeState(stages);
  const session = await startSession(db, sub, { state });
  const { event_id: id } = await complete(db, sub, { id: session.id, base: 0, answers: state });
  if (id === null) throw new Error("Completing the session created no event.");
  return { id, slug: state.page.slug };
}
