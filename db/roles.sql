-- The roles of a Stagekeep cluster, named as Supabase names them. Run once per cluster by an administrator
-- (`npm run db:setup` does it, and sets the passwords); safe to run again. Roles belong to the whole cluster,
-- so no migration creates one.
do $$
begin
  -- Owns every object and runs the migrations. No superuser and no bypassrls: a missing grant must show. It inherits,
  -- because before PostgreSQL 16 a database's owner may create in the schema public only by inheriting that.
  if not exists (select from pg_roles where rolname = 'stagekeep_owner') then
    create role stagekeep_owner login;
  end if;
  -- What the API connects as. It may do nothing by itself; it becomes one of the four roles below.
  if not exists (select from pg_roles where rolname = 'authenticator') then
    create role authenticator login noinherit;
  end if;
  if not exists (select from pg_roles where rolname = 'anon') then
    create role anon nologin noinherit;
  end if;
  if not exists (select from pg_roles where rolname = 'authenticated') then
    create role authenticated nologin noinherit;
  end if;
  -- Trusted back ends: past the policies, never past the triggers, the checks and the column grants.
  if not exists (select from pg_roles where rolname = 'service_role') then
    create role service_role nologin noinherit bypassrls;
  end if;
  -- Reads the wizard's funnel, and no row of anything. Grant it to a person, too: `grant analyst to maria`.
  if not exists (select from pg_roles where rolname = 'analyst') then
    create role analyst nologin noinherit;
  end if;
end
$$;

grant anon, authenticated, service_role, analyst to authenticator;

-- `set role` does not load the settings of the role that it becomes, so the limits sit on the one that logs in.
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '5s';
alter role authenticator set idle_in_transaction_session_timeout = '15s';
-- A day, where sessions are counted by day, is the same one on every server.
alter role authenticator set timezone = 'UTC';
