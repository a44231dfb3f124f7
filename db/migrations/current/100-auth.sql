-- Who is calling, by Supabase's names and with their meaning. All three read what the API has verified and set
-- for the transaction; an unset or empty setting means that nobody is signed in.
create schema if not exists auth;
revoke all on schema auth from public;
grant usage on schema auth to anon, authenticated, service_role;

create or replace function auth.jwt() returns jsonb as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb
$$ language sql stable set search_path to pg_catalog, pg_temp;
comment on function auth.jwt() is
  'The claims of the caller''s token as a JSON object, or null.';

create or replace function auth.uid() returns uuid as $$
  select nullif(
    coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), auth.jwt() ->> 'sub'),
    ''
  )::uuid
$$ language sql stable set search_path to pg_catalog, pg_temp;
comment on function auth.uid() is
  'The caller''s user id (the claim `sub`), or null. Error 22P02 when the claim is no UUID.';

create or replace function auth.role() returns text as $$
  select nullif(
    coalesce(nullif(current_setting('request.jwt.claim.role', true), ''), auth.jwt() ->> 'role'),
    ''
  )
$$ language sql stable set search_path to pg_catalog, pg_temp;
comment on function auth.role() is
  'The role that the caller''s token names (the claim `role`), or null.';

revoke all on function auth.jwt(), auth.uid(), auth.role() from public;
grant execute on function auth.jwt(), auth.uid(), auth.role() to anon, authenticated, service_role;
