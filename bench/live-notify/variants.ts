export interface Variant {
  readonly name: string;
  /** The body of the trigger after a save. */
  readonly body: string;
  /** The share of sessions that are watched. */
  readonly watched: number;
  /** A statement that the writer runs after each commit, with its session's id. */
  readonly afterwards?: string;
  /** A query that a watcher runs ten times per second, with the watched ids. */
  readonly poll?: string;
}

const NOTIFY = "perform pg_notify('wizard_session_changed', concat_ws(' ', NEW.id, NEW.revision));";
const IF_ROW = `if exists (select from app_private.wizard_session_watches w where w.session_id = NEW.id) then ${NOTIFY} end if;`;
const IF_LOCK = `if not pg_try_advisory_xact_lock(app_private.wizard_session_watch_key(NEW.id)) then ${NOTIFY} end if;`;

export const VARIANTS: readonly Variant[] = [
  { name: "no notify", body: "", watched: 0 },
  { name: "notify always", body: NOTIFY, watched: 0 },
  { name: "table of watches, none watched", body: IF_ROW, watched: 0 },
  { name: "advisory lock, none watched", body: IF_LOCK, watched: 0 },
  { name: "table of watches, one in sixteen watched", body: IF_ROW, watched: 1 / 16 },
  { name: "advisory lock, one in sixteen watched", body: IF_LOCK, watched: 1 / 16 },
  { name: "table of watches, all watched", body: IF_ROW, watched: 1 },
  { name: "advisory lock, all watched", body: IF_LOCK, watched: 1 },
  {
    name: "notify in a separate transaction after each commit, all watched",
    body: "",
    watched: 1,
    afterwards: "select pg_notify('wizard_session_changed', $1::uuid::text)",
  },
  {
    name: "no notify, revisions polled ten times per second, all watched",
    body: "",
    watched: 1,
    poll: "select id, revision from wizard_sessions where id = any($1::uuid[])",
  },
];
