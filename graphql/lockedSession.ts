import type { PgClient } from "postgraphile/@dataplan/pg";
import type { UnknownObject } from "../json/equality.ts";
import { type Definition, upgradeState } from "../wizard/migrations.ts";

/** What of a session decides how it may be opened, restored or completed. */
export interface LockedSession {
  readonly id: string;
  readonly status: string;
  readonly revision: number;
  readonly state: UnknownObject;
  readonly definitionVersion: number;
}

const COLUMNS = `id, status, revision, state, definition_version as "definitionVersion"`;

/** The caller's session of that id, locked until the transaction ends; undefined when there is none. */
export async function lockSession(client: PgClient, id: string): Promise<LockedSession | undefined> {
  const { rows } = await client.query<LockedSession>({
    text: `select ${COLUMNS} from public.wizard_sessions where id = $1 for update`,
    values: [id],
  });
  return rows[0];
}

/**
 * Brings up the caller's session of that id, where it is older than the definition; the state of any other is not even
 * read. A completed session stays as it is: it is the record of what was published. That there is no such session is for
 * whoever works on it to say.
 */
export async function openSession(client: PgClient, id: string, definition: Definition): Promise<void> {
  const { rows } = await client.query<LockedSession>({
    text: `select ${COLUMNS} from public.wizard_sessions
            where id = $1 and definition_version < $2 and status <> 'completed' for update`,
    values: [id, definition.version],
  });
  for (const older of rows) await bringUpSession(client, older, definition);
}

/** Brings the state of a session that is not completed up to the present definition, as a save of its own. */
export async function bringUpSession(
  client: PgClient,
  session: LockedSession,
  { version, migrations }: Definition,
): Promise<LockedSession> {
  if (session.definitionVersion >= version) return session;
  const { rows } = await client.query<LockedSession>({
    text: `update public.wizard_sessions set state = $2, definition_version = $3 where id = $1
           returning ${COLUMNS}`,
    values: [session.id, JSON.stringify(upgradeState(session.state, session.definitionVersion, migrations)), version],
  });
  const [broughtUp] = rows;
  if (!broughtUp) throw new Error(`Session ${session.id} was locked and is gone.`);
  return broughtUp;
}
