--! Previous: sha1:aeb051d65cedbd667713d8d49a7fe1c514cae20b
--! Hash: sha1:2b1312a6fdcfe4e32962341a38848edf97317178
--! Message: reword descriptions

--! split: 1-current.sql
-- Descriptions in the API.
--! Included profiles/erase_me.sql
-- Runs as the owner because users can't delete profiles. Deletes the caller's profile only.
create or replace function public.erase_me(user_id uuid) returns jsonb as $$
declare
  v_user   constant uuid := auth.uid();
  v_before jsonb;
  v_after  jsonb;
begin
  if v_user is null then
    raise exception 'Sign in to erase your data.' using errcode = 'WZ403';
  end if;
  -- Confirmation: a token of the wrong account erases nothing.
  if erase_me.user_id is distinct from v_user then
    raise exception 'To erase your data, send your own user id as userId.'
      using errcode = 'WZ400', detail = '{"field": "userId"}';
  end if;
  -- Lock the sessions before the profile, as a save does, to avoid deadlocks. With the profile locked, no session or
  -- event can be created between counting and deleting.
  perform from public.wizard_sessions s where s.user_id = v_user order by s.id for update;
  perform from public.profiles p where p.id = v_user for update;
  v_before = app_private.count_personal_rows(v_user);
  delete from public.profiles p where p.id = v_user;
  v_after = app_private.count_personal_rows(v_user);
  -- A project's own `events` table may keep its rows, so count again.
  return (
    select jsonb_object_agg(key, value::bigint - (v_after ->> key)::bigint) from jsonb_each_text(v_before)
  );
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function public.erase_me(uuid) from public, anon, authenticated, service_role;
grant execute on function public.erase_me(uuid) to authenticated, service_role;

comment on function public.erase_me(uuid) is
  'Permanently deletes everything that is stored about the caller, including completed sessions and published events. `userId` must be the caller''s own id, as a confirmation. Returns the number of deleted rows per table. The caller''s next session or event creates a new profile.';
--! EndIncluded profiles/erase_me.sql
--! Included my-data/export_my_data.sql
-- Runs as the caller, so the policies apply in addition to the conditions in personal_tables. Reads row by row and stops
-- at the limit, to bound the memory of the server. One export per user at a time, because several could use up all
-- connections.
create or replace function public.export_my_data(history boolean default true) returns json as $$
declare
  v_limit  constant integer := 16 * 1024 * 1024;
  v_user   constant uuid := auth.uid();
  v_bytes  bigint := 0;
  v_tables text[] := '{}';
  v_rows   text[];
  v_table  record;
  v_row    text;
begin
  if v_user is null then
    raise exception 'Sign in to export your data.' using errcode = 'WZ403';
  end if;
  -- The upper half is "data" in ASCII, to avoid collisions with other advisory locks.
  if not pg_try_advisory_xact_lock((1684108385::bigint << 32) | (uuid_hash_extended(v_user, 0) & 4294967295)) then
    raise exception 'Another export of your data is already running. Try again when it has finished.' using errcode = 'WZ408';
  end if;
  for v_table in select * from app_private.personal_tables() t where history is not false or not t.is_history loop
    v_rows = '{}';
    for v_row in execute format(
      'select to_json(t)::text from (select * from public.%I where %s order by %s) t',
      v_table.name, v_table.of_user, v_table.in_order
    ) using v_user loop
      v_bytes = v_bytes + octet_length(v_row);
      if v_bytes > v_limit then
        raise exception 'Your data is more than % bytes of JSON text, the limit of one export. Export it without history and read the history of each session; or ask the operator of this service.', v_limit
          using errcode = 'WZ413', detail = jsonb_build_object('limit', v_limit);
      end if;
      v_rows = v_rows || v_row;
    end loop;
    v_tables = v_tables || format('%s: [%s]', to_json(v_table.name), array_to_string(v_rows, ', '));
  end loop;
  return format(
    '{"format": "stagekeep-my-data", "version": 1, "exportedAt": %s, "userId": %s, "history": %s, "tables": {%s}}',
    to_json(now()), to_json(v_user), to_json(history is not false), array_to_string(v_tables, ', ')
  );
end;
$$ language plpgsql stable set search_path to pg_catalog, pg_temp set timezone to 'UTC';

revoke all on function public.export_my_data(boolean) from public, anon, authenticated, service_role;
grant execute on function public.export_my_data(boolean) to authenticated, service_role;

comment on function public.export_my_data(boolean) is
  'Everything that is stored about the caller as one JSON document: the rows of each table, with times in UTC. `history: false` leaves out the revisions of the sessions. STATE_TOO_LARGE if the document would exceed 16 MiB; TIMEOUT while another export of the same user is running.';
--! EndIncluded my-data/export_my_data.sql
--! Included revisions/wizard_session_revisions_changed_paths.sql
create or replace function public.wizard_session_revisions_changed_paths(revision wizard_session_revisions)
returns text[] as $$
  select array(
    select app_private.json_pointer(p.path) from app_private.json_merge_paths(revision.patch) p order by 1
  )
$$ language sql stable set search_path to pg_catalog, pg_temp;

revoke all on function public.wizard_session_revisions_changed_paths(wizard_session_revisions)
  from public, anon, authenticated, service_role;
grant execute on function public.wizard_session_revisions_changed_paths(wizard_session_revisions)
  to authenticated, service_role;

comment on function public.wizard_session_revisions_changed_paths(wizard_session_revisions) is
  'The paths in the state that this save changed, as JSON Pointers (RFC 6901).';
--! EndIncluded revisions/wizard_session_revisions_changed_paths.sql
