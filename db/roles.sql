-- Creates the roles of a Stagekeep cluster, with the same names as in Supabase. An administrator runs this once per
-- cluster; running it again is safe. `npm run db:setup` runs it and sets the passwords. Migrations do not create roles,
-- because roles belong to the whole cluster and not to one database.
do $$
begin
  -- Owns every object and runs the migrations. It is not a superuser and does not bypass RLS, so that a missing grant
  -- causes an error. It inherits, because before PostgreSQL 16 the owner of a database can create objects in the schema
  -- public only with the inherited privileges of pg_database_owner.
  if not exists (select from pg_roles where rolname = 'stagekeep_owner') then
    create role stagekeep_owner login;
  end if;
  -- The API connects as this role. It has no privileges of its own, and becomes one of the four roles below.
  if not exists (select from pg_roles where rolname = 'authenticator') then
    create role authenticator login noinherit;
  end if;
  if not exists (select from pg_roles where rolname = 'anon') then
    create role anon nologin noinherit;
  end if;
  if not exists (select from pg_roles where rolname = 'authenticated') then
    create role authenticated nologin noinherit;
  end if;
  -- For trusted back ends. It bypasses RLS, but not triggers, check constraints and column grants.
  if not exists (select from pg_roles where rolname = 'service_role') then
    create role service_role nologin noinherit bypassrls;
  end if;
  -- Can read the wizard's funnel, but no table. It can be granted to a person's login: `grant analyst to maria`.
  if not exists (select from pg_roles where rolname = 'analyst') then
    create role analyst nologin noinherit;
  end if;
end
$$;

grant anon, authenticated, service_role, analyst to authenticator;

-- `set role` does not load the settings of the new role, so the limits are set on the role that logs in.
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '5s';
alter role authenticator set idle_in_transaction_session_timeout = '15s';
-- Counts of sessions per day then use the same days on every server.
alter role authenticator set timezone = 'UTC';
