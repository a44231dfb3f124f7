import { randomUUID } from "node:crypto";
import type pg from "pg";

/** A session, and the revision that its client has. */
export interface Session {
  readonly id: string;
  readonly state: Record<string, Record<string, string>>;
  revision: number;
}

export interface Variant {
  readonly name: string;
  readonly recorded: boolean;
  /** Saves a title, and reads the result as the API does. */
  readonly save: (client: pg.Client, session: Session, title: string) => Promise<unknown>;
}

const UPDATE: Variant["save"] = (client, session, title) => {
  session.state.basics = { ...session.state.basics, title };
  return client.query({
    name: "update",
    text: "update wizard_sessions set state = $2 where id = $1 returning *",
    values: [session.id, JSON.stringify(session.state)],
  });
};

/** The first one is the base of the comparison. */
export const VARIANTS: readonly Variant[] = [
  { name: "update, no history", recorded: false, save: UPDATE },
  { name: "update", recorded: true, save: UPDATE },
  {
    name: "`saveWizardSession`",
    recorded: true,
    save: (client, session, title) =>
      client.query({
        name: "save",
        text: "select * from save_wizard_session($1, $2, $3, $4)",
        values: [session.id, randomUUID(), session.revision++, JSON.stringify({ basics: { title } })],
      }),
  },
];
