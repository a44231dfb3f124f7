--! Previous: sha1:2b1312a6fdcfe4e32962341a38848edf97317178
--! Hash: sha1:e000729e46bfdf455e91569ef6730a51de27882a
--! Message: exact data and save keys

--! split: 1-current.sql
-- Write the next migration here: `npm run db:watch` runs it at every save.

--! split: 090-saving.sql
-- Save keys: what a save with a key asked for, remembered for 90 days whatever happens to the history.
alter table wizard_sessions drop column if exists last_save_hash;
alter table wizard_sessions add column last_save_hash bytea;
alter table wizard_session_revisions drop column if exists save_hash;
alter table wizard_session_revisions add column save_hash bytea;

-- The keys of deleted revisions: 16 bytes each, of which 8 are from the key and 8 from the hash of its request.
drop table if exists app_private.wizard_session_old_keys;
create table app_private.wizard_session_old_keys (
  session_id   uuid not null,
  forget_after timestamptz not null,
  keys         bytea not null
);
create index idx_wizard_session_old_keys_session_id on app_private.wizard_session_old_keys (session_id);
create index idx_wizard_session_old_keys_forget_after on app_private.wizard_session_old_keys (forget_after);

-- The ids of deleted sessions. They can't be used again while a tab may still have changes of the deleted session.
drop table if exists app_private.deleted_wizard_sessions;
create table app_private.deleted_wizard_sessions (
  id           uuid primary key,
  forget_after timestamptz not null
);
create index idx_deleted_wizard_sessions_forget_after on app_private.deleted_wizard_sessions (forget_after);

--! Included saving/save_request_hash.sql
-- Identifies what a save asked for: 8 bytes of a SHA-256, which is the same on every version of PostgreSQL.
create or replace function app_private.save_request_hash(request text) returns bytea as $$
  select substring(sha256(convert_to(request, 'UTF8')) for 8)
$$ language sql immutable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.save_request_hash(text) from public, anon, authenticated, service_role;
grant execute on function app_private.save_request_hash(text) to authenticated, service_role;
--! EndIncluded saving/save_request_hash.sql
--! Included saving/old_save_hash.sql
-- The hash of the request that a deleted revision had with that key, or null. Runs as the owner because no caller can read
-- the table; both ids are secrets of the session's user.
create or replace function app_private.old_save_hash(session_id uuid, save_id uuid) returns bytea as $$
declare
  -- The last 8 bytes of a UUID are random in versions 4 and 7.
  v_key  constant bytea := substring(uuid_send(save_id) from 9);
  v_keys bytea;
  v_at   integer;
begin
  for v_keys in
    select k.keys from app_private.wizard_session_old_keys k where k.session_id = old_save_hash.session_id
  loop
    v_at = position(v_key in v_keys);
    while v_at > 0 loop
      if v_at % 16 = 1 then
        return substring(v_keys from v_at + 8 for 8);
      end if;
      -- Skip to the next entry: the bytes were found across two fields.
      v_keys = substring(v_keys from (v_at + 15) / 16 * 16 + 1);
      v_at = position(v_key in v_keys);
    end loop;
  end loop;
  return null;
end;
$$ language plpgsql stable security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.old_save_hash(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function app_private.old_save_hash(uuid, uuid) to authenticated, service_role;
--! EndIncluded saving/old_save_hash.sql
--! Included saving/tg_wizard_session_revisions__keep_keys.sql
-- Keeps the keys of deleted revisions for the rest of their 90 days. The keys of a deleted session are not needed: its id
-- can't be used again.
create or replace function app_private.tg_wizard_session_revisions__keep_keys() returns trigger as $$
begin
  insert into app_private.wizard_session_old_keys (session_id, forget_after, keys)
  select g.session_id, max(g.saved_at) + interval '90 days',
         string_agg(substring(uuid_send(g.save_id) from 9) || coalesce(g.save_hash, '\x0000000000000000'), '')
    from gone g join public.wizard_sessions s on s.id = g.session_id
   where g.save_id is not null and g.saved_at > now() - interval '90 days'
   group by g.session_id;
  return null;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_session_revisions__keep_keys()
  from public, anon, authenticated, service_role;
--! EndIncluded saving/tg_wizard_session_revisions__keep_keys.sql
--! Included sessions/tg_wizard_sessions__save.sql
-- Locks completed sessions, compares the revision that the update names, and increments it. A completed session is the
-- record of what was published.
create or replace function app_private.tg_wizard_sessions__save() returns trigger as $$
begin
  if OLD.status = 'completed' then
    raise exception 'This session is completed and can''t be changed. Start a new one to edit its event.'
      using errcode = 'WZ423';
  end if;
  if NEW.revision <> OLD.revision then
    raise exception 'This session was saved elsewhere: it is at revision %, not %. Read it again, then save.', OLD.revision, NEW.revision
      using errcode = 'WZ409', detail = jsonb_build_object('currentRevision', OLD.revision);
  end if;
  -- An explicit null stays null and violates the not-null constraint, so it can't skip the comparison.
  NEW.revision = NEW.revision + 1;
  -- A key belongs to one save. An update that does not set one must not look like a repeat of the save before.
  if NEW.last_save_id = OLD.last_save_id then
    NEW.last_save_id = null;
    NEW.last_save_hash = null;
  end if;
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__save() from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg_wizard_sessions__save.sql
--! Included sessions/tg_wizard_sessions__bury.sql
-- Remembers the id of a deleted session for 90 days. Runs as the owner because no caller can write the table.
create or replace function app_private.tg_wizard_sessions__bury() returns trigger as $$
begin
  insert into app_private.deleted_wizard_sessions (id, forget_after) values (OLD.id, now() + interval '90 days')
  on conflict (id) do update set forget_after = excluded.forget_after;
  delete from app_private.wizard_session_old_keys k where k.session_id = OLD.id;
  return null;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__bury() from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg_wizard_sessions__bury.sql
--! Included sessions/tg_wizard_sessions__check_id.sql
-- A deleted id can't be used for a new session: a tab that still has changes of the deleted session would save them onto the
-- new one. Runs as the owner because no caller can read the table.
create or replace function app_private.tg_wizard_sessions__check_id() returns trigger as $$
begin
  if exists (select from app_private.deleted_wizard_sessions d where d.id = NEW.id and d.forget_after > now()) then
    raise exception 'This session does not exist or is not yours.' using errcode = 'WZ404';
  end if;
  return NEW;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__check_id() from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg_wizard_sessions__check_id.sql
--! Included sessions/grants.sql
revoke all on wizard_sessions from public, anon, authenticated, service_role;
-- `started_at`, `last_saved_at` and `completed_at` are set by the database only. `user_id` can't be updated: a session
-- never changes its owner. An update may name `revision` only to have it compared with the stored one.
grant select, delete, insert (id, user_id, event_id, stage, status, state, definition_version),
  update (event_id, stage, status, state, revision, last_save_id, last_save_hash, definition_version)
  on wizard_sessions to authenticated, service_role;
--! EndIncluded sessions/grants.sql
--! Included sessions/comments.sql
comment on table wizard_sessions is
  'One run through the wizard that creates or edits an event: the stage reached, the status and the answers so far.';
comment on column wizard_sessions.id is 'Generated by the database unless the client sends one.';
comment on column wizard_sessions.user_id is
  'The owner: the caller, unless a back end names another user. It never changes.';
comment on column wizard_sessions.event_id is
  'The event that this session edits or has published, which must belong to the same user; otherwise null.';
comment on column wizard_sessions.stage is 'The current stage, 1 to 6.';
comment on column wizard_sessions.status is
  'In progress, completed or abandoned. A completed session can''t be changed. A session that is not saved for a long time is abandoned and later deleted; saving an abandoned session resumes it.';
comment on column wizard_sessions.state is
  'The answers so far: a JSON object with one key per stage, at most 256 KiB of JSON text and 100 levels deep. It may be incomplete or invalid.';
comment on column wizard_sessions.started_at is 'When the session was started.';
comment on column wizard_sessions.last_saved_at is
  'When the last save was written. Every save has a later time than the one before.';
comment on column wizard_sessions.completed_at is 'When the session was completed, or null.';
comment on column wizard_sessions.revision is
  'The number of saves since the start, which includes being abandoned. In a patch, send the revision that you read: if a newer one exists, the save fails with REVISION_CONFLICT. Without it, the save overwrites any revision.';
comment on column wizard_sessions.last_save_id is 'The key of the save that wrote this revision, or null.';
comment on column wizard_sessions.last_save_hash is 'Identifies the request of the save that wrote this revision, or null.';
comment on column wizard_sessions.definition_version is
  'The version of the wizard''s definition that the state was saved under. Defaults to the server''s version.';
comment on constraint wizard_sessions_definition_version_check on wizard_sessions is
  'The definition version must be at least 1.';
comment on constraint wizard_sessions_stage_check on wizard_sessions is
  'The stage must be a whole number from 1 to 6.';
comment on constraint wizard_sessions_status_check on wizard_sessions is
  'The status must be in_progress, completed or abandoned.';
comment on constraint wizard_sessions_state_check on wizard_sessions is
  'The state must be a JSON object. Send JSON, not a string that contains JSON.';
comment on constraint wizard_sessions_state_depth_check on wizard_sessions is
  'The state can have at most 100 levels.';
comment on constraint wizard_sessions_completed_at_check on wizard_sessions is
  'Exactly the completed sessions have a completion time.';
comment on constraint wizard_sessions_user_id_fkey on wizard_sessions is 'The owner''s profile.';
comment on constraint wizard_sessions_event_id_fkey on wizard_sessions is 'The event that this session edits or has published.';
--! EndIncluded sessions/comments.sql
--! Included revisions/tg_wizard_sessions__record.sql
-- Records every write of a session as a revision, whichever API it came through. Runs as the owner because no caller can
-- write revisions.
create or replace function app_private.tg_wizard_sessions__record() returns trigger as $$
declare
  v_every constant integer := (select checkpoint_every from app_private.revision_limits());
  -- A longer break between two saves counts as this much working time.
  v_idle_after constant interval := '30 minutes';
  v_text  constant text := NEW.state::text;
  v_patch jsonb;
  v_checkpoint boolean;
  v_at    timestamptz = NEW.last_saved_at;
  v_spent interval;
  v_kept  boolean;
begin
  if TG_OP = 'INSERT' then
    v_patch = NEW.state;
    v_checkpoint = true;
  else
    -- Abandoning a session leaves `last_saved_at` as it is; the revision records the time.
    if NEW.last_saved_at = OLD.last_saved_at then
      v_at = greatest(clock_timestamp(), NEW.last_saved_at + interval '1 microsecond');
    end if;
    select r.time_spent into v_spent
      from public.wizard_session_revisions r where r.session_id = NEW.id and r.revision = NEW.revision - 1;
    v_kept = found;
    -- Time spent: idle time counts up to a limit, and time before or while the session is abandoned not at all.
    if OLD.status = 'in_progress' and NEW.status <> 'abandoned' then
      v_spent = coalesce(v_spent, '0') + least(v_at - OLD.last_saved_at, v_idle_after);
    end if;
    v_patch = app_private.json_merge_diff(OLD.state, NEW.state);
    v_checkpoint = NEW.stage <> OLD.stage or NEW.status <> OLD.status or NEW.revision % v_every = 0
      -- Compare text: 1.0 and 1.00 are equal as jsonb, but a rebuilt state must be identical byte for byte.
      or app_private.json_merge_patch(OLD.state, v_patch)::text <> v_text
      -- Rows inserted without triggers (a restored dump) have no history to build on.
      or not v_kept;
  end if;
  insert into public.wizard_session_revisions
    (session_id, revision, save_id, save_hash, saved_by, stage, status, definition_version, patch, snapshot, size, saved_at, time_spent)
  values
    (NEW.id, NEW.revision, NEW.last_save_id, NEW.last_save_hash, auth.uid(), NEW.stage, NEW.status, NEW.definition_version, v_patch,
     case when v_checkpoint then NEW.state end, octet_length(v_text), v_at,
     coalesce(v_spent, '0'));
  if NEW.revision % v_every = 0 then
    perform app_private.prune_wizard_session_revisions(NEW.id, NEW.revision);
  end if;
  return null;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__record() from public, anon, authenticated, service_role;
--! EndIncluded revisions/tg_wizard_sessions__record.sql
--! Included revisions/triggers.sql
create or replace trigger _500_record_start
  after insert on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__record();

-- An unchanged revision is the foreign key's `on delete set null`, which is not a save.
create or replace trigger _510_record_save
  after update on wizard_sessions
  for each row when (NEW.revision <> OLD.revision)
  execute function app_private.tg_wizard_sessions__record();

create or replace trigger _100_keep_keys
  after delete on wizard_session_revisions
  referencing old table as gone
  for each statement execute function app_private.tg_wizard_session_revisions__keep_keys();
--! EndIncluded revisions/triggers.sql
--! Included revisions/comments.sql
comment on table wizard_session_revisions is
  'One save of a session: when, at which stage, and what changed. Old revisions are thinned out.';
comment on column wizard_session_revisions.session_id is 'The session.';
comment on column wizard_session_revisions.revision is 'The session''s revision after this save; the first is 0.';
comment on column wizard_session_revisions.save_id is 'The key that the client sent with the save, or null.';
comment on column wizard_session_revisions.save_hash is 'Identifies the request of the save, or null.';
comment on column wizard_session_revisions.saved_by is
  'The id of the user who saved; null if there was none, as with the sweep.';
comment on column wizard_session_revisions.stage is 'The stage that the save set, 1 to 6.';
comment on column wizard_session_revisions.status is
  'The status after the save: in progress, completed or abandoned.';
comment on column wizard_session_revisions.definition_version is
  'The version of the wizard''s definition that the state was saved under.';
comment on column wizard_session_revisions.patch is
  'The merge patch from the previous revision''s state to this one.';
comment on column wizard_session_revisions.snapshot is 'The whole state, at checkpoints; otherwise null.';
comment on column wizard_session_revisions.size is 'The size of the whole state in bytes of JSON text.';
comment on column wizard_session_revisions.saved_at is
  'When the save was written, or when the sweep abandoned the session.';
comment on column wizard_session_revisions.time_spent is
  'The working time up to this revision. A break counts as 30 minutes at most.';
comment on constraint wizard_session_revisions_status_check on wizard_session_revisions is
  'The status must be in_progress, completed or abandoned.';
comment on constraint wizard_session_revisions_session_id_fkey on wizard_session_revisions is
  'The session of this revision.';
--! EndIncluded revisions/comments.sql
--! Included sweep/forget_save_keys.sql
-- Deletes up to `at_most` entries each of old save keys and of ids of deleted sessions whose time is over, and returns how
-- many.
create or replace function app_private.forget_save_keys(at_most integer) returns integer as $$
declare
  v_keys integer;
  v_ids  integer;
begin
  with old as (
    select ctid from app_private.wizard_session_old_keys where forget_after <= now() limit at_most for update skip locked
  )
  delete from app_private.wizard_session_old_keys k using old where k.ctid = old.ctid;
  get diagnostics v_keys = row_count;
  with old as (
    select id from app_private.deleted_wizard_sessions where forget_after <= now() limit at_most for update skip locked
  )
  delete from app_private.deleted_wizard_sessions d using old where d.id = old.id;
  get diagnostics v_ids = row_count;
  return v_keys + v_ids;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.forget_save_keys(integer) from public, anon, authenticated, service_role;
--! EndIncluded sweep/forget_save_keys.sql
--! Included saving/check_save_key.sql
-- Whether a save with that key was written before, so that the present request repeats it. Refuses a key that was used for
-- another request. Keys of saves from before 0.2 have no hash and are not compared.
create or replace function app_private.check_save_key(session wizard_sessions, save_id uuid, request text)
returns boolean as $$
declare
  v_hash bytea;
begin
  select coalesce(r.save_hash, '') into v_hash
    from public.wizard_session_revisions r where r.session_id = session.id and r.save_id = check_save_key.save_id;
  -- Only these sessions can have lost revisions.
  if not found and (session.revision > 200 or session.started_at < now() - interval '90 days') then
    v_hash = app_private.old_save_hash(session.id, save_id);
  end if;
  if v_hash is null then
    return false;
  elsif v_hash not in ('', '\x0000000000000000', app_private.save_request_hash(request)) then
    raise exception 'This saveId was used for a different save. Send a new saveId with each new change.'
      using errcode = 'WZ412', detail = '{"field": "saveId"}';
  end if;
  return true;
end;
$$ language plpgsql stable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.check_save_key(wizard_sessions, uuid, text)
  from public, anon, authenticated, service_role;
grant execute on function app_private.check_save_key(wizard_sessions, uuid, text) to authenticated, service_role;
--! EndIncluded saving/check_save_key.sql
--! Included saving/json_merge_patch.sql
-- Applies an RFC 7396 merge patch. Takes apart only the members that the patch touches. Uses json_object_agg because
-- jsonb_object_agg is ten times slower with nested objects.
create or replace function app_private.json_merge_patch(target jsonb, patch jsonb) returns jsonb as $$
begin
  if jsonb_typeof(patch) <> 'object' then
    return patch;
  elsif jsonb_typeof(target) is distinct from 'object' then
    target = '{}';
  else
    -- Decompresses a stored value once instead of once per key.
    target = target || '{}';
  end if;
  return (
    -- `target - keys` compares every pair of keys, so many are removed by a look-up instead.
    select case when count(*) filter (where value = 'null') < 100
                then target - coalesce(array_agg(key) filter (where value = 'null'), '{}')
                else (select coalesce(json_object_agg(t.key, t.value), '{}')::jsonb
                        from jsonb_each(target) t where not patch ? t.key) end
           || coalesce(
                json_object_agg(
                  key,
                  case jsonb_typeof(value) when 'object' then app_private.json_merge_patch(target -> key, value)
                       else value end
                ) filter (where value <> 'null'),
                '{}'
              )::jsonb
      from jsonb_each(patch)
  );
end;
$$ language plpgsql immutable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.json_merge_patch(jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function app_private.json_merge_patch(jsonb, jsonb) to authenticated, service_role;
--! EndIncluded saving/json_merge_patch.sql
--! Included saving/save_wizard_session.sql
-- Saves a merge patch for a client that may have missed other saves. Runs as the caller: the policies, grants and triggers
-- of the table decide who can save and what a state can be.
create or replace function public.save_wizard_session(
  id uuid, save_id uuid, base_revision integer, patch jsonb, stage integer default null
) returns public.save_wizard_session_payload as $$
declare
  -- Parameters and columns have the same names.
  v_id      constant uuid := save_wizard_session.id;
  v_save_id constant uuid := save_wizard_session.save_id;
  v_base    constant integer := save_wizard_session.base_revision;
  v_request constant text := concat_ws(' ', 'save', save_wizard_session.stage, patch);
  v_session wizard_sessions;
  v_merged  jsonb;
  v_outcome public.save_outcome := 'SAVED';
  v_conflicts public.save_conflict[];
begin
  if v_id is null or v_save_id is null or v_base is null or patch is null then
    raise exception 'A save needs id, saveId, baseRevision and patch.'
      using errcode = 'WZ400', detail = jsonb_build_object('field', case
        when v_id is null then 'id' when v_save_id is null then 'saveId'
        when v_base is null then 'baseRevision' else 'patch' end);
  end if;

  -- A concurrent save waits here, then sees what the first one wrote.
  select * into v_session from wizard_sessions s where s.id = v_id for update;
  if not found then
    raise exception 'This session does not exist or is not yours.' using errcode = 'WZ404';
  end if;

  -- Check the key before everything else: the answer to a repeated save must not depend on later changes.
  if app_private.check_save_key(v_session, v_save_id, v_request) then
    return row('DUPLICATE', v_session, '{}')::public.save_wizard_session_payload;
  end if;

  if jsonb_typeof(patch) <> 'object' then
    raise exception 'patch must be a JSON object, not %.', jsonb_typeof(patch)
      using errcode = 'WZ400', detail = '{"field": "patch"}';
  end if;
  -- Refuse a deep patch before the recursive functions walk it.
  if jsonb_path_exists(patch, '$.**{100 to last}') then
    raise exception 'The patch is nested too deeply: at most 100 levels.'
      using errcode = 'WZ400', detail = '{"field": "patch"}';
  end if;
  -- Merging costs time per member. 12,000 members have at least 72,000 characters, so most patches are not counted.
  if length(v_request) > 512 * 1024 or length(v_request) > 72000 and (
    select count(*) from jsonb_path_query(patch, 'strict $.** ? (@.type() == "object").keyvalue().key')
  ) > 12000 then
    raise exception 'The patch is too large: at most 512 KiB of JSON text and 12,000 members. Split it into several saves.'
      using errcode = 'WZ400', detail = '{"field": "patch"}';
  end if;
  if v_base < 0 or v_base > v_session.revision then
    raise exception 'baseRevision % does not exist: the session is at revision %.', v_base, v_session.revision
      using errcode = 'WZ400', detail = '{"field": "baseRevision"}';
  end if;

  v_merged = app_private.json_merge_patch(v_session.state, patch);
  -- A completed session skips this: the update below fails with WZ423, so asking about conflicts would be pointless.
  if v_base < v_session.revision and v_session.status <> 'completed' then
    v_conflicts = app_private.save_conflicts(v_session, v_base, v_merged);
    if cardinality(v_conflicts) > 0 then
      return row('CONFLICT', v_session, v_conflicts)::public.save_wizard_session_payload;
    end if;
    v_outcome = 'MERGED';
  end if;

  update wizard_sessions s
     set state = v_merged,
         stage = coalesce(save_wizard_session.stage, s.stage),
         last_save_id = v_save_id,
         last_save_hash = app_private.save_request_hash(v_request)
   where s.id = v_id
  returning * into v_session;
  return row(v_outcome, v_session, '{}')::public.save_wizard_session_payload;
end;
$$ language plpgsql volatile set search_path to public, pg_temp;

revoke all on function public.save_wizard_session(uuid, uuid, integer, jsonb, integer)
  from public, anon, authenticated, service_role;
grant execute on function public.save_wizard_session(uuid, uuid, integer, jsonb, integer)
  to authenticated, service_role;

comment on function public.save_wizard_session(uuid, uuid, integer, jsonb, integer) is
  'Saves a merge patch (RFC 7396) onto the state of a session. A save onto an older revision is merged if it changes other paths than the saves since; otherwise nothing is written and the outcome is CONFLICT. Sending the same save with the same `saveId` again writes nothing; a different save with it is refused with SAVE_ID_REUSED. Keys are remembered for at least 90 days.';
comment on type save_wizard_session_payload is
  'The result of a save.';
comment on column save_wizard_session_payload.outcome is 'What the save did.';
comment on column save_wizard_session_payload.wizard_session is
  'The session after the save; after a CONFLICT, the session as it is.';
comment on column save_wizard_session_payload.conflicts is
  'After a CONFLICT, every path that both sides changed; otherwise empty.';
comment on type save_outcome is
  'What a save did. SAVED: wrote a new revision; nothing else was saved since the base. MERGED: wrote a new revision, merged with the saves since the base. DUPLICATE: wrote nothing, because a save with this key was written before. CONFLICT: wrote nothing, because saves since the base changed the same paths.';
comment on type save_conflict is
  'A path that both the refused save and a save since its base changed.';
comment on column save_conflict.pointer is 'The path in the state, as a JSON Pointer (RFC 6901).';
comment on column save_conflict.base is
  'The value in the base revision; null if it had none, or if that revision is no longer kept.';
comment on column save_conflict.yours is
  'The value that the refused save would have written; null if it would have removed the value.';
comment on column save_conflict.theirs is 'The present value; null if there is none.';
--! EndIncluded saving/save_wizard_session.sql
drop function if exists public.restore_wizard_session(uuid, integer);
--! Included saving/restore_wizard_session.sql
-- Saves the state of an earlier revision as a new revision. The revisions in between are kept.
create or replace function public.restore_wizard_session(
  id uuid, revision integer, base_revision integer default null, save_id uuid default null
) returns wizard_sessions as $$
declare
  v_id       constant uuid := restore_wizard_session.id;
  v_request  constant text := concat_ws(' ', 'restore', restore_wizard_session.revision);
  v_session  wizard_sessions;
  v_restored record;
begin
  select * into v_session from wizard_sessions s where s.id = v_id for update;
  if not found then
    raise exception 'This session does not exist or is not yours.' using errcode = 'WZ404';
  end if;
  if app_private.check_save_key(v_session, save_id, v_request) then
    return v_session;
  end if;
  select * into v_restored from wizard_session_at(v_id, restore_wizard_session.revision);
  -- Naming a revision makes the trigger compare it. A save resumes an abandoned session.
  update wizard_sessions s
     set state = v_restored.state, stage = v_restored.stage, definition_version = v_restored.definition_version,
         status = case s.status when 'abandoned' then 'in_progress' else s.status end,
         revision = coalesce(base_revision, s.revision),
         last_save_id = restore_wizard_session.save_id,
         last_save_hash = case when restore_wizard_session.save_id is not null
                               then app_private.save_request_hash(v_request) end
   where s.id = v_id
  returning * into v_session;
  return v_session;
end;
$$ language plpgsql volatile set search_path to public, pg_temp;

revoke all on function public.restore_wizard_session(uuid, integer, integer, uuid)
  from public, anon, authenticated, service_role;
grant execute on function public.restore_wizard_session(uuid, integer, integer, uuid) to authenticated, service_role;

comment on function public.restore_wizard_session(uuid, integer, integer, uuid) is
  'Saves the state and the stage of an earlier revision as a new revision. NOT_FOUND if that revision is not kept. REVISION_CONFLICT if `baseRevision` is not the present revision. Sending the same `saveId` again writes nothing.';
--! EndIncluded saving/restore_wizard_session.sql

--! split: 100-start.sql
--! Included sessions/tg__ensure_profile.sql
-- Creates the caller's profile with the first row they own, because a token can be older than the profile. Runs as the
-- owner because users can't insert profiles.
create or replace function app_private.tg__ensure_profile() returns trigger as $$
begin
  -- `insert ... on conflict do nothing` alone would not wait for erase_me, which has locked the profile and will delete
  -- it: the foreign key would then refuse the row. This is the lock that the foreign key takes.
  for v_attempt in 1..3 loop
    perform from public.profiles p where p.id = auth.uid() for key share;
    exit when found;
    insert into public.profiles (id) values (auth.uid()) on conflict do nothing;
  end loop;
  return NEW;
exception when not_null_violation then
  -- The project's own `profiles` has more required columns. The foreign key then refuses the session (23503).
  return NEW;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg__ensure_profile() from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg__ensure_profile.sql
--! Included saving/start_wizard_session.sql
-- Creates a session under an id that the client made, or returns the one that it created before. A session for an existing
-- event starts with the event's answers.
create or replace function public.start_wizard_session(id uuid, event_id uuid default null)
returns wizard_sessions as $$
declare
  v_id      constant uuid := start_wizard_session.id;
  v_session wizard_sessions;
begin
  if v_id is null then
    raise exception 'A session needs an id. Send a UUID that the client made.'
      using errcode = 'WZ400', detail = '{"field": "id"}';
  end if;
  -- Look for the session first: a reload of the page must find it, also when its event was deleted.
  select * into v_session from wizard_sessions s where s.id = v_id;
  if found then
    return v_session;
  end if;
  -- The session starts with the answers of one moment, of an event that exists until the session does.
  perform app_private.lock_event(start_wizard_session.event_id);
  -- Of two concurrent calls, the second waits for the first to commit and inserts nothing.
  insert into wizard_sessions (id, event_id, state)
  values (v_id, start_wizard_session.event_id, coalesce(app_private.event_answers(start_wizard_session.event_id), '{}'))
  on conflict on constraint wizard_sessions_pkey do nothing;
  select * into v_session from wizard_sessions s where s.id = v_id;
  if not found then
    -- The id belongs to another user's session. Don't reveal that it exists.
    raise exception 'This session does not exist or is not yours.' using errcode = 'WZ404';
  end if;
  return v_session;
end;
$$ language plpgsql volatile set search_path to public, pg_temp;

revoke all on function public.start_wizard_session(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.start_wizard_session(uuid, uuid) to authenticated, service_role;

comment on function public.start_wizard_session(uuid, uuid) is
  'Starts a session under an id that the client makes. With `eventId`, the session edits that event and starts with its answers. Calling it again with the same id returns the same session. A state saved under an older definition is upgraded, as a save of its own.';
--! EndIncluded saving/start_wizard_session.sql

--! split: 110-lock-order.sql
--! Included saving/lock_wizard_session.sql
-- Locks what completing a session needs, in the order of docs/decisions/0016-lock-order.md, and returns the session. Returns
-- null if it does not exist or the caller may not act for its user. Runs as the owner because users can't lock events that
-- they can only read.
create or replace function app_private.lock_wizard_session(id uuid) returns wizard_sessions as $$
declare
  v_id      constant uuid := lock_wizard_session.id;
  v_session public.wizard_sessions;
  v_event   uuid;
begin
  select * into v_session from public.wizard_sessions s where s.id = v_id and app_private.may_act_for(s.user_id);
  if not found then
    return null;
  end if;
  v_event = v_session.event_id;
  perform from public.profiles p where p.id = v_session.user_id for key share;
  perform from public.events e where e.id = v_event for update;
  select * into v_session from public.wizard_sessions s where s.id = v_id for update;
  if not found then
    return null;
  end if;
  -- Null is a deleted event, and a completed session is only read. Otherwise the new event is not locked, and locking it now
  -- would break the order.
  if v_session.event_id is distinct from v_event and v_session.event_id is not null and v_session.status <> 'completed' then
    raise exception 'This session was saved elsewhere: it now belongs to another event. Read it again.'
      using errcode = 'WZ409', detail = jsonb_build_object('currentRevision', v_session.revision);
  end if;
  return v_session;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.lock_wizard_session(uuid) from public, anon, authenticated, service_role;
grant execute on function app_private.lock_wizard_session(uuid) to authenticated, service_role;
--! EndIncluded saving/lock_wizard_session.sql
--! Included saving/lock_event.sql
-- Locks the caller's event against changes and deletion, in the order of docs/decisions/0016-lock-order.md. Does nothing if
-- it does not exist or the caller may not act for its owner. Runs as the owner because locking needs more than `select`.
create or replace function app_private.lock_event(event_id uuid) returns void as $$
declare
  v_owner uuid;
begin
  select e.:EVENTS_OWNER_COLUMN into v_owner from public.events e where e.id = lock_event.event_id;
  if found and app_private.may_act_for(v_owner) then
    perform from public.profiles p where p.id = v_owner for key share;
    perform from public.events e where e.id = lock_event.event_id for share;
  end if;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.lock_event(uuid) from public, anon, authenticated, service_role;
grant execute on function app_private.lock_event(uuid) to authenticated, service_role;
--! EndIncluded saving/lock_event.sql
--! Included sessions/tg_wizard_sessions__lock_profile.sql
-- An update that sets `event_id` locks the session before the event. Locking the profile first keeps such an update from
-- running at the same time as erase_me or the deletion of the profile (docs/decisions/0016-lock-order.md).
create or replace function app_private.tg_wizard_sessions__lock_profile() returns trigger as $$
begin
  perform from public.profiles p where p.id = auth.uid() for key share;
  return null;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__lock_profile() from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg_wizard_sessions__lock_profile.sql
--! Included saving/complete_wizard_session.sql
-- Publishes a session's answers as an event and locks the session, in one transaction. The caller has validated the answers
-- against the wizard's schemas; this function makes sure that they are part of the stored state at the revision that was
-- validated. Runs as the owner because users can't publish events directly.
create or replace function public.complete_wizard_session(id uuid, base_revision integer, answers jsonb)
returns wizard_sessions as $$
declare
  v_id      constant uuid := complete_wizard_session.id;
  v_session public.wizard_sessions;
  v_event   uuid;
begin
  if v_id is null or base_revision is null or answers is null then
    raise exception 'Completing a session needs id, baseRevision and answers.'
      using errcode = 'WZ400', detail = jsonb_build_object('field', case
        when v_id is null then 'id' when base_revision is null then 'baseRevision' else 'answers' end);
  end if;
  v_session = app_private.lock_wizard_session(v_id);
  if v_session.id is null then
    raise exception 'This session does not exist or is not yours.' using errcode = 'WZ404';
  end if;
  if v_session.status = 'completed' then
    return v_session;
  end if;
  if base_revision <> v_session.revision then
    raise exception 'This session was saved elsewhere: it is at revision %, not %. Read it again, then complete it.',
      v_session.revision, base_revision
      using errcode = 'WZ409', detail = jsonb_build_object('currentRevision', v_session.revision);
  end if;
  if not v_session.state @> answers then
    raise exception 'The answers differ from the state of the session. Read it again, then complete it.'
      using errcode = 'WZ400', detail = '{"field": "answers"}';
  end if;
  v_event = app_private.write_event(v_session.event_id, v_session.user_id, answers);
  update public.wizard_sessions s set status = 'completed', event_id = v_event where s.id = v_id
  returning * into v_session;
  return v_session;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function public.complete_wizard_session(uuid, integer, jsonb)
  from public, anon, authenticated, service_role;
grant execute on function public.complete_wizard_session(uuid, integer, jsonb) to authenticated, service_role;

comment on function public.complete_wizard_session(uuid, integer, jsonb) is
  'Publishes the event that a session describes, and completes the session. INCOMPLETE, with the problems, if something is missing or wrong. REVISION_CONFLICT if the session was saved since `baseRevision`. Calling it again changes nothing and returns the same event.';
--! EndIncluded saving/complete_wizard_session.sql
--! Included saving/start_wizard_session.sql
-- Creates a session under an id that the client made, or returns the one that it created before. A session for an existing
-- event starts with the event's answers.
create or replace function public.start_wizard_session(id uuid, event_id uuid default null)
returns wizard_sessions as $$
declare
  v_id      constant uuid := start_wizard_session.id;
  v_session wizard_sessions;
begin
  if v_id is null then
    raise exception 'A session needs an id. Send a UUID that the client made.'
      using errcode = 'WZ400', detail = '{"field": "id"}';
  end if;
  -- Look for the session first: a reload of the page must find it, also when its event was deleted.
  select * into v_session from wizard_sessions s where s.id = v_id;
  if found then
    return v_session;
  end if;
  -- The session starts with the answers of one moment, of an event that exists until the session does.
  perform app_private.lock_event(start_wizard_session.event_id);
  -- Of two concurrent calls, the second waits for the first to commit and inserts nothing.
  insert into wizard_sessions (id, event_id, state)
  values (v_id, start_wizard_session.event_id, coalesce(app_private.event_answers(start_wizard_session.event_id), '{}'))
  on conflict on constraint wizard_sessions_pkey do nothing;
  select * into v_session from wizard_sessions s where s.id = v_id;
  if not found then
    -- The id belongs to another user's session. Don't reveal that it exists.
    raise exception 'This session does not exist or is not yours.' using errcode = 'WZ404';
  end if;
  return v_session;
end;
$$ language plpgsql volatile set search_path to public, pg_temp;

revoke all on function public.start_wizard_session(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.start_wizard_session(uuid, uuid) to authenticated, service_role;

comment on function public.start_wizard_session(uuid, uuid) is
  'Starts a session under an id that the client makes. With `eventId`, the session edits that event and starts with its answers. Calling it again with the same id returns the same session. A state saved under an older definition is upgraded, as a save of its own.';
--! EndIncluded saving/start_wizard_session.sql

--! split: 120-profiles-lock-order.sql
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
  -- In the order of docs/decisions/0016-lock-order.md, to avoid deadlocks. With the profile locked, no session or event can
  -- be created between counting and deleting.
  perform from public.profiles p where p.id = v_user for update;
  perform from public.events e where e.:EVENTS_OWNER_COLUMN = v_user order by e.id for update;
  perform from public.wizard_sessions s where s.user_id = v_user order by s.id for update;
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

--! split: 130-session-triggers.sql
--! Included sessions/triggers.sql
-- Not for the foreign key's `on delete set null`, which runs inside a trigger and holds the event already.
create or replace trigger _050_lock_profile
  before update of event_id on wizard_sessions
  for each statement when (pg_trigger_depth() = 0)
  execute function app_private.tg_wizard_sessions__lock_profile();

create or replace trigger _100_ensure_profile
  before insert on wizard_sessions
  for each row when (NEW.user_id = auth.uid())
  execute function app_private.tg__ensure_profile();

create or replace trigger _120_check_id
  before insert on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__check_id();

create or replace trigger _150_check_event
  before insert or update of event_id, user_id on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__check_event();

create or replace trigger _200_limit_state
  before insert or update of state on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__limit_state();

create or replace trigger _250_resume
  before update of state, stage on wizard_sessions
  for each row when (
    OLD.status = 'abandoned' and NEW.status = 'abandoned' and NEW.definition_version = OLD.definition_version
  )
  execute function app_private.tg_wizard_sessions__resume();

create or replace trigger _300_save
  before update on wizard_sessions
  for each row when (not (
    NEW.event_id is null and OLD.event_id is not null
    and app_private.wizard_session_loses_event(OLD, NEW)
  ))
  execute function app_private.tg_wizard_sessions__save();

create or replace trigger _400_complete
  before insert or update of status on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__complete();

create or replace trigger _700_bury
  after delete on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__bury();

create or replace trigger update_wizard_session_timestamp
  before update on wizard_sessions
  for each row when (not (
    NEW.event_id is null and OLD.event_id is not null
    and app_private.wizard_session_loses_event(OLD, NEW)
  ))
  execute function public.update_wizard_session_timestamp();
--! EndIncluded sessions/triggers.sql

--! split: 200-values.sql
--! Included texts/is_text.sql
-- Whether a value is a text of 1 to `max_length` characters that shows something. Unless it is `multiline`, it has no line
-- breaks and no characters that change the direction of the text around it. Null for null. wizard/texts.ts has the same
-- lists of characters.
create or replace function app_private.is_text(value text, max_length integer, multiline boolean default false)
returns boolean as $$
  select char_length(value) between 1 and max_length
     and value ~ (
       '[^\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f'
       '\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb'
       '\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]'
     )
     and (multiline or value !~ '[\n\v\f\r\u0085\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]')
$$ language sql immutable strict parallel safe set search_path to pg_catalog, pg_temp;

revoke all on function app_private.is_text(text, integer, boolean) from public, anon, authenticated, service_role;
-- Check constraints call it as the role that writes the row.
grant execute on function app_private.is_text(text, integer, boolean) to authenticated, service_role;
--! EndIncluded texts/is_text.sql
--! Included times/is_time.sql
-- Whether a time is in the years 1 to 9999 in UTC, which every client can read. Refuses infinity. Null for null.
create or replace function app_private.is_time(value timestamptz) returns boolean as $$
  select value >= '0001-01-01 00:00:00+00' and value < '10000-01-01 00:00:00+00'
$$ language sql immutable strict parallel safe set search_path to pg_catalog, pg_temp;

revoke all on function app_private.is_time(timestamptz) from public, anon, authenticated, service_role;
-- Check constraints call it as the role that writes the row.
grant execute on function app_private.is_time(timestamptz) to authenticated, service_role;
--! EndIncluded times/is_time.sql

--! split: 210-profiles-texts.sql
alter table profiles
  drop constraint profiles_display_name_check,
  add constraint profiles_display_name_check check (app_private.is_text(display_name, 100)) not valid;
--! Included profiles/comments.sql
comment on table profiles is
  'A user who creates events. The database creates it with the user''s first session or event.';
comment on column profiles.id is 'The user id: the token''s claim `sub`.';
comment on column profiles.display_name is 'The name to show, 1 to 100 characters, or null.';
comment on column profiles.created_at is 'When the profile was created.';
comment on constraint profiles_display_name_check on profiles is
  'The display name must have 1 to 100 characters, show something and fit on one line.';
--! EndIncluded profiles/comments.sql

-- An old row that violates the new rule stays; the rule applies when the row is changed.
do $$
begin
  alter table profiles validate constraint profiles_display_name_check;
exception when check_violation then
  raise warning 'Old profiles violate profiles_display_name_check.';
end;
$$;

--! split: 220-events-data.sql
-- Texts that show something.
alter table events
  drop constraint events_title_check,
  add constraint events_title_check check (app_private.is_text(title, 150)) not valid,
  drop constraint events_summary_check,
  add constraint events_summary_check check (app_private.is_text(summary, 140)) not valid,
  drop constraint events_organizer_name_check,
  add constraint events_organizer_name_check check (app_private.is_text(organizer_name, 255)) not valid,
  drop constraint events_venue_name_check,
  add constraint events_venue_name_check check (app_private.is_text(venue_name, 100)) not valid,
  drop constraint events_address_check,
  add constraint events_address_check check (app_private.is_text(address, 255)) not valid,
  drop constraint events_city_check,
  add constraint events_city_check check (app_private.is_text(city, 85)) not valid,
  drop constraint events_region_check,
  add constraint events_region_check check (app_private.is_text(region, 85)) not valid,
  drop constraint events_postal_code_check,
  add constraint events_postal_code_check check (app_private.is_text(postal_code, 20)) not valid,
  drop constraint events_description_check,
  add constraint events_description_check check (app_private.is_text(description, 50000, multiline => true)) not valid,
  drop constraint events_cover_image_alt_check,
  add constraint events_cover_image_alt_check check (app_private.is_text(cover_image_alt, 255)) not valid;
alter table event_tickets
  drop constraint event_tickets_name_check,
  add constraint event_tickets_name_check check (app_private.is_text(name, 255)) not valid;

-- E-mail addresses of any script, without blanks.
alter table events
  drop constraint events_support_email_check,
  add constraint events_support_email_check
    check (app_private.is_text(support_email, 254) and support_email ~ '^[^\s@]+@[^\s@]+$') not valid;
alter table event_private_details
  drop constraint event_private_details_organizer_email_check,
  add constraint event_private_details_organizer_email_check
    check (app_private.is_text(organizer_email, 254) and organizer_email ~ '^[^\s@]+@[^\s@]+$') not valid;

-- Not every country has postal codes. Which ones require them is in the wizard's schema.
alter table events
  drop constraint events_venue_check,
  add constraint events_venue_check check (
    case when mode in ('venue', 'hybrid') then num_nulls(venue_name, address, city, country) = 0
         else num_nonnulls(venue_name, address, city, region, postal_code, country) = 0 end
  );

-- Times that every client can read.
alter table events
  drop constraint if exists events_starts_at_range_check,
  add constraint events_starts_at_range_check check (app_private.is_time(starts_at)) not valid,
  drop constraint if exists events_ends_at_range_check,
  add constraint events_ends_at_range_check check (app_private.is_time(ends_at)) not valid,
  drop constraint if exists events_doors_at_range_check,
  add constraint events_doors_at_range_check check (app_private.is_time(doors_at)) not valid,
  drop constraint if exists events_publish_at_range_check,
  add constraint events_publish_at_range_check check (app_private.is_time(publish_at)) not valid;
alter table event_tickets
  drop constraint if exists event_tickets_sales_start_range_check,
  add constraint event_tickets_sales_start_range_check check (app_private.is_time(sales_start)) not valid,
  drop constraint if exists event_tickets_sales_end_range_check,
  add constraint event_tickets_sales_end_range_check check (app_private.is_time(sales_end)) not valid;

--! Included events/comments.sql
comment on table events is
  'An event: a draft written directly, or one that the wizard published. Everyone can read published public events.';
comment on column events.id is 'Generated by the database unless the client sends one.';
comment on column events.owner_id is
  'The owner: the caller, unless a back end names another user. Everyone can read it for published public events.';
comment on column events.title is 'The title, 1 to 150 characters.';
comment on column events.status is 'Draft, published or cancelled.';
comment on column events.starts_at is 'When the event starts.';
comment on column events.ends_at is 'When the event ends; after `startsAt`.';
comment on column events.created_at is 'When the row was created.';
comment on column events.category is 'One of the wizard''s categories, such as `music`.';
comment on column events.summary is 'A one-sentence summary for lists, at most 140 characters.';
comment on column events.organizer_name is 'The organizer''s name, at most 255 characters.';
comment on column events.timezone is
  'The IANA time zone in which to show the event''s times, such as `Europe/Berlin`.';
comment on column events.doors_at is 'When the doors open; not after `startsAt`.';
comment on column events.mode is 'Venue, online or hybrid.';
comment on column events.venue_name is 'The name of the venue; null for an online event.';
comment on column events.address is 'Street and number of the venue.';
comment on column events.city is 'City or town of the venue.';
comment on column events.region is 'State, province or county of the venue, where addresses have one.';
comment on column events.postal_code is 'Postal code of the venue, where the country has them.';
comment on column events.country is 'Country of the venue, ISO 3166-1 alpha-2.';
comment on column events.currency is 'Currency of all prices, ISO 4217.';
comment on column events.description is 'The description in Markdown, at most 50,000 characters.';
comment on column events.slug is
  'The last part of the event page''s URL: 3 to 60 lowercase letters, digits and hyphens. Unique.';
comment on column events.cover_image_url is 'The https URL of the cover image.';
comment on column events.cover_image_alt is 'The alternative text of the cover image.';
comment on column events.accent is 'The color of buttons and links on the event page, as `#rrggbb`.';
comment on column events.support_email is 'The contact address shown on the event page.';
comment on column events.visibility is
  'Public: listed for everyone. Unlisted: visible to those who know the slug. Private: visible to the owner only.';
comment on column events.publish_at is 'When the event becomes visible to others; null means at once.';
comment on column events.refund_policy is 'One of the wizard''s refund policies.';
comment on constraint events_title_check on events is
  'The title must have 1 to 150 characters, show something and fit on one line.';
comment on constraint events_status_check on events is 'The status must be draft, published or cancelled.';
comment on constraint events_ends_at_check on events is 'The event must end after it starts.';
comment on constraint events_starts_at_range_check on events is 'The event''s start must be in the years 1 to 9999.';
comment on constraint events_ends_at_range_check on events is 'The event''s end must be in the years 1 to 9999.';
comment on constraint events_doors_at_range_check on events is 'The opening of the doors must be in the years 1 to 9999.';
comment on constraint events_publish_at_range_check on events is 'The time of publication must be in the years 1 to 9999.';
comment on constraint events_category_check on events is
  'The category must be a lowercase word of at most 40 letters and underscores.';
comment on constraint events_summary_check on events is
  'The summary must have 1 to 140 characters, show something and fit on one line.';
comment on constraint events_organizer_name_check on events is
  'The organizer''s name must have 1 to 255 characters, show something and fit on one line.';
comment on constraint events_timezone_check on events is 'The time zone must be an IANA name such as Europe/Berlin.';
comment on constraint events_doors_at_check on events is 'The doors must not open after the event starts.';
comment on constraint events_mode_check on events is 'The mode must be venue, online or hybrid.';
comment on constraint events_venue_name_check on events is
  'The venue''s name must have 1 to 100 characters, show something and fit on one line.';
comment on constraint events_address_check on events is
  'The address must have 1 to 255 characters, show something and fit on one line.';
comment on constraint events_city_check on events is
  'The city must have 1 to 85 characters, show something and fit on one line.';
comment on constraint events_region_check on events is
  'The region must have 1 to 85 characters, show something and fit on one line.';
comment on constraint events_postal_code_check on events is
  'The postal code must have 1 to 20 characters, show something and fit on one line.';
comment on constraint events_country_check on events is 'The country must be two capital letters (ISO 3166-1).';
comment on constraint events_currency_check on events is 'The currency must be three capital letters (ISO 4217).';
comment on constraint events_description_check on events is
  'The description must have 1 to 50,000 characters and show something.';
comment on constraint events_slug_check on events is
  'The page address must have 3 to 60 lowercase letters, digits and hyphens.';
comment on constraint events_slug_key on events is 'Another event uses this page address.';
comment on constraint events_cover_image_url_check on events is
  'The cover image must be an https URL of at most 2,048 characters.';
comment on constraint events_cover_image_alt_check on events is
  'The alternative text of the cover image must have 1 to 255 characters, show something and fit on one line.';
comment on constraint events_cover_image_check on events is
  'A cover image needs an alternative text, and the text needs an image.';
comment on constraint events_accent_check on events is 'The color must be # and six hexadecimal digits.';
comment on constraint events_support_email_check on events is
  'The e-mail address must contain one @, no blanks, and have at most 254 characters.';
comment on constraint events_visibility_check on events is 'The visibility must be public, unlisted or private.';
comment on constraint events_publish_at_check on events is 'The event must not be published after it starts.';
comment on constraint events_refund_policy_check on events is
  'The refund policy must be a lowercase word of at most 40 letters, digits and underscores.';
comment on constraint events_published_check on events is
  'A published event needs a category, organizer, times, mode, currency, description, page address and visibility.';
comment on constraint events_venue_check on events is
  'An event at a venue needs the venue''s name and address; an online event must not have them.';
comment on constraint events_owner_id_fkey on events is 'The owner''s profile.';

comment on table event_tickets is 'A ticket type of an event.';
comment on column event_tickets.event_id is 'The event.';
comment on column event_tickets.key is 'Identifies the ticket type within the event, as in the wizard''s state.';
comment on column event_tickets.name is 'The name, at most 255 characters.';
comment on column event_tickets.kind is 'Free, paid or donation.';
comment on column event_tickets.price_minor is
  'The price in the minor unit of the event''s currency: 1250 is EUR 12.50. Null unless the ticket is paid.';
comment on column event_tickets.quantity is 'The number of tickets.';
comment on column event_tickets.max_per_order is 'The most tickets in one order; null means no limit.';
comment on column event_tickets.sales_start is 'When sales start; null means with publication.';
comment on column event_tickets.sales_end is 'When sales end; null means with the end of the event.';
comment on constraint event_tickets_key_check on event_tickets is
  'The key must start with a letter or digit and have 1 to 36 letters, digits, hyphens and underscores.';
comment on constraint event_tickets_name_check on event_tickets is
  'The ticket''s name must have 1 to 255 characters, show something and fit on one line.';
comment on constraint event_tickets_kind_check on event_tickets is 'A ticket must be free, paid or donation.';
comment on constraint event_tickets_price_minor_check on event_tickets is
  'The price must be 1 to 999,999,999,999 in the currency''s minor unit.';
comment on constraint event_tickets_price_check on event_tickets is
  'A paid ticket needs a price; other tickets must not have one.';
comment on constraint event_tickets_quantity_check on event_tickets is 'The quantity must be at least 1.';
comment on constraint event_tickets_max_per_order_check on event_tickets is 'The limit per order must be at least 1.';
comment on constraint event_tickets_sales_end_check on event_tickets is 'Sales must end after they start.';
comment on constraint event_tickets_sales_start_range_check on event_tickets is
  'The start of sales must be in the years 1 to 9999.';
comment on constraint event_tickets_sales_end_range_check on event_tickets is
  'The end of sales must be in the years 1 to 9999.';
comment on constraint event_tickets_event_id_fkey on event_tickets is 'The event of this ticket type.';

comment on table event_private_details is 'The part of an event that only its owner can read.';
comment on column event_private_details.event_id is 'The event.';
comment on column event_private_details.organizer_email is 'The organizer''s e-mail address.';
comment on column event_private_details.join_url is 'The https URL to join online; null for an event at a venue.';
comment on constraint event_private_details_organizer_email_check on event_private_details is
  'The e-mail address must contain one @, no blanks, and have at most 254 characters.';
comment on constraint event_private_details_join_url_check on event_private_details is
  'The join link must be an https URL of at most 2,048 characters.';
comment on constraint event_private_details_event_id_fkey on event_private_details is
  'The event of these details.';
--! EndIncluded events/comments.sql
--! Included events/published_event.sql
-- Runs as the owner because RLS hides unlisted events: only readers who know the slug get them. Returns what the event
-- page shows and nothing else.
create or replace function public.published_event(slug text) returns public.published_event as $$
  select row(
           e.id, e.slug, e.title, e.category, e.summary, e.organizer_name, e.timezone, e.starts_at, e.ends_at, e.doors_at,
           e.mode, e.venue_name, e.address, e.city, e.region, e.postal_code, e.country, e.currency, e.description,
           e.cover_image_url, e.cover_image_alt, e.accent, e.support_email, e.visibility, e.refund_policy,
           array(
             select row(
                      t.key, t.name, t.kind, t.price_minor, t.quantity, t.max_per_order, t.sales_start, t.sales_end
                    )::public.published_ticket
               from public.event_tickets t where t.event_id = e.id
              order by t.price_minor nulls first, t.name, t.key
           )
         )::public.published_event
    from public.events e
   where e.slug = published_event.slug
     and e.status = 'published' and e.visibility in ('public', 'unlisted')
     and coalesce(e.publish_at, '-infinity') <= now()
     -- Events of release 0.1.0 may have times that no client can show.
     and app_private.is_time(e.starts_at) and app_private.is_time(e.ends_at)
$$ language sql stable security definer set search_path to pg_catalog, pg_temp;

revoke all on function public.published_event(text) from public, anon, authenticated, service_role;
grant execute on function public.published_event(text) to anon, authenticated, service_role;

comment on function public.published_event(text) is
  'The published event with this slug, if it is public or unlisted; otherwise null. Everyone can read it.';
comment on type published_event is
  'What everyone can see of a published event.';
comment on column published_event.id is 'The event''s id.';
comment on column published_event.slug is 'The last part of the event page''s address.';
comment on column published_event.title is 'The title.';
comment on column published_event.category is 'One of the wizard''s categories, such as `music`.';
comment on column published_event.summary is 'One sentence for lists.';
comment on column published_event.organizer_name is 'The name of the organizer.';
comment on column published_event.timezone is 'The IANA name of the time zone in which to show the times.';
comment on column published_event.starts_at is 'When the event starts.';
comment on column published_event.ends_at is 'When the event ends.';
comment on column published_event.doors_at is 'When the doors open.';
comment on column published_event.mode is 'At a venue, online, or both.';
comment on column published_event.venue_name is 'The name of the venue.';
comment on column published_event.address is 'The street and house number.';
comment on column published_event.city is 'The city, town or village.';
comment on column published_event.region is 'The state, province or county.';
comment on column published_event.postal_code is 'The postal code.';
comment on column published_event.country is 'The country, as two letters of ISO 3166-1.';
comment on column published_event.currency is 'The currency of all prices, as three letters of ISO 4217.';
comment on column published_event.description is 'What visitors should know, in Markdown.';
comment on column published_event.cover_image_url is 'The https URL of a picture.';
comment on column published_event.cover_image_alt is 'What the picture shows.';
comment on column published_event.accent is 'A color for buttons and links, such as `#b3261e`.';
comment on column published_event.support_email is 'The e-mail address for questions.';
comment on column published_event.visibility is 'Public or unlisted.';
comment on column published_event.refund_policy is
  'Until when visitors can get a refund: one of the wizard''s choices.';
comment on column published_event.tickets is 'The ticket types, cheapest first.';
comment on type published_ticket is
  'A ticket type of a published event.';
comment on column published_ticket.key is 'Identifies the ticket type within the event.';
comment on column published_ticket.name is 'The name.';
comment on column published_ticket.kind is 'Free, paid, or pay what you want.';
comment on column published_ticket.price_minor is
  'The price in the smallest unit of the event''s currency: 1250 is 12.50 EUR. Null unless the kind is paid.';
comment on column published_ticket.quantity is 'How many tickets there are.';
comment on column published_ticket.max_per_order is 'How many tickets one order can contain; null for no limit.';
comment on column published_ticket.sales_start is 'When sales start; null for as soon as the event is published.';
comment on column published_ticket.sales_end is 'When sales end; null for when the event ends.';
--! EndIncluded events/published_event.sql
--! Included events/write_event.sql
-- Writes checked answers as a published event, creating it if `event_id` is null, and returns its id. Columns that have no
-- answer become null. The table's constraints apply. A cancelled event can't be published again.
create or replace function app_private.write_event(event_id uuid, owner_id uuid, answers jsonb) returns uuid as $$
declare
  v_id      constant uuid := coalesce(write_event.event_id, gen_random_uuid());
  v_name    text;
  -- The format `email` in wizard/formats.ts allows these around an address.
  v_blanks  constant text := E' \t\r\n\u00a0';
begin
  if exists (select from public.events e where e.id = v_id and e.status = 'cancelled') then
    raise exception 'This event was cancelled and can''t be published again.'
      using errcode = 'WZ422', detail = jsonb_build_object('problems', jsonb_build_array(jsonb_build_object(
        'stage', 6, 'pointer', '/publish', 'code', 'cancelled',
        'message', 'This event was cancelled. Start a new draft to publish another event.'
      )));
  end if;
  -- Delete the old tickets first: their sales may end after the new end of the event.
  delete from public.event_tickets t where t.event_id = v_id;
  insert into public.events as e (
    id, owner_id, status,
    title, category, summary, organizer_name,
    timezone, starts_at, ends_at, doors_at,
    mode, venue_name, address, city, region, postal_code, country,
    currency, description, slug, cover_image_url, cover_image_alt, accent, support_email,
    visibility, publish_at, refund_policy
  )
  select v_id, write_event.owner_id, 'published',
         b.title, b.category, b.summary, b."organizerName",
         s.timezone, s."startsAt", s."endsAt", s."doorsAt",
         l.mode, l."venueName", l.address, l.city, l.region, l."postalCode", l.country,
         answers -> 'tickets' ->> 'currency',
         p.description, p.slug, p."coverImageUrl", p."coverImageAlt", p.accent,
         btrim(p."supportEmail", v_blanks),
         v.visibility, v."publishAt", v."refundPolicy"
    from jsonb_to_record(answers -> 'basics') b (title text, category text, summary text, "organizerName" text)
   cross join jsonb_to_record(answers -> 'schedule')
                s (timezone text, "startsAt" timestamptz, "endsAt" timestamptz, "doorsAt" timestamptz)
   cross join jsonb_to_record(answers -> 'location') l (
                mode text, "venueName" text, address text, city text, region text, "postalCode" text, country text
              )
   cross join jsonb_to_record(answers -> 'page') p (
                description text, slug text, "coverImageUrl" text, "coverImageAlt" text, accent text, "supportEmail" text
              )
   cross join jsonb_to_record(answers -> 'publish') v (visibility text, "publishAt" timestamptz, "refundPolicy" text)
  on conflict (id) do update set (
    status,
    title, category, summary, organizer_name,
    timezone, starts_at, ends_at, doors_at,
    mode, venue_name, address, city, region, postal_code, country,
    currency, description, slug, cover_image_url, cover_image_alt, accent, support_email,
    visibility, publish_at, refund_policy
  ) = (
    excluded.status,
    excluded.title, excluded.category, excluded.summary, excluded.organizer_name,
    excluded.timezone, excluded.starts_at, excluded.ends_at, excluded.doors_at,
    excluded.mode, excluded.venue_name, excluded.address, excluded.city, excluded.region, excluded.postal_code,
    excluded.country,
    excluded.currency, excluded.description, excluded.slug, excluded.cover_image_url, excluded.cover_image_alt,
    excluded.accent, excluded.support_email,
    excluded.visibility, excluded.publish_at, excluded.refund_policy
  );

  insert into public.event_private_details as d (event_id, organizer_email, join_url)
  values (v_id, btrim(answers -> 'basics' ->> 'organizerEmail', v_blanks), answers -> 'location' ->> 'joinUrl')
  on conflict on constraint event_private_details_pkey
  do update set organizer_email = excluded.organizer_email, join_url = excluded.join_url;

  insert into public.event_tickets
         (event_id, key, name, kind, price_minor, quantity, max_per_order, sales_start, sales_end)
  select v_id, given.key, a.name, a.kind, a."priceMinor", a.quantity, a."maxPerOrder", a."salesStart", a."salesEnd"
    from jsonb_each(answers -> 'tickets' -> 'tickets') given
   cross join jsonb_to_record(given.value) a (
           name text, kind text, "priceMinor" bigint, quantity integer, "maxPerOrder" integer,
           "salesStart" timestamptz, "salesEnd" timestamptz
         );

  -- Rules across tables, which check constraints can't express.
  if answers -> 'publish' -> 'acceptTerms' is distinct from 'true' then
    raise exception 'Accept the terms to publish the event.' using errcode = 'WZ400', detail = '{"field": "acceptTerms"}';
  elsif answers -> 'location' ->> 'mode' <> 'venue' and answers -> 'location' ->> 'joinUrl' is null then
    raise exception 'An online event needs a join link.' using errcode = 'WZ400', detail = '{"field": "joinUrl"}';
  elsif not exists (select from public.event_tickets t where t.event_id = v_id) then
    raise exception 'An event needs at least one ticket.' using errcode = 'WZ400', detail = '{"field": "tickets"}';
  end if;
  return v_id;
exception when unique_violation then
  get stacked diagnostics v_name = constraint_name;
  if v_name <> 'events_slug_key' then
    raise;
  end if;
  raise exception 'This page address is taken. Choose another one.'
    using errcode = 'WZ422', detail = jsonb_build_object('problems', jsonb_build_array(jsonb_build_object(
      'stage', 5, 'pointer', '/page/slug', 'code', 'taken',
      'message', 'Another event uses this page address. Choose another one.'
    )));
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.write_event(uuid, uuid, jsonb) from public, anon, authenticated, service_role;
--! EndIncluded events/write_event.sql

-- An old row that violates a new rule stays; the rule applies when the row is changed.
do $$
declare
  v record;
begin
  for v in
    select conrelid::regclass as table_name, conname from pg_constraint
     where contype = 'c' and not convalidated and conrelid in ('events'::regclass, 'event_tickets'::regclass, 'event_private_details'::regclass)
     order by conname
  loop
    begin
      execute format('alter table %s validate constraint %I', v.table_name, v.conname);
    exception when check_violation then
      raise warning 'Old rows of % violate %.', v.table_name, v.conname;
    end;
  end loop;
end;
$$;
