import { describe, expect, it } from "@jest/globals";
import { useTestDatabase } from "../../testkit/database.ts";

const db = useTestDatabase();

// The schemas that the rules check. The first rule finds schemas that are in neither list.
const OURS = "('public', 'app_private', 'auth')";
const TOOLS = "('pg_catalog', 'information_schema', 'graphile_migrate')";
const API_ROLES = "('anon', 'authenticated', 'service_role', 'analyst')";

// The tables with a policy that shows published rows to anonymous clients.
const PUBLISHED = "('public.events', 'public.event_tickets')";

const TABLES = `(
  select c.*, n.nspname, format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where n.nspname in ${OURS} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
)`;
const FUNCTIONS = `(
  select p.*, n.nspname, format('%I.%I', n.nspname, p.proname) as name
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
   where n.nspname in ${OURS}
)`;
const GRANTS = `(
  select t.name, null as column, g.privilege_type, g.is_grantable, g.grantee, coalesce(r.rolname, 'public') as rolname
    from ${TABLES} t
   cross join aclexplode(coalesce(t.relacl, acldefault(case t.relkind when 'S' then 's' else 'r' end::"char", t.relowner))) g
    left join pg_roles r on r.oid = g.grantee
  union all
  select t.name, a.attname, g.privilege_type, g.is_grantable, g.grantee, coalesce(r.rolname, 'public')
    from ${TABLES} t join pg_attribute a on a.attrelid = t.oid cross join aclexplode(a.attacl) g
    left join pg_roles r on r.oid = g.grantee
)`;

// Every table that references profiles, directly or through other tables. `cascades` is true if deleting a profile deletes
// the rows along at least one path of foreign keys.
const PERSONAL = `(
  with recursive personal (id, cascades) as (
    select 'public.profiles'::regclass::oid, true
    union
    select c.conrelid, p.cascades and c.confdeltype = 'c'
      from pg_constraint c join personal p on p.id = c.confrelid
     where c.contype = 'f'
  )
  select id, format('%I.%I', n.nspname, c.relname) as name, bool_or(cascades) as cascades
    from personal join pg_class c on c.oid = id join pg_namespace n on n.oid = c.relnamespace
   group by id, n.nspname, c.relname
)`;

interface Rule {
  readonly title: string;
  /** Returns one `offender` for each violation. */
  readonly sql: string;
  /** A careless change that violates the rule. */
  readonly breakIt: string;
  readonly offender: string;
}

const rules: Rule[] = [
  {
    title: "every schema is checked by these rules or belongs to a tool",
    sql: `select nspname as offender from pg_namespace
           where nspname not in ${OURS} and nspname not in ${TOOLS} and nspname !~ '^pg_(toast|temp|toast_temp)'`,
    breakIt: "create schema overlooked",
    offender: "overlooked",
  },

  // Row level security
  {
    title: "every table in public has row level security",
    sql: `select name as offender from ${TABLES} t
           where nspname = 'public' and relkind in ('r', 'p') and not relrowsecurity`,
    breakIt: "create table notes (id uuid primary key)",
    offender: "public.notes",
  },
  {
    title: "every table in public has a policy",
    sql: `select name as offender from ${TABLES} t
           where nspname = 'public' and relkind in ('r', 'p')
             and not exists (select from pg_policy where polrelid = t.oid)`,
    breakIt: "drop policy profiles_policy on profiles",
    offender: "public.profiles",
  },
  {
    title: "every policy names its roles, and names anon only to read published rows",
    sql: `select t.name || ' ' || polname as offender from pg_policy p join ${TABLES} t on t.oid = p.polrelid
           where not p.polroles <@ array['authenticated'::regrole, 'service_role'::regrole]::oid[]
             and not (
               t.name in ${PUBLISHED} and p.polcmd = 'r' and p.polroles <@ array['anon'::regrole, 'authenticated'::regrole]::oid[]
             )`,
    breakIt: "create policy profiles_everybody on profiles for select using (true)",
    offender: "public.profiles profiles_everybody",
  },
  {
    title: "every policy calls auth.uid() once per statement: (select auth.uid())",
    sql: `select t.name || ' ' || polname as offender from pg_policy p join ${TABLES} t on t.oid = p.polrelid
           where regexp_replace(
                   concat_ws(' ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)),
                   '\\( SELECT \\(*auth\\.(uid|role|jwt)\\(\\)', '', 'g'
                 ) ~ 'auth\\.(uid|role|jwt)\\(\\)|current_setting'`,
    breakIt: "create policy events_bare on events for select to authenticated using (owner_id = auth.uid())",
    offender: "public.events events_bare",
  },
  {
    title: "every policy that looks for another row does so once per row, not for all rows at once: offset 0",
    sql: `select t.name || ' ' || polname as offender from pg_policy p join ${TABLES} t on t.oid = p.polrelid
           where regexp_count(pg_get_expr(polqual, polrelid), 'EXISTS')
              <> regexp_count(pg_get_expr(polqual, polrelid), 'OFFSET 0')`,
    breakIt: `alter policy event_tickets_policy on event_tickets
                using (exists (select from events where events.id = event_tickets.event_id))`,
    offender: "public.event_tickets event_tickets_policy",
  },
  {
    title: "every view reads with the privileges of its caller",
    sql: `select name as offender from ${TABLES} t
           where relkind = 'v' and coalesce(reloptions::text, '') !~ 'security_invoker=(true|on|1|yes)'`,
    breakIt: "create view everything as select * from wizard_sessions",
    offender: "public.everything",
  },

  // Grants
  {
    title: "no API role can insert or update all columns of a table",
    sql: `select format('%s %s to %s', name, privilege_type, rolname) as offender from ${GRANTS} g
           where g.column is null and privilege_type in ('INSERT', 'UPDATE') and rolname in ${API_ROLES}`,
    breakIt: "grant update on events to service_role",
    offender: "public.events UPDATE to service_role",
  },
  {
    title: "no API role can truncate, reference or maintain a table, or create triggers on it",
    sql: `select format('%s %s to %s', name, privilege_type, rolname) as offender from ${GRANTS} g
           where privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'USAGE') and rolname in ${API_ROLES}`,
    breakIt: "grant truncate on wizard_sessions to authenticated",
    offender: "public.wizard_sessions TRUNCATE to authenticated",
  },
  {
    title: "anon can read tables with published rows, and has no other privilege on a table",
    sql: `select format('%s %s to %s', name, privilege_type, rolname) as offender from ${GRANTS} g
           where rolname = 'anon' and not (name in ${PUBLISHED} and privilege_type = 'SELECT')`,
    breakIt: "grant select on wizard_sessions to anon",
    offender: "public.wizard_sessions SELECT to anon",
  },
  {
    title: "analyst has no privilege on a table",
    sql: `select format('%s %s to %s', name, privilege_type, rolname) as offender from ${GRANTS} g
           where rolname = 'analyst'`,
    breakIt: "grant select on events to analyst",
    offender: "public.events SELECT to analyst",
  },
  {
    title: "public has no privilege on a table",
    sql: `select format('%s %s', name, privilege_type) as offender from ${GRANTS} g where grantee = 0`,
    breakIt: "grant update (title) on events to public",
    offender: "public.events UPDATE",
  },
  {
    title: "no privilege on a table is granted with grant option",
    sql: `select format('%s %s to %s', name, privilege_type, rolname) as offender from ${GRANTS} g
           where is_grantable`,
    breakIt: "grant update (title) on events to service_role with grant option",
    offender: "public.events UPDATE to service_role",
  },
  {
    title: "public can't execute a function",
    sql: `select name as offender from ${FUNCTIONS} f
           cross join aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) g where g.grantee = 0`,
    breakIt:
      "create function app_private.sweep() returns void language sql set search_path to pg_catalog, pg_temp return null",
    offender: "app_private.sweep",
  },
  {
    title: "only the owner of a schema can create objects in it",
    sql: `select format('%s for %s', nspname, coalesce(rolname, 'public')) as offender
            from pg_namespace n cross join aclexplode(n.nspacl) g left join pg_roles r on r.oid = g.grantee
           where nspname in ${OURS} and g.privilege_type = 'CREATE' and g.grantee <> n.nspowner`,
    breakIt: "grant create on schema public to public",
    offender: "public for public",
  },

  // Keys
  {
    title: "every foreign key has an index that starts with its columns",
    sql: `select c.conrelid::regclass || ' ' || c.conname as offender
            from pg_constraint c join ${TABLES} t on t.oid = c.conrelid
           where c.contype = 'f' and not exists (
             select from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
              where i.indrelid = c.conrelid and i.indisvalid and i.indpred is null and m.amname = 'btree'
                and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey
           )`,
    breakIt: "alter table events add column copy_of uuid references events, add unique (title, copy_of)",
    offender: "events events_copy_of_fkey",
  },

  // What belongs to a user
  {
    title: "every table that references profiles, directly or not, is listed by app_private.personal_tables()",
    sql: `select name as offender from ${PERSONAL} p
           where name not in (select format('public.%I', t.name) from app_private.personal_tables() t)`,
    breakIt: `create table notes (id uuid primary key);
              create table event_notes (event_id uuid primary key references events on delete cascade)`,
    offender: "public.event_notes",
  },
  {
    title: "every table that references profiles, directly or not, loses its rows when the profile is deleted",
    sql: `select name as offender from ${PERSONAL} p where not cascades`,
    breakIt: `create table app_private.visits (
                session_id uuid references wizard_sessions on delete set null, event_id uuid references events
              )`,
    offender: "app_private.visits",
  },
  {
    title: "every table that app_private.personal_tables() lists references profiles, directly or not",
    sql: `select t.name as offender from app_private.personal_tables() t
           where format('public.%I', t.name) not in (select p.name from ${PERSONAL} p)`,
    breakIt: `alter table wizard_session_revisions drop constraint wizard_session_revisions_session_id_fkey`,
    offender: "wizard_session_revisions",
  },

  // Functions
  {
    title: "every function pins its search_path, unless its body was parsed when it was created",
    sql: `select name as offender from ${FUNCTIONS} f
           where prosqlbody is null and not exists (select from unnest(f.proconfig) setting where setting like 'search_path=%')`,
    breakIt: "create function one() returns int language sql as 'select 1'",
    offender: "public.one",
  },
  {
    title: "every security definer function has pg_temp last in its search_path",
    sql: `select name as offender from ${FUNCTIONS} f
           where prosecdef
             and not exists (select from unnest(f.proconfig) setting where setting ~ '^search_path=(.*, )?pg_temp$')`,
    breakIt: `create function app_private.one() returns int language sql
                security definer set search_path to pg_temp, pg_catalog return 1`,
    offender: "app_private.one",
  },
  {
    title: "no trigger is disabled",
    sql: `select t.name || ' ' || tgname as offender from pg_trigger g join ${TABLES} t on t.oid = g.tgrelid
           where tgenabled <> 'O'`,
    breakIt: "alter table wizard_sessions disable trigger _300_save",
    offender: "public.wizard_sessions _300_save",
  },

  // Comments, which are the API's documentation
  {
    title: "every table and view in public has a comment",
    sql: `select name as offender from ${TABLES} t
           where nspname = 'public' and relkind <> 'S' and obj_description(oid, 'pg_class') is null`,
    breakIt: "comment on table events is null",
    offender: "public.events",
  },
  {
    title: "every column in public has a comment, except id",
    sql: `select t.name || '.' || attname as offender from pg_attribute a join ${TABLES} t on t.oid = a.attrelid
           where nspname = 'public' and relkind <> 'S' and attnum > 0 and not attisdropped and attname <> 'id'
             and col_description(t.oid, attnum) is null`,
    breakIt: "alter table profiles add column nickname text",
    offender: "public.profiles.nickname",
  },
  {
    title: "every check constraint in public has a comment, which is the message of its error",
    sql: `select t.name || ' ' || conname as offender from pg_constraint c join ${TABLES} t on t.oid = c.conrelid
           where nspname = 'public' and contype = 'c' and obj_description(c.oid, 'pg_constraint') is null`,
    breakIt: "alter table events add constraint events_title_is_short check (char_length(title) < 500)",
    offender: "public.events events_title_is_short",
  },
  {
    title: "every function in public and auth has a comment, except trigger functions",
    sql: `select name as offender from ${FUNCTIONS} f
           where nspname <> 'app_private' and prorettype <> 'trigger'::regtype
             and obj_description(oid, 'pg_proc') is null`,
    breakIt: "comment on function auth.uid() is null",
    offender: "auth.uid",
  },

  // Owners and roles
  {
    title: "every object belongs to stagekeep_owner",
    sql: `select kind || ' ' || name as offender
            from (
              select 'table' as kind, name, relowner as owner from ${TABLES} t
              union all select 'function', name, proowner from ${FUNCTIONS} f
              union all select 'schema', nspname, nspowner from pg_namespace
               -- The schema public belongs to the owner of the database through pg_database_owner.
               where nspname in ${OURS} and nspowner <> 'pg_database_owner'::regrole
              union all select 'database', datname, datdba from pg_database where datname = current_database()
            ) everything
           where owner <> 'stagekeep_owner'::regrole`,
    breakIt: "alter function auth.uid() owner to postgres",
    offender: "function auth.uid",
  },
  {
    title: "stagekeep_owner is not a superuser and does not bypass RLS",
    sql: `select rolname as offender from pg_roles
           where rolname = 'stagekeep_owner' and (rolsuper or rolbypassrls or rolcreaterole or rolreplication)`,
    breakIt: "alter role stagekeep_owner bypassrls",
    offender: "stagekeep_owner",
  },
  {
    title: "authenticator can log in and does not inherit privileges",
    sql: `select rolname as offender from pg_roles
           where rolname = 'authenticator'
             and (not rolcanlogin or rolinherit or rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)`,
    breakIt: "alter role authenticator inherit",
    offender: "authenticator",
  },
  {
    title: "authenticator can become the four API roles and no other role",
    sql: `select r.rolname as offender from pg_roles r
           where pg_has_role('authenticator', r.oid, 'member') <> (rolname in ${API_ROLES} or rolname = 'authenticator')`,
    breakIt: "grant pg_read_all_data to authenticator",
    offender: "pg_read_all_data",
  },
  {
    title: "only service_role of the four API roles bypasses RLS, and none of them can log in",
    sql: `select rolname as offender from pg_roles
           where rolname in ${API_ROLES}
             and (rolbypassrls <> (rolname = 'service_role') or rolcanlogin or rolsuper or rolcreaterole or rolcreatedb)`,
    breakIt: "alter role authenticated bypassrls",
    offender: "authenticated",
  },
  {
    title: "authenticator has timeouts for statements, locks and idle transactions",
    sql: `select s.setting as offender
            from (values ('statement_timeout'), ('lock_timeout'), ('idle_in_transaction_session_timeout')) s (setting)
           where not exists (
             select from pg_db_role_setting d cross join unnest(d.setconfig) config
              where d.setrole = 'authenticator'::regrole and d.setdatabase = 0 and config ~ ('^' || s.setting || '=[1-9]')
           )`,
    breakIt: "alter role authenticator set statement_timeout = 0",
    offender: "statement_timeout",
  },

  // Errors
  {
    title: "every function raises only our own SQLSTATEs, whose messages the API passes on unchanged",
    sql: `select name as offender from ${FUNCTIONS} p
           where prosrc ~* 'raise +exception' and prosrc ~ E'errcode *= *\\'(?!WZ\\\\d{3}\\')'
              or regexp_count(prosrc, 'raise exception', 1, 'i') <> regexp_count(prosrc, 'errcode', 1, 'i')`,
    breakIt: `create function app_private.careless() returns void language plpgsql as
              $$ begin raise exception 'Wrong.' using errcode = '22023'; end $$`,
    offender: "app_private.careless",
  },

  // Comments
  {
    title: "no comment contains smart tags, which belong in graphql/smart-tags.json5",
    sql: `select pg_describe_object(d.classoid, d.objoid, d.objsubid) as offender from pg_description d
           where d.description ~ '(^|\\n)@[a-zA-Z]'`,
    breakIt: "comment on table profiles is E'@behavior -insert\\nA user.'",
    offender: "table profiles",
  },
];

describe("in the whole schema", () => {
  it.each(rules)("$title", async ({ sql }) => {
    expect((await db.root.query(sql)).rows).toEqual([]);
  });
});

describe("a violation is found by the rule that", () => {
  it.each(rules)("$title", async ({ sql, breakIt, offender }) => {
    const client = await db.root.connect();
    try {
      await client.query("begin");
      await client.query(breakIt);
      expect((await client.query(sql)).rows).toEqual([{ offender }]);
    } finally {
      await client.query("rollback");
      client.release();
    }
  });
});
