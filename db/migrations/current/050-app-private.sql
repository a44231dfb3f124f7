--! Message: wizard sessions

-- Trigger functions and, later, sweeps: nothing in here is part of the API.
create schema if not exists app_private;
revoke all on schema app_private from public;
-- Triggers run as the caller, who therefore has to be able to reach their functions' schema.
grant usage on schema app_private to anon, authenticated, service_role;

-- A token may be older than its user's profile. The first row that a user owns makes the profile, so that
-- nobody's first save fails. It runs as the owner because users can't insert profiles themselves, and it
-- makes no other profile than the caller's.
create or replace function app_private.tg__ensure_profile() returns trigger as $$
begin
  insert into public.profiles (id) values (auth.uid()) on conflict do nothing;
  return NEW;
exception when not_null_violation then
  -- A profiles table that came with more required columns: leave it to the foreign key to say what is missing.
  return NEW;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;
revoke all on function app_private.tg__ensure_profile() from public, anon, authenticated, service_role;
