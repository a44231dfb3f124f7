import type { PgClient } from "postgraphile/@dataplan/pg";
import type { UnknownObject } from "../json/equality.ts";
import { type Definition, upgradeState } from "../wizard/migrations.ts";

/** The columns that upgrading and completing a session need. */
export interface LockedSession {
  readonly id: string;
  readonly status: string;
  readonly revision: number;
  readonly state: UnknownObject;
  readonly definitionVersion: number;
}

const COLUMNS = `id, status, revision, state, definition_version as "definitionVersion"`;

/**
 * Locks the caller's session of that id, its event and its user's profile until the transaction ends, in the order that
 * avoids deadlocks. Undefined if it does not exist.
 */
export async function lockSession(client: PgClient, id: string): Promise<LockedSession | undefined> {
  const { rows } = await client.query<LockedSession>({
    text: `select ${COLUMNS} from app_private.lock_wizard_session($1) where id is not null`,
    values: [id],
  });
  return rows[0];
}

/**
 * Upgrades the caller's session of that id if it is older than the definition. A completed session stays as it is: it is
 * the record of what was published. Does nothing if the session does not exist.
 */
export async function upgradeSession(client: PgClient, id: string, definition: Definition): Promise<void> {
  const { rows } = await client.query<LockedSession>({
    text: `select ${COLUMNS} from public.wizard_sessions
            where id = $1 and definition_version < $2 and status <> 'completed' for update`,
    values: [id, definition.version],
  });
  for (const older of rows) await upgradeLockedSession(client, older, definition);
}

/** Upgrades the state of a session that is not completed to the current definition, as a save of its own. */
export async function upgradeLockedSession(
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
  const [upgraded] = rows;
  if (!upgraded) throw new Error(`Session ${session.id} was locked and is gone.`);
  return upgraded;
}
