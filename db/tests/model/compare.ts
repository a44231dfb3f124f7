import type { Database } from "./database.ts";
import { pointer, storedText, valueAt } from "./json.ts";
import { LIMITS } from "./rules.ts";
import { lastOf, type World } from "./world.ts";

/** Finds the ids of new events, which the database makes. Their page addresses are unique. */
export async function learnEventIds(database: Database, world: World): Promise<void> {
  const unknown = [...world.events].filter(([name]) => !database.eventIds.has(name));
  if (unknown.length === 0) return;
  const known = new Set(database.eventIds.values());
  const stored = await database.query<{ id: string; slug: string }>("select id, slug from events");
  for (const [name, { answers }] of unknown) {
    const slug = valueAt(answers, ["page", "slug"]);
    const found = stored.find((event) => event.slug === slug && !known.has(event.id));
    if (found) database.eventIds.set(name, found.id);
  }
}

/** Says where the stored sessions differ from the model's; undefined if they are equal. */
export async function differenceOfSessions(
  database: Database,
  world: World,
  ids: readonly string[],
): Promise<string | undefined> {
  const stored = await database.query<{ id: string; row: Record<string, unknown> }>(
    `select s.id, jsonb_build_object(
              'user', s.user_id, 'stage', s.stage, 'status', s.status, 'revision', s.revision, 'state', s.state::text,
              'event', s.event_id, 'lastSaveId', s.last_save_id, 'isCompleted', s.completed_at is not null,
              'stagesLeft', array(select n from generate_series(1, 6) n where s.stage_seconds[n] is not null),
              -- The newest revision, rebuilt.
              'rebuilt', (wizard_session_at(s.id, s.revision)).state::text,
              'eventBase', (select b.answers::text from wizard_session_event_bases b where b.session_id = s.id),
              -- Key, user, stage, status, checkpoint and size.
              'revisions', (
                select jsonb_object_agg(r.revision, concat_ws(' ', coalesce(r.save_id::text, '-'), coalesce(r.saved_by::text, '-'),
                                        r.stage, r.status, r.snapshot is not null, r.size))
                  from wizard_session_revisions r where r.session_id = s.id
              )
            ) as row
       from wizard_sessions s where s.id = any($1)`,
    [ids],
  );
  const rows = new Map(stored.map(({ id, row }) => [id, row]));
  for (const id of ids) {
    const session = world.sessions.get(id);
    const row = rows.get(id);
    const state = session && storedText(session.state);
    const expected = session && {
      user: session.user,
      stage: session.stage,
      status: session.status,
      revision: lastOf(session),
      state,
      event: session.event === null ? null : database.eventIds.get(session.event),
      lastSaveId: session.lastSaveId,
      stagesLeft: session.stagesLeft,
      isCompleted: session.status === "completed",
      rebuilt: state,
      eventBase: session.eventBase && storedText(session.eventBase),
      revisions: Object.fromEntries(
        session.revisions
          .filter(({ kept }) => kept)
          .map(({ revision, saveId, savedBy, stage, status, checkpoint, state }) => {
            const size = Buffer.byteLength(storedText(state));
            return [revision, [saveId ?? "-", savedBy ?? "-", stage, status, checkpoint ? "t" : "f", size].join(" ")];
          }),
      ),
    };
    const difference = differenceOf(`session ${id}`, expected, row);
    if (difference) return difference;
  }
  return undefined;
}

/** Says where the stored events differ from the model's. */
export async function differenceOfEvents(database: Database, world: World): Promise<string | undefined> {
  const stored = await database.query<{ id: string; owner: string; status: string; answers: string }>(
    "select id, owner_id as owner, status, app_private.event_answers(id)::text as answers from events",
  );
  const rows = new Map(stored.map(({ id, ...row }) => [id, row]));
  for (const [name, { owner, status, answers }] of world.events) {
    const id = database.eventIds.get(name) ?? "";
    const difference = differenceOf(name, { owner, status, answers: storedText(answers) }, rows.get(id));
    if (difference) return difference;
    rows.delete(id);
  }
  return rows.size === 0 ? undefined : `The model does not have the events ${[...rows.keys()]}.`;
}

/** Rebuilds every kept revision, and says where one differs, byte for byte. */
export async function differenceOfRevisions(
  database: Database,
  world: World,
  ids: readonly string[],
): Promise<string | undefined> {
  const stored = await database.query<{ session: string; revision: number; row: Record<string, unknown> }>(
    `select r.session_id as session, r.revision, jsonb_build_object(
              'state', at.state::text, 'stage', at.stage, 'changed', wizard_session_revisions_changed_paths(r)
            ) as row
       from wizard_session_revisions r cross join lateral wizard_session_at(r.session_id, r.revision) at
      where r.session_id = any($1)`,
    [ids],
  );
  for (const { session, revision, row } of stored) {
    const expected = world.sessions.get(session)?.revisions[revision];
    const difference = differenceOf(
      `revision ${revision} of session ${session}`,
      expected && {
        state: storedText(expected.state),
        stage: expected.stage,
        changed: expected.changed.map(pointer).toSorted(),
      },
      { ...row, changed: (row.changed as string[]).toSorted() },
    );
    if (difference) return difference;
  }
  return undefined;
}

/** Queries that find a row where the database contradicts itself, whatever the model says. */
const INVARIANTS: Readonly<Record<string, string>> = {
  "The newest revision is the session.": `
    select s.id from wizard_sessions s
      left join wizard_session_revisions r on r.session_id = s.id and r.revision = s.revision
     where (r.stage, r.status, r.save_id) is distinct from (s.stage, s.status, s.last_save_id)`,
  "The last revisions are kept, unless they are old.": `
    select s.id, n.revision
      from wizard_sessions s
     cross join generate_series(greatest(0, s.revision - ${LIMITS.alwaysKept}), s.revision) n (revision)
      left join wizard_session_revisions r on r.session_id = s.id and r.revision = n.revision
     where r.revision is null and s.started_at > now() - interval '${LIMITS.thinnedAfterDays} days'`,
  "Each revision is a checkpoint, or follows a kept one.": `
    select r.session_id, r.revision from wizard_session_revisions r
     where r.snapshot is null and not exists (
       select from wizard_session_revisions p where p.session_id = r.session_id and p.revision = r.revision - 1
     )`,
  "The history is bounded.": `
    select r.session_id from wizard_session_revisions r join wizard_sessions s on s.id = r.session_id
     group by r.session_id, s.revision
    having count(*) filter (where r.revision < s.revision - ${LIMITS.alwaysKept + 2 * LIMITS.checkpointEvery})
           > ${LIMITS.checkpointsKept + 1}`,
  "A key belongs to one revision.": `
    select session_id, save_id from wizard_session_revisions where save_id is not null
     group by session_id, save_id having count(*) > 1`,
  "Times grow with the revisions.": `
    select r.session_id, r.revision from wizard_session_revisions r
      join wizard_session_revisions p on p.session_id = r.session_id and p.revision < r.revision and p.saved_at >= r.saved_at`,
  "Nothing is left of deleted sessions.": `
    select session_id from (
      select session_id from wizard_session_revisions
      union all select session_id from wizard_session_event_bases
      union all select session_id from app_private.wizard_session_old_keys
    ) part where session_id not in (select id from wizard_sessions)`,
  "Old keys have 16 bytes each.":
    "select session_id from app_private.wizard_session_old_keys where length(keys) % 16 <> 0",
  "A base remembers the event of a session that is not completed.": `
    select b.session_id from wizard_session_event_bases b join wizard_sessions s on s.id = b.session_id
     where s.event_id is not null and s.event_id <> b.event_id`,
};

/** Says which invariant of the whole database does not hold. */
export async function brokenInvariant(database: Database): Promise<string | undefined> {
  for (const [rule, query] of Object.entries(INVARIANTS)) {
    const rows = await database.query(query);
    if (rows.length > 0) return `${rule} Not so: ${JSON.stringify(rows.slice(0, 3))}`;
  }
  return undefined;
}

/** Says which key the database has forgotten before its time. */
export async function forgottenKey(database: Database, world: World): Promise<string | undefined> {
  const young = [...world.sessions.values()].flatMap((session) =>
    session.revisions
      .filter(({ saveId, week }) => saveId !== null && (world.week - week) * 7 < LIMITS.keysKeptDays)
      .map(({ saveId }) => ({ session: session.id, saveId })),
  );
  const [forgotten] = await database.query<{ session: string; saveId: string }>(
    `select session, "saveId" from jsonb_to_recordset($1) given (session uuid, "saveId" uuid)
      where not exists (
        select from wizard_session_revisions r where r.session_id = given.session and r.save_id = given."saveId"
      ) and app_private.old_save_hash(given.session, given."saveId") is null limit 1`,
    [JSON.stringify(young)],
  );
  return forgotten && `The key ${forgotten.saveId} of session ${forgotten.session} is forgotten.`;
}

/** Says where two values of plain members differ. */
export function differenceOf(what: string, expected: unknown, actual: unknown): string | undefined {
  if (isRecord(expected) && isRecord(actual)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
    const differences = [...keys].flatMap((key) => differenceOf(`${what}, ${key}`, expected[key], actual[key]) ?? []);
    return differences.length === 0 ? undefined : differences.join("\n");
  }
  const [one, other] = [JSON.stringify(expected) ?? "nothing", JSON.stringify(actual) ?? "nothing"];
  return one === other ? undefined : `${what}:\n  expected ${one}\n  got      ${other}`;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
