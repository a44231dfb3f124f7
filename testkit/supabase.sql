-- Makes an empty database look like that of a Supabase project to a migration. Run by a superuser.
--
-- From github.com/supabase/postgres, migrations/db/: init-scripts/00000000000000-initial-schema.sql (roles, grants and
-- default privileges in public), 10000000000000_demote-postgres.sql and nix/tests/expected/{roles,auth,default_privs}.out
-- (the result of both); and from github.com/supabase/auth, migrations/20220531120530_add_auth_jwt_function.up.sql.
--
-- Supabase runs migrations as `postgres`, which is a superuser here, so this file creates `supabase_migrator` instead. It
-- has fewer privileges than Supabase's `postgres` (no bypassrls, no createrole, no `create` on the schema auth): a
-- migration that it can run also runs on Supabase. db/roles.sql creates anon, authenticated, service_role and
-- authenticator.

do $$
begin
  if not exists (select from pg_roles where rolname = 'supabase_admin') then
    create role supabase_admin nologin;
  end if;
  if not exists (select from pg_roles where rolname = 'supabase_auth_admin') then
    create role supabase_auth_admin nologin noinherit;
  end if;
  if not exists (select from pg_roles where rolname = 'supabase_migrator') then
    create role supabase_migrator login;
    grant anon, authenticated, service_role to supabase_migrator;
  end if;
  -- The owner of the database also owns the schema public, through pg_database_owner.
  execute format('alter database %I owner to supabase_migrator', current_database());
end
$$;

grant usage on schema public to supabase_migrator, anon, authenticated, service_role;
alter default privileges for role supabase_migrator in schema public
  grant all on tables to supabase_migrator, anon, authenticated, service_role;
alter default privileges for role supabase_migrator in schema public
  grant all on functions to supabase_migrator, anon, authenticated, service_role;
alter default privileges for role supabase_migrator in schema public
  grant all on sequences to supabase_migrator, anon, authenticated, service_role;

create schema auth authorization supabase_admin;
grant usage on schema auth to supabase_auth_admin, supabase_migrator, anon, authenticated, service_role;

create table auth.users (id uuid primary key, email varchar(255) unique);
alter table auth.users owner to supabase_auth_admin;
grant all on auth.users to supabase_migrator;

create function auth.uid() returns uuid language sql stable as $$
  select
  coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')
  )::uuid
$$;
create function auth.role() returns text language sql stable as $$
  select
  coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role')
  )::text
$$;
create function auth.jwt() returns jsonb language sql stable as $$
  select
    coalesce(
        nullif(current_setting('request.jwt.claim', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')
    )::jsonb
$$;
alter function auth.uid() owner to supabase_auth_admin;
alter function auth.role() owner to supabase_auth_admin;
alter function auth.jwt() owner to supabase_auth_admin;
