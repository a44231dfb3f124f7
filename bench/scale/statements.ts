export const BIG_USER = "b1900000-0000-4000-8000-000000000000";

export interface Statement {
  readonly title: string;
  readonly sql: string;
  /** The role that runs it, with the claims of the user with many sessions; by default the owner. */
  readonly role?: "authenticated" | "analyst";
  /** Runs before each measurement, in the same transaction, and is not measured. */
  readonly before?: string;
  /** Runs once before the first measurement, and stays. */
  readonly prepare?: string;
  /** Takes the tables out of PostgreSQL's buffers first. The operating system may still have them in memory. */
  readonly cold?: boolean;
}

const latest = "select * from wizard_sessions order by last_saved_at desc, id limit 20";

/** Every statement runs in a transaction that is rolled back. */
export const STATEMENTS: readonly Statement[] = [
  {
    title: "funnel of 30 days",
    role: "analyst",
    sql: "select * from wizard_funnel(now() - interval '60 days', now() - interval '30 days')",
  },
  {
    title: "funnel of 400 days",
    role: "analyst",
    sql: "select * from wizard_funnel(now() - interval '400 days', now())",
  },
  { title: "preview of a sweep", sql: "select * from app_private.preview_sweep('30 days', '180 days')" },
  { title: "abandon 500 sessions", sql: "select app_private.abandon_wizard_sessions('30 days', 500)" },
  { title: "purge 100 sessions", sql: "select app_private.purge_wizard_sessions('180 days', 100)" },
  {
    title: "thin a batch, at the start",
    sql: "select * from app_private.thin_wizard_session_revisions(500)",
  },
  {
    title: "a save with an old base, user with many sessions",
    role: "authenticated",
    before: `
      select set_config('bench.session', id::text, true)
        from wizard_sessions where status = 'in_progress' order by started_at desc limit 1`,
    sql: `
      select outcome from save_wizard_session(
        current_setting('bench.session')::uuid, gen_random_uuid(), 5, '{"more": {"title": "Summer party"}}'
      )`,
  },
  { title: "list the latest 20, user with many sessions", role: "authenticated", sql: latest },
  { title: "the same, buffers empty", role: "authenticated", sql: latest, cold: true },
  {
    title: "export a result page of the sessions, user with many sessions",
    role: "authenticated",
    sql: "select next from export_my_data_page('wizard_sessions/80000000-0000-0000-0000-000000000000/0')",
  },
  {
    title: "export a result page of the history, user with many sessions",
    role: "authenticated",
    sql: "select next from export_my_data_page('wizard_session_revisions/80000000-0000-0000-0000-000000000000/0')",
  },
  {
    title: "erase the user with many sessions",
    role: "authenticated",
    sql: `select erase_me('${BIG_USER}')`,
  },
  {
    title: "erase 1,000 sessions of the user",
    role: "authenticated",
    sql: `select erase_me('${BIG_USER}', 1000)`,
  },
  {
    title: "thin a batch, in the middle of the backlog",
    prepare: `
      do $$ begin
        while coalesce((select thinned_up_to from app_private.thinning) < now() - interval '245 days', true) loop
          perform app_private.thin_wizard_session_revisions(500);
        end loop;
      end $$`,
    sql: "select * from app_private.thin_wizard_session_revisions(500)",
  },
];
