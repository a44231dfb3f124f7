--! Previous: sha1:6aee54936a135fac166c67607066af3a8b6bc064
--! Hash: sha1:f64ae9b3920be4bba98586fc3653718c826b3882
--! Message: conflicts by value, faster saves, scale and quotas

--! split: 1-current.sql
-- Write the next migration here: `npm run db:watch` runs it at every save.

--! split: 10-saving.sql
-- Saves that cost less, conflicts by the values that the client had, and the session's title and times in its row.

-- The working time per stage was the difference of two revisions, which pruning could remove.
alter table wizard_sessions drop column if exists stage_seconds;
alter table wizard_sessions add column stage_seconds double precision[] not null
  default '{NULL,NULL,NULL,NULL,NULL,NULL}';
alter table wizard_sessions drop column if exists title;
alter table wizard_sessions add column title text;
alter table wizard_session_revisions add column if not exists time_spent interval not null default '0';
-- The triggers would count it as a save.
alter table wizard_sessions disable trigger user;
update wizard_sessions s
   set stage_seconds = array[v.seconds[1], v.seconds[2], v.seconds[3], v.seconds[4], v.seconds[5], v.seconds[6]]
  from (
    select a.session_id, array_agg(a.seconds order by a.stage) as seconds
      from (
        select i.session_id, n.stage,
               case when count(*) filter (where i.stage = n.stage) > 0
                    then coalesce(sum(extract(epoch from i.next_time_spent - i.time_spent)) filter (
                           where i.stage = n.stage and i.status = 'in_progress' and i.next_status <> 'abandoned'
                             -- A larger gap has lost checkpoints, and may have lost stage changes with them.
                             and i.next_revision - i.revision <= 50
                         ), 0)
               end as seconds
          from (
            select r.session_id, r.stage, r.status, r.revision, r.time_spent,
                   lead(r.revision) over following as next_revision,
                   lead(r.status) over following as next_status,
                   lead(r.time_spent) over following as next_time_spent
              from wizard_session_revisions r
            window following as (partition by r.session_id order by r.revision)
          ) i
         cross join generate_series(1, 6) n (stage)
         group by i.session_id, n.stage
      ) a
     group by a.session_id
  ) v
 where v.session_id = s.id;
update wizard_sessions
   set title = left(nullif(state #>> '{basics,title}', ''), 150)
 where jsonb_typeof(state #> '{basics,title}') = 'string';
alter table wizard_sessions enable trigger user;
alter table wizard_session_revisions drop column time_spent;

-- The trigger that limits the size limits the depth too: a check constraint is parsed with each update.
alter table wizard_sessions drop constraint if exists wizard_sessions_state_depth_check;

-- The columns of the session are columns of the result, so that the API selects some of them in the same statement.
drop function if exists public.save_wizard_session(uuid, uuid, integer, jsonb, integer);
drop function if exists public.save_wizard_session(uuid, uuid, integer, jsonb, integer, jsonb);
drop function if exists app_private.may_have_lost_revisions(integer, timestamptz);
drop function if exists app_private.revision_limits();
drop function if exists app_private.save_conflicts(wizard_sessions, integer, jsonb);
drop type if exists public.save_wizard_session_payload;
create type public.save_wizard_session_payload as (
  outcome public.save_outcome,
  conflicts public.save_conflict[],
  -- The columns of wizard_sessions, in their order.
  id uuid,
  user_id uuid,
  event_id uuid,
  stage integer,
  status text,
  state jsonb,
  started_at timestamptz,
  last_saved_at timestamptz,
  completed_at timestamptz,
  revision integer,
  last_save_id uuid,
  definition_version integer,
  last_save_hash bytea,
  stage_seconds double precision[],
  title text
);

--! Included auth/jwt.sql
-- Supabase's name and meaning. The API sets the claims of the verified token for each transaction; unset means anonymous.
-- A body after `return` is put into the queries and policies that call the function, which saves 5 microseconds per call.
create or replace function auth.jwt() returns jsonb language sql stable
return nullif(current_setting('request.jwt.claims', true), '')::jsonb;

comment on function auth.jwt() is
  'The claims of the caller''s token as a JSON object, or null.';

revoke all on function auth.jwt() from public;
grant execute on function auth.jwt() to anon, authenticated, service_role;
--! EndIncluded auth/jwt.sql
--! Included auth/uid.sql
create or replace function auth.uid() returns uuid language sql stable
return nullif(
  coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), auth.jwt() ->> 'sub'),
  ''
)::uuid;

comment on function auth.uid() is
  'The caller''s user id (the claim `sub`), or null. Fails with 22P02 if the claim is not a UUID.';

revoke all on function auth.uid() from public;
grant execute on function auth.uid() to anon, authenticated, service_role;
--! EndIncluded auth/uid.sql
--! Included auth/role.sql
create or replace function auth.role() returns text language sql stable
return nullif(
  coalesce(nullif(current_setting('request.jwt.claim.role', true), ''), auth.jwt() ->> 'role'),
  ''
);

comment on function auth.role() is
  'The role in the caller''s token (the claim `role`), or null.';

revoke all on function auth.role() from public;
grant execute on function auth.role() to anon, authenticated, service_role;
--! EndIncluded auth/role.sql
--! Included saving/json_merge_patch.sql
-- Applies an RFC 7396 merge patch. Takes apart only the members that the patch touches. Uses json_object_agg because
-- jsonb_object_agg is ten times slower with nested objects.
create or replace function app_private.json_merge_patch(target jsonb, patch jsonb) returns jsonb as $$
declare
  v_key text;
begin
  if jsonb_typeof(patch) <> 'object' then
    return patch;
  elsif jsonb_typeof(target) is distinct from 'object' then
    target = '{}';
  else
    -- Decompresses a stored value once instead of once per key.
    target = target || '{}';
  end if;
  -- Most saves change values of one stage. These two cases need no query, which makes them four times faster.
  if not patch @? 'strict $.* ? (@ == null || @.type() == "object")' then
    return target || patch;
  end if;
  v_key = jsonb_path_query_first(patch, 'strict $.keyvalue().key') #>> '{}';
  if jsonb_typeof(patch -> v_key) = 'object' and patch - v_key = '{}' then
    return target || jsonb_build_object(v_key, app_private.json_merge_patch(target -> v_key, patch -> v_key));
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
--! Included revisions/revision_limits.sql
-- How much history is kept, and how long the keys of saves are remembered. `thinned_after` is used by the sweep
-- (thin_wizard_session_revisions).
create or replace function app_private.revision_limits(
  out checkpoint_every integer, out always_kept integer, out checkpoints_kept integer, out thinned_after interval,
  out keys_kept interval
) as $$
  select 50, 200, 40, interval '90 days', interval '90 days'
$$ language sql immutable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.revision_limits() from public, anon, authenticated, service_role;
grant execute on function app_private.revision_limits() to authenticated, service_role;
--! EndIncluded revisions/revision_limits.sql
--! Included saving/may_have_lost_revisions.sql
-- Whether pruning or thinning can have deleted revisions of a session, so that some of its keys are among the old ones.
create or replace function app_private.may_have_lost_revisions(revision integer, started_at timestamptz)
returns boolean language sql stable
return revision > (app_private.revision_limits()).always_kept
  or started_at < now() - (app_private.revision_limits()).thinned_after;

revoke all on function app_private.may_have_lost_revisions(integer, timestamptz)
  from public, anon, authenticated, service_role;
grant execute on function app_private.may_have_lost_revisions(integer, timestamptz) to authenticated, service_role;
--! EndIncluded saving/may_have_lost_revisions.sql
--! Included saving/check_save_key.sql
-- True if a save with this key was written before. Refuses a key that was used for another request. Keys of saves from before 0.2 have no hash and are not compared.
create or replace function app_private.check_save_key(session wizard_sessions, save_id uuid, request text)
returns boolean as $$
declare
  v_hash bytea;
begin
  select coalesce(r.save_hash, '') into v_hash
    from public.wizard_session_revisions r where r.session_id = session.id and r.save_id = check_save_key.save_id;
  if not found and app_private.may_have_lost_revisions(session.revision, session.started_at) then
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
--! Included saving/save_conflicts_by_history.sql
-- The conflicts between a merged state and the saves after `base`: every path that the merge would change and that one of
-- those saves wrote at, above or below, with the value at the base, the new value (yours) and the present one (theirs). If
-- the history since `base` is incomplete, every changed path is a conflict.
create or replace function app_private.save_conflicts_by_history(session wizard_sessions, base integer, merged jsonb)
returns public.save_conflict[] as $$
declare
  -- Writing a value that is already there is not a conflict.
  v_change constant jsonb := app_private.json_merge_diff(session.state, merged);
  v_kept   integer;
  v_state  jsonb;
begin
  if v_change = '{}' then
    return '{}';
  end if;
  select count(*) into v_kept from wizard_session_revisions r
   where r.session_id = session.id and r.revision > base and r.revision <= session.revision;
  if exists (select from wizard_session_revisions r where r.session_id = session.id and r.revision = base) then
    select at.state into v_state from wizard_session_at(session.id, base) at;
  end if;
  return array(
    select row(
             app_private.json_pointer(path),
             app_private.json_at(v_state, path),
             app_private.json_at(merged, path),
             app_private.json_at(session.state, path)
           )::public.save_conflict
      from (
        select p.path from app_private.json_merge_paths(v_change) p where v_kept < session.revision - base
        union
        select o.path
          from wizard_session_revisions r cross join app_private.json_merge_overlap(v_change, r.patch) o (path)
         where r.session_id = session.id and r.revision > base and v_kept = session.revision - base
      ) conflict
     order by path
  );
end;
$$ language plpgsql stable set search_path to public, pg_temp;

revoke all on function app_private.save_conflicts_by_history(wizard_sessions, integer, jsonb)
  from public, anon, authenticated, service_role;
grant execute on function app_private.save_conflicts_by_history(wizard_sessions, integer, jsonb) to authenticated, service_role;
--! EndIncluded saving/save_conflicts_by_history.sql
--! Included saving/save_conflicts_by_value.sql
-- The conflicts of a patch with a present state, by the values that the client had when it made the patch. `base_values` has
-- the patch's members with their values at the base; a member that is missing or null had none. A path conflicts if its
-- present value is neither the base value nor the one that the patch writes. Takes time in proportion to the size of the patch and
-- to its depth, not to the history.
create or replace function app_private.save_conflicts_by_value(state jsonb, patch jsonb, base_values jsonb)
returns public.save_conflict[] as $$
  with recursive member (path, patch, base, theirs, goes_on) as (
    select '{}'::text[], patch, base_values, state || '{}', patch <> '{}'
    union all
    select m.path || p.key, p.value, b.value, t.value,
           -- Members of an object are compared one by one, unless something else is or was in the object's place, or the
           -- object was removed: its remaining members would otherwise come back alone.
           jsonb_typeof(p.value) = 'object' and p.value <> '{}'
           and coalesce(jsonb_typeof(b.value), 'object') = 'object' and coalesce(jsonb_typeof(t.value), 'object') = 'object'
           and (b.value is null or t.value is not null)
      from member m
     cross join jsonb_each(case when m.goes_on then m.patch else '{}' end) p
     cross join lateral (select nullif(m.base -> p.key, 'null')) b (value)
     cross join lateral (select nullif(m.theirs -> p.key, 'null')) t (value)
  )
  select coalesce(
           array_agg(row(app_private.json_pointer(m.path), m.base, yours.value, m.theirs)::public.save_conflict order by m.path),
           '{}'
         )
    from member m
   cross join lateral (select nullif(app_private.json_merge_patch(m.theirs, m.patch), 'null')) yours (value)
   where not m.goes_on and m.theirs is distinct from m.base and m.theirs is distinct from yours.value and m.path <> '{}'
$$ language sql immutable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.save_conflicts_by_value(jsonb, jsonb, jsonb)
  from public, anon, authenticated, service_role;
grant execute on function app_private.save_conflicts_by_value(jsonb, jsonb, jsonb) to authenticated, service_role;
--! EndIncluded saving/save_conflicts_by_value.sql
--! Included saving/save_wizard_session.sql
-- Merges a patch into the state of a session. The patch may be based on an older revision. Runs as the caller, so the
-- table's policies, grants and triggers decide who can save and what a state may contain.
create or replace function public.save_wizard_session(
  id uuid, save_id uuid, base_revision integer, patch jsonb, stage integer default null, base_values jsonb default null
) returns public.save_wizard_session_payload as $$
declare
  -- Copies, because parameters and columns have the same names.
  v_id      constant uuid := save_wizard_session.id;
  v_save_id constant uuid := save_wizard_session.save_id;
  v_base    constant integer := save_wizard_session.base_revision;
  v_request constant text := concat_ws(' ', 'save', save_wizard_session.stage, patch);
  v_stage   integer = save_wizard_session.stage;
  v_session wizard_sessions;
  v_merged  jsonb;
  v_outcome public.save_outcome = 'SAVED';
  v_conflicts public.save_conflict[] = '{}';
begin
  if v_id is null or v_save_id is null or v_base is null or patch is null then
    raise exception 'A save needs id, saveId, baseRevision and patch.'
      using errcode = 'WZ400', detail = jsonb_build_object('field', case
        when v_id is null then 'id' when v_save_id is null then 'saveId'
        when v_base is null then 'baseRevision' else 'patch' end);
  end if;

  -- Locks the row: a concurrent save waits here, then sees what this one wrote.
  select * into v_session from wizard_sessions s where s.id = v_id for no key update;
  if not found then
    raise exception 'This session does not exist or is not yours.' using errcode = 'WZ404';
  end if;

  -- Check the key before the patch and the revision: the answer to a repeated save must not depend on later changes.
  if app_private.check_save_key(v_session, v_save_id, v_request) then
    return row('DUPLICATE', v_conflicts, v_session.*)::public.save_wizard_session_payload;
  end if;

  if jsonb_typeof(patch) <> 'object' or jsonb_typeof(base_values) <> 'object' then
    raise exception '% must be a JSON object, not %.',
      case jsonb_typeof(patch) when 'object' then 'baseValues' else 'patch' end,
      case jsonb_typeof(patch) when 'object' then jsonb_typeof(base_values) else jsonb_typeof(patch) end
      using errcode = 'WZ400', detail = jsonb_build_object('field',
        case jsonb_typeof(patch) when 'object' then 'baseValues' else 'patch' end);
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

  -- A patch of an older state would be undone by a later upgrade.
  if v_session.status <> 'completed'
    and v_session.definition_version < coalesce(nullif(current_setting('stagekeep.definition_version', true), '')::integer, 1)
  then
    raise exception 'This session was saved under an older definition of the wizard. Open it with startWizardSession, then save.'
      using errcode = 'WZ426', detail = jsonb_build_object('id', v_id);
  end if;

  v_merged = app_private.json_merge_patch(v_session.state, patch);
  -- Skip completed sessions: the update below refuses them with WZ423.
  if v_base < v_session.revision and v_session.status <> 'completed' then
    v_conflicts = case
      when base_values is not null then app_private.save_conflicts_by_value(v_session.state, patch, base_values)
      else app_private.save_conflicts_by_history(v_session, v_base, v_merged)
    end;
    if v_conflicts <> '{}' then
      return row('CONFLICT', v_conflicts, v_session.*)::public.save_wizard_session_payload;
    end if;
    v_outcome = 'MERGED';
    -- The stage that a client was at when it read its base is not a move, so a newer stage stays.
    if v_stage is distinct from v_session.stage and not exists (
      select from wizard_session_revisions r where r.session_id = v_id and r.revision = v_base and r.stage <> v_stage
    ) then
      v_stage = v_session.stage;
    end if;
  end if;

  update wizard_sessions s
     set state = v_merged,
         stage = coalesce(v_stage, s.stage),
         last_save_id = v_save_id,
         last_save_hash = app_private.save_request_hash(v_request)
   where s.id = v_id
  returning * into v_session;
  return row(v_outcome, v_conflicts, v_session.*)::public.save_wizard_session_payload;
end;
$$ language plpgsql volatile set search_path to public, pg_temp;

revoke all on function public.save_wizard_session(uuid, uuid, integer, jsonb, integer, jsonb)
  from public, anon, authenticated, service_role;
grant execute on function public.save_wizard_session(uuid, uuid, integer, jsonb, integer, jsonb)
  to authenticated, service_role;

comment on function public.save_wizard_session(uuid, uuid, integer, jsonb, integer, jsonb) is
  'Saves a merge patch (RFC 7396) onto the state of a session. If other saves followed `baseRevision`, the patch is merged. With `baseValues`, a path conflicts if its present value is neither its base value nor the new one; without them, if one of those saves wrote the path. After a conflict nothing is written and the outcome is CONFLICT. Sending the same save with the same `saveId` again writes nothing; a different save with it is refused with SAVE_ID_REUSED. Keys are remembered for at least 90 days.';
comment on type save_wizard_session_payload is
  'The result of a save: the outcome, and the session after it. After a CONFLICT, the session is as it was.';
comment on column save_wizard_session_payload.outcome is 'What the save did.';
comment on column save_wizard_session_payload.conflicts is
  'After a CONFLICT, every path that both sides changed; otherwise empty.';
comment on type save_outcome is
  'What a save did. SAVED: wrote a new revision; nothing else was saved since the base. MERGED: wrote a new revision, merged with the saves since the base. DUPLICATE: wrote nothing, because a save with this key was written before. CONFLICT: wrote nothing, because saves since the base changed the same paths.';
comment on type save_conflict is
  'A path that both the refused save and a save since its base changed.';
comment on column save_conflict.pointer is 'The path in the state, as a JSON Pointer (RFC 6901).';
comment on column save_conflict.base is
  'The value in the base revision; null if it had none, or if it is not known: the save had no baseValues and that revision is no longer kept.';
comment on column save_conflict.yours is
  'The value that the refused save would have written; null if it would have removed the value.';
comment on column save_conflict.theirs is 'The present value; null if there is none.';
--! EndIncluded saving/save_wizard_session.sql
--! Included saving/tg_wizard_session_revisions__keep_keys.sql
-- Keeps the keys of deleted revisions for the rest of their time. The keys of a deleted session are not needed: its id
-- can't be used again.
create or replace function app_private.tg_wizard_session_revisions__keep_keys() returns trigger as $$
declare
  v_kept constant interval := (app_private.revision_limits()).keys_kept;
begin
  insert into app_private.wizard_session_old_keys (session_id, forget_after, keys)
  select g.session_id, max(g.saved_at) + v_kept,
         string_agg(substring(uuid_send(g.save_id) from 9) || coalesce(g.save_hash, '\x0000000000000000'), '')
    from gone g join public.wizard_sessions s on s.id = g.session_id
   where g.save_id is not null and g.saved_at > now() - v_kept
   group by g.session_id;
  return null;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_session_revisions__keep_keys()
  from public, anon, authenticated, service_role;
--! EndIncluded saving/tg_wizard_session_revisions__keep_keys.sql
--! Included sessions/tg_wizard_sessions__bury.sql
-- Remembers the id of a deleted session for as long as the keys of saves. Runs as the owner because no caller can write the table.
create or replace function app_private.tg_wizard_sessions__bury() returns trigger as $$
begin
  insert into app_private.deleted_wizard_sessions (id, forget_after) values (OLD.id, now() + (app_private.revision_limits()).keys_kept)
  on conflict (id) do update set forget_after = excluded.forget_after;
  delete from app_private.wizard_session_old_keys k where k.session_id = OLD.id;
  delete from app_private.wizard_session_sizes z where z.user_id = OLD.user_id and z.session_id = OLD.id;
  return null;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__bury() from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg_wizard_sessions__bury.sql
--! Included sessions/tg_wizard_sessions__limit_state.sql
-- Limits the size and the depth of a state.
create or replace function app_private.tg_wizard_sessions__limit_state() returns trigger as $$
declare
  v_limit constant integer := 256 * 1024;
  v_size  constant integer := octet_length(NEW.state::text);
begin
  if v_size > v_limit then
    raise exception 'The state is % bytes of JSON text; the limit is %. Store files elsewhere and save their URLs.', v_size, v_limit
      using errcode = 'WZ413', detail = jsonb_build_object('bytes', v_size, 'limit', v_limit);
  end if;
  if jsonb_path_exists(NEW.state, '$.**{100 to last}') then
    raise exception 'The state can have at most 100 levels.' using errcode = 'WZ400', detail = '{"field": "state"}';
  end if;
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__limit_state() from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg_wizard_sessions__limit_state.sql
--! Included sessions/tg_wizard_sessions__set_title.sql
-- Copies the event's title from the state, so that lists need not read whole states.
create or replace function app_private.tg_wizard_sessions__set_title() returns trigger as $$
begin
  NEW.title = case jsonb_typeof(NEW.state #> '{basics,title}')
    when 'string' then left(nullif(NEW.state #>> '{basics,title}', ''), 150) end;
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__set_title() from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg_wizard_sessions__set_title.sql
--! Included sessions/tg_wizard_sessions__resume.sql
-- Saving an abandoned session resumes it. Upgrading it to the current definition is not a save.
create or replace function app_private.tg_wizard_sessions__resume() returns trigger as $$
begin
  if OLD.status = 'abandoned' and NEW.status = 'abandoned' and NEW.definition_version = OLD.definition_version then
    NEW.status = 'in_progress';
  end if;
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__resume() from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg_wizard_sessions__resume.sql
--! Included sessions/tg_wizard_sessions__save.sql
-- Locks completed sessions, compares the revision that the update names, and increments it. A completed session is the
-- record of what was published.
create or replace function app_private.tg_wizard_sessions__save() returns trigger as $$
begin
  -- The foreign key's `on delete set null` is not a save. Tested here because a `when` condition is parsed with each update.
  if NEW.event_id is null and OLD.event_id is not null and app_private.wizard_session_loses_event(OLD, NEW) then
    return NEW;
  end if;
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
--! Included sessions/wizard_session_loses_event.sql
-- True for the foreign key's `on delete set null`: only `event_id` changes, and the event no longer exists. That is not a
-- save and is allowed even on completed sessions. Runs as the owner because RLS hides other users' events, which would
-- then look deleted.
create or replace function app_private.wizard_session_loses_event(before wizard_sessions, after wizard_sessions)
returns boolean as $$
  select to_jsonb(after) - 'event_id' = to_jsonb(before) - 'event_id'
    and not exists (select from public.events where id = before.event_id)
$$ language sql stable security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.wizard_session_loses_event(wizard_sessions, wizard_sessions)
  from public, anon, authenticated, service_role;
-- The trigger that calls it runs with the caller's privileges.
grant execute on function app_private.wizard_session_loses_event(wizard_sessions, wizard_sessions)
  to authenticated, service_role;
--! EndIncluded sessions/wizard_session_loses_event.sql
--! Included sessions/update_wizard_session_timestamp.sql
-- Sets the time of a save, and adds the working time since the last save to its stage. clock_timestamp(), not now(): a
-- transaction may start before a save that it then waits for. Each save is later than the one before it.
create or replace function public.update_wizard_session_timestamp() returns trigger as $$
declare
  -- A break between two saves counts as working time up to this limit.
  v_max_break constant interval := '30 minutes';
begin
  -- Not a save: see tg_wizard_sessions__save, which runs before.
  if NEW.revision = OLD.revision then
    return NEW;
  end if;
  if OLD.status = 'in_progress' and NEW.status = 'abandoned'
    and (NEW.stage, NEW.state, NEW.event_id) is not distinct from (OLD.stage, OLD.state, OLD.event_id)
  then
    -- Abandoning a session is not a save, so its time stays.
    NEW.last_saved_at = OLD.last_saved_at;
  else
    NEW.last_saved_at = greatest(clock_timestamp(), OLD.last_saved_at + interval '1 microsecond');
    NEW.stage_seconds[OLD.stage] = coalesce(OLD.stage_seconds[OLD.stage], 0)
      -- The time while a session is abandoned is not working time.
      + case when OLD.status = 'in_progress' and NEW.status <> 'abandoned'
             then date_part('epoch', least(NEW.last_saved_at - OLD.last_saved_at, v_max_break)) else 0 end;
  end if;
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function public.update_wizard_session_timestamp() from public, anon, authenticated, service_role;
--! EndIncluded sessions/update_wizard_session_timestamp.sql
--! Included sessions/grants.sql
revoke all on wizard_sessions from public, anon, authenticated, service_role;
-- `started_at`, `last_saved_at` and `completed_at` are set by the database only. `user_id` can't be updated: a session
-- never changes its owner. An update may name `revision` only to have it compared with the stored one.
grant select, delete, insert (id, user_id, event_id, stage, status, state, definition_version),
  update (event_id, stage, status, state, revision, last_save_id, last_save_hash, definition_version)
  on wizard_sessions to authenticated, service_role;
--! EndIncluded sessions/grants.sql
--! Included revisions/tg_wizard_sessions__record.sql
-- Records every save and abandonment of a session as a revision, whichever client caused it. Runs as the owner because no
-- caller can write revisions.
create or replace function app_private.tg_wizard_sessions__record() returns trigger as $$
declare
  v_every constant integer := (app_private.revision_limits()).checkpoint_every;
  v_patch jsonb = NEW.state;
  v_at    timestamptz = NEW.last_saved_at;
  v_checkpoint boolean = true;
begin
  if TG_OP = 'UPDATE' then
    -- The foreign key's `on delete set null` is not a save. Tested here because a `when` condition is parsed with each update.
    if NEW.revision = OLD.revision then
      return null;
    end if;
    -- Abandoning does not change `last_saved_at`, so the revision takes the current time.
    if NEW.last_saved_at = OLD.last_saved_at then
      v_at = greatest(clock_timestamp(), NEW.last_saved_at + interval '1 microsecond');
    end if;
    v_patch = app_private.json_merge_diff(OLD.state, NEW.state);
    v_checkpoint = NEW.revision % v_every = 0
      -- Compare bytes: 1.0 and 1.00 are equal as jsonb, but a rebuilt state must be identical. And a patch can't express a
      -- null inside the state.
      or not record_image_eq(row(app_private.json_merge_patch(OLD.state, v_patch)), row(NEW.state));
  end if;
  insert into public.wizard_session_revisions
    (session_id, revision, save_id, save_hash, saved_by, stage, status, definition_version, patch, snapshot, size, saved_at)
  values (
    NEW.id, NEW.revision, NEW.last_save_id, NEW.last_save_hash, auth.uid(), NEW.stage, NEW.status, NEW.definition_version,
    v_patch,
    case when v_checkpoint
           -- The previous revision is missing, for example after a restore without triggers.
           or not exists (
             select from public.wizard_session_revisions r where r.session_id = NEW.id and r.revision = NEW.revision - 1
           )
         then NEW.state end,
    octet_length(NEW.state::text), v_at
  );
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

create or replace trigger _510_record_save
  after update on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__record();

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
comment on constraint wizard_session_revisions_status_check on wizard_session_revisions is
  'The status must be in_progress, completed or abandoned.';
comment on constraint wizard_session_revisions_session_id_fkey on wizard_session_revisions is
  'The session of this revision.';
--! EndIncluded revisions/comments.sql
--! Included live/tg_wizard_sessions__notify.sql
-- Notifies the subscribers of a session after each save, and after its deletion. While a save holds the lock, no
-- subscriber can take it; one that gets it afterwards sees the save. The lock does not depend on a snapshot, so it is
-- also correct under repeatable read.
create or replace function app_private.tg_wizard_sessions__notify() returns trigger as $$
begin
  -- The foreign key's `on delete set null` is not a save.
  if TG_OP = 'UPDATE' and NEW.revision = OLD.revision then
    return null;
  end if;
  if not pg_try_advisory_xact_lock(app_private.wizard_session_watch_key(OLD.id)) then
    -- The id and revision only: subscribers read the rest under their own policies.
    perform pg_notify('wizard_session_changed', concat_ws(' ', OLD.id, case TG_OP when 'UPDATE' then NEW.revision end));
  end if;
  return null;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__notify() from public, anon, authenticated, service_role;
--! EndIncluded live/tg_wizard_sessions__notify.sql
--! Included live/triggers.sql
create or replace trigger _600_notify_save
  after update on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__notify();

create or replace trigger _610_notify_delete
  after delete on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__notify();
--! EndIncluded live/triggers.sql
--! Included funnel/wizard_funnel.sql
-- Runs as the owner because its callers can't read sessions. It returns counts, and times only for cohorts that are large
-- enough not to identify a person.
create or replace function public.wizard_funnel("from" timestamptz, "to" timestamptz)
returns public.wizard_funnel_stage[] as $$
declare
  v_from   constant timestamptz := wizard_funnel."from";
  v_to     constant timestamptz := wizard_funnel."to";
  v_longest_span constant interval := '400 days';
  -- Times are returned for at least this many sessions.
  v_minimum_cohort constant integer := 5;
begin
  if v_from is null or v_to is null or v_from >= v_to then
    raise exception '`from` must be before `to`.' using errcode = 'WZ400';
  end if;
  if v_to > v_from + v_longest_span then
    raise exception 'The time from `from` to `to` must be at most %.', v_longest_span using errcode = 'WZ400';
  end if;

  return array(select n from app_private.count_funnel(v_from, v_to, v_minimum_cohort) n order by n.stage);
end;
$$ language plpgsql stable security definer set search_path to pg_catalog, pg_temp;

revoke all on function public.wizard_funnel(timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.wizard_funnel(timestamptz, timestamptz) to service_role;

comment on function public.wizard_funnel(timestamptz, timestamptz) is
  'How far users get in the wizard, stage by stage: the sessions started from `from` and before `to`, at most 400 days. Only for analysts and service_role.';
comment on type wizard_funnel_stage is
  'What happened to the sessions at a stage of the wizard: counts of the sessions of all users.';
comment on column wizard_funnel_stage.stage is 'The number of the stage, from 1.';
comment on column wizard_funnel_stage.started is 'Sessions that were at this stage at least once.';
comment on column wizard_funnel_stage.reached is 'Sessions that were at this stage or a later one at least once.';
comment on column wizard_funnel_stage.completed is 'Those of `reached` that are completed.';
comment on column wizard_funnel_stage.abandoned is 'Sessions that are abandoned and were at this stage when they were.';
comment on column wizard_funnel_stage.drop_off is
  'Sessions that got no further than this stage and are not completed. Some may still continue.';
comment on column wizard_funnel_stage.median_seconds is
  'The median time at this stage in seconds. A break counts as at most half an hour. Null if fewer than five sessions have a time.';
comment on column wizard_funnel_stage.p90_seconds is 'The 90th percentile of the same times.';
--! EndIncluded funnel/wizard_funnel.sql

--! split: 19-undo.sql
drop table if exists app_private.thinning;
drop function if exists public.export_my_data_page(text, boolean);
drop type if exists public.my_data_page;

--! split: 20-scale.sql
-- Thinning walks the checkpoints by their time. Other revisions are not in the index, so most saves don't write to it; nor is
-- the first one of a session, which has nothing before it.
drop index if exists idx_wizard_session_revisions_patches;
drop index if exists idx_wizard_session_revisions_checkpoints;
create index idx_wizard_session_revisions_checkpoints on wizard_session_revisions (saved_at)
  where snapshot is not null and revision > 0;

-- How far thinning has come: checkpoints up to this time are done. One row, which the first sweep writes.
create table app_private.thinning (
  only_row      boolean primary key default true check (only_row),
  thinned_up_to timestamptz not null
);

drop function if exists app_private.sessions_to_thin();
drop function if exists app_private.thinned_up_to(uuid);
drop function if exists app_private.thin_wizard_session_revisions(integer);
--! Included sweep/thin_wizard_session_revisions.sql
-- Deletes, for up to `at_most` checkpoints that have become old, the revisions before them that are not checkpoints. Every
-- kept revision can be rebuilt: it is a checkpoint, or all revisions since the last checkpoint are kept.
--
-- Walks the old checkpoints in the order of their time. app_private.thinning has the time of the last one of the batch
-- before, so a batch reads nothing but the checkpoints that it processes: each becomes old once.
create or replace function app_private.thin_wizard_session_revisions(
  at_most integer, out checkpoints integer, out revisions integer
) as $$
declare
  v_old  constant timestamptz := now() - (select thinned_after from app_private.revision_limits());
  v_from timestamptz;
begin
  checkpoints = 0;
  revisions = 0;
  -- Check first: `on conflict` would wait for another worker that has changed the row.
  if not exists (select from app_private.thinning) then
    insert into app_private.thinning (thinned_up_to) values ('-infinity') on conflict do nothing;
  end if;
  select t.thinned_up_to into v_from from app_private.thinning t for update skip locked;
  -- Another worker is thinning.
  if not found then
    return;
  end if;
  with due as materialized (
    select r.session_id, r.revision, r.saved_at
      from public.wizard_session_revisions r
     where r.snapshot is not null and r.revision > 0 and r.saved_at > v_from and r.saved_at <= v_old
     order by r.saved_at
     -- The next batch starts after the last time, so all checkpoints of the same time belong to this one.
     fetch first (at_most) rows with ties
  ),
  -- A save holds its session while it prunes. A session that is locked now is thinned with its next checkpoint.
  free as (
    select s.id, d.revision
      from (select d.session_id, max(d.revision) as revision from due d group by d.session_id) d
      join public.wizard_sessions s on s.id = d.session_id
       for no key update of s skip locked
  ),
  deleted as (
    delete from public.wizard_session_revisions r using free f
     where r.session_id = f.id and r.revision < f.revision and r.snapshot is null
    returning 1
  )
  select d.count, d.up_to, (select count(*) from deleted)
    into checkpoints, v_from, revisions
    from (select count(*), coalesce(max(due.saved_at), v_from) as up_to from due) d;
  update app_private.thinning t set thinned_up_to = v_from where t.thinned_up_to <> v_from;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.thin_wizard_session_revisions(integer)
  from public, anon, authenticated, service_role;
--! EndIncluded sweep/thin_wizard_session_revisions.sql
drop function if exists app_private.preview_sweep(interval, interval);
--! Included sweep/preview_sweep.sql
-- How many sessions a sweep would purge and abandon now, and how many revisions it would thin, if no row were locked. A
-- sweep purges first, so it does not abandon and purge a session in the same run. Counting the revisions stops after 10,000
-- checkpoints: then `thinned` is a part of them, and `more_to_thin` is true.
create or replace function app_private.preview_sweep(
  abandon_after interval, purge_after interval,
  out purged bigint, out abandoned bigint, out thinned bigint, out more_to_thin boolean
) as $$
declare
  v_at_most constant integer := 10000;
begin
  perform app_private.check_sweep_age(abandon_after), app_private.check_sweep_age(purge_after);
  select count(*) filter (where s.status = 'abandoned' and s.last_saved_at <= now() - purge_after),
         count(*) filter (where s.status = 'in_progress' and s.last_saved_at <= now() - abandon_after)
    into purged, abandoned
    from public.wizard_sessions s
   where s.status in ('in_progress', 'abandoned');
  with due as materialized (
    select r.session_id, r.revision
      from public.wizard_session_revisions r
     where r.snapshot is not null and r.revision > 0
       and r.saved_at > coalesce((select t.thinned_up_to from app_private.thinning t), '-infinity')
       and r.saved_at <= now() - (select l.thinned_after from app_private.revision_limits() l)
     order by r.saved_at
     limit v_at_most
  )
  select count(*), (select count(*) from due) = v_at_most
    into thinned, more_to_thin
    from (select d.session_id, max(d.revision) as revision from due d group by d.session_id) d
    join public.wizard_sessions s
      on s.id = d.session_id and not (s.status = 'abandoned' and s.last_saved_at <= now() - purge_after)
    join public.wizard_session_revisions r
      on r.session_id = d.session_id and r.snapshot is null and r.revision < d.revision;
end;
$$ language plpgsql stable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.preview_sweep(interval, interval) from public, anon, authenticated, service_role;
--! EndIncluded sweep/preview_sweep.sql

-- Policies look up the one session or event of a row.
--! Included revisions/policies.sql
-- A revision belongs to the owner of its session. The owner is looked up rather than copied, because a copy would be
-- written with every save. `offset 0` looks up one session per revision. Without it, PostgreSQL may read all sessions of the
-- user first, to compare the revisions with all of them.
alter table wizard_session_revisions enable row level security;
drop policy if exists wizard_session_revisions_policy on wizard_session_revisions;
create policy wizard_session_revisions_policy on wizard_session_revisions for select to authenticated
  using (
    exists (
      select from wizard_sessions s
       where s.id = wizard_session_revisions.session_id and s.user_id = (select auth.uid())
      offset 0
    )
  );
--! EndIncluded revisions/policies.sql
--! Included event-bases/policies.sql
-- Belongs to the owner of the session, like a revision (see its policy for `offset 0`).
alter table wizard_session_event_bases enable row level security;
drop policy if exists wizard_session_event_bases_policy on wizard_session_event_bases;
create policy wizard_session_event_bases_policy on wizard_session_event_bases for select to authenticated
  using (
    exists (
      select from wizard_sessions s
       where s.id = wizard_session_event_bases.session_id and s.user_id = (select auth.uid())
      offset 0
    )
  );
--! EndIncluded event-bases/policies.sql
--! Included events/policies.sql
alter table events enable row level security;
drop policy if exists events_policy on events;
create policy events_policy on events for all to authenticated
  using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
-- Unlisted events are not included, because rows that a policy shows can also be listed. published_event(slug) returns
-- them to readers who know the slug.
drop policy if exists events_published_policy on events;
create policy events_published_policy on events for select to anon, authenticated
  using (status = 'published' and visibility = 'public' and coalesce(publish_at, '-infinity') <= now());

-- Tickets are visible to everyone who can see the event: the subquery runs under the policies of `events`. `offset 0` looks
-- up one event per ticket. Without it, PostgreSQL may read all visible events first.
alter table event_tickets enable row level security;
drop policy if exists event_tickets_policy on event_tickets;
create policy event_tickets_policy on event_tickets for select to anon, authenticated
  using (exists (select from events where events.id = event_tickets.event_id offset 0));

-- A separate table because policies hide rows, not columns, and everyone can read the row of a published event.
alter table event_private_details enable row level security;
drop policy if exists event_private_details_policy on event_private_details;
create policy event_private_details_policy on event_private_details for select to authenticated
  using (
    exists (
      select from events
       where events.id = event_private_details.event_id and events.owner_id = (select auth.uid())
      offset 0
    )
  );
--! EndIncluded events/policies.sql

-- Export any amount of data in result pages.
create type public.my_data_page as (rows json, next text);
drop function if exists app_private.personal_tables();
--! Included my-data/personal_tables.sql
-- Every table that foreign keys connect to profiles. `of_user` selects the rows of user $1. Each table is a part of
-- `part_of`: its column `part_key` has the id of a row there. Every part has an index on that column. A rule in
-- db/tests/schema-rules.test.ts fails when a table is missing here.
create or replace function app_private.personal_tables()
returns table (
  place integer, name text, of_user text, in_order text, is_history boolean, part_of text, part_key text
) as $$
  select known.*
    from (values
      (1, 'profiles', 'id = $1', 'id', false, 'profiles', 'id'),
      (2, 'events', ':EVENTS_OWNER_COLUMN = $1', 'id', false, 'events', 'id'),
      (3, 'event_tickets', 'event_id in (select id from public.events where :EVENTS_OWNER_COLUMN = $1)', 'event_id, key', false,
       'events', 'event_id'),
      (4, 'event_private_details', 'event_id in (select id from public.events where :EVENTS_OWNER_COLUMN = $1)', 'event_id', false,
       'events', 'event_id'),
      (5, 'wizard_sessions', 'user_id = $1', 'started_at, id', false, 'wizard_sessions', 'id'),
      (6, 'wizard_session_event_bases', 'session_id in (select id from public.wizard_sessions where user_id = $1)',
       'session_id', false, 'wizard_sessions', 'session_id'),
      (7, 'wizard_session_revisions', 'session_id in (select id from public.wizard_sessions where user_id = $1)',
       'session_id, revision', true, 'wizard_sessions', 'session_id')
    ) known (place, name, of_user, in_order, is_history, part_of, part_key)
   -- A project with its own `events` does not have our other event tables.
   where to_regclass('public.' || known.name) is not null
$$ language sql stable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.personal_tables() from public, anon, authenticated, service_role;
grant execute on function app_private.personal_tables() to authenticated, service_role;
--! EndIncluded my-data/personal_tables.sql
--! Included my-data/lock_export.sql
-- One export per user at a time, because several could use up all connections.
create or replace function app_private.lock_export(user_id uuid) returns void as $$
begin
  -- The upper half is "data" in ASCII, to avoid collisions with other advisory locks.
  if not pg_try_advisory_xact_lock((1684108385::bigint << 32) | (uuid_hash_extended(user_id, 0) & 4294967295)) then
    raise exception 'Another export of your data is already running. Try again when it has finished.' using errcode = 'WZ408';
  end if;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.lock_export(uuid) from public, anon, authenticated, service_role;
grant execute on function app_private.lock_export(uuid) to authenticated, service_role;
--! EndIncluded my-data/lock_export.sql
--! Included my-data/export_my_data.sql
-- Runs as the caller, so the policies apply in addition to the conditions in personal_tables. Reads row by row and stops
-- at the limit, to bound the memory of the server.
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
  perform app_private.lock_export(v_user);
  for v_table in select * from app_private.personal_tables() t
     where history is not false or not t.is_history
     order by t.place
  loop
    v_rows = '{}';
    for v_row in execute format(
      'select to_json(t)::text from (select * from public.%I where %s order by %s) t',
      v_table.name, v_table.of_user, v_table.in_order
    ) using v_user loop
      v_bytes = v_bytes + octet_length(v_row);
      if v_bytes > v_limit then
        raise exception 'Your data is more than % bytes of JSON text, the limit of one export. Export it in result pages, with exportMyDataPage.', v_limit
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
  'Everything that is stored about the caller as one JSON document: the rows of each table, with times in UTC. `history: false` leaves out the revisions of the sessions. STATE_TOO_LARGE if the document would exceed 16 MiB: then use exportMyDataPage. TIMEOUT while another export of the same user is running.';
--! EndIncluded my-data/export_my_data.sql
--! Included my-data/export_my_data_page.sql
-- Exports any amount of data in result pages: table by table, in the order of the ids of the profile, event or session that
-- a row is part of. Runs as the caller, so the policies apply in addition to the conditions in personal_tables.
create or replace function public.export_my_data_page(after text default null, history boolean default true)
returns public.my_data_page as $$
declare
  -- A page ends when it reaches one of these. A step is a row, or an id without rows. Far less than the API's time limit.
  v_most_bytes constant integer := 2 * 1024 * 1024;
  v_most_steps constant integer := 5000;
  -- Larger than any revision: all rows of the id were exported.
  v_end constant integer := 999999999;
  v_user   constant uuid := auth.uid();
  -- Table, id and revision of the last row of the page before.
  v_cursor text[] := regexp_match(after, '^(\w+)/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(\d{1,9})$');
  v_rows   text[] := '{}';
  v_bytes  integer := 0;
  v_steps  integer := 0;
  v_table  record;
  v_id     uuid;
  v_row    record;
  v_next   text;
begin
  if v_user is null then
    raise exception 'Sign in to export your data.' using errcode = 'WZ403';
  end if;
  if after is not null and not exists (select from app_private.personal_tables() t where t.name = v_cursor[1]) then
    raise exception 'after must be the `next` of another page.' using errcode = 'WZ400', detail = '{"field": "after"}';
  end if;
  perform app_private.lock_export(v_user);
  <<page>>
  for v_table in
    select t.*, whole.of_user as whole_of_user
      from app_private.personal_tables() t join app_private.personal_tables() whole on whole.name = t.part_of
     where history is not false or not t.is_history
     order by t.place
  loop
    continue when v_cursor[1] <> v_table.name;
    for v_id in execute format(
      'select id from public.%I where %s and id >= $2 order by id', v_table.part_of, v_table.whole_of_user
    ) using v_user, coalesce(v_cursor[2], '00000000-0000-0000-0000-000000000000')::uuid loop
      for v_row in execute format(
        'select to_json(t)::text as json, %1$s as revision
           from (select * from public.%2$I where %3$I = $1 and %1$s > $2 order by %4$s) t',
        case when v_table.is_history then 'revision' else '0' end, v_table.name, v_table.part_key, v_table.in_order
      ) using v_id, case when v_id = v_cursor[2]::uuid then v_cursor[3]::integer else -1 end loop
        v_rows = v_rows || format('{"table": %s, "row": %s}', to_json(v_table.name), v_row.json);
        v_bytes = v_bytes + octet_length(v_row.json);
        v_steps = v_steps + 1;
        -- The history of one session can be larger than a page.
        if v_table.is_history and v_bytes >= v_most_bytes then
          v_next = concat_ws('/', v_table.name, v_id, v_row.revision);
          exit page;
        end if;
      end loop;
      v_steps = v_steps + 1;
      if v_bytes >= v_most_bytes or v_steps >= v_most_steps then
        v_next = concat_ws('/', v_table.name, v_id, v_end);
        exit page;
      end if;
    end loop;
    -- The following tables start from the beginning.
    v_cursor = null;
  end loop;
  return row(format('[%s]', array_to_string(v_rows, ', ')), v_next)::public.my_data_page;
end;
$$ language plpgsql stable set search_path to pg_catalog, pg_temp set timezone to 'UTC';

revoke all on function public.export_my_data_page(text, boolean) from public, anon, authenticated, service_role;
grant execute on function public.export_my_data_page(text, boolean) to authenticated, service_role;

comment on function public.export_my_data_page(text, boolean) is
  'One result page, about 2 MiB, of everything that is stored about the caller. Start without `after`, then send the `next` of each result page as the `after` of the following one, until it is null. `history: false` leaves out the revisions of the sessions. TIMEOUT while another export of the same user is running.';
comment on type my_data_page is 'A part of the data of a user.';
comment on column my_data_page.rows is
  'A JSON array of objects, each with the name of a `table` and one `row` of it, with times in UTC. It can be empty.';
comment on column my_data_page.next is 'The `after` of the following page; null on the last one.';
--! EndIncluded my-data/export_my_data_page.sql

-- The funnel reads each session once, with parallel workers.
--! Included funnel/count_funnel.sql
-- The numbers of wizard_funnel, in one pass over the sessions. A function of its own, because PostgreSQL uses parallel workers
-- for `return query`, but not for a query whose result is assigned.
create or replace function app_private.count_funnel("from" timestamptz, "to" timestamptz, minimum_cohort integer)
returns setof public.wizard_funnel_stage as $$
begin
  return query
  -- Each session yields up to seven numbers, so one `group by` counts everything, and thousands of values are sorted instead of
  -- millions. Stage * 100,000,000 + seconds is the time at a stage. A number of at most four digits is: new at its stage
  -- (1 or 0), status, last stage, furthest stage (see `fates`).
  with numbers as materialized (
    select n.number, count(*) as sessions
      from (
        select unnest(array[
                 1e8 + s.stage_seconds[1], 2e8 + s.stage_seconds[2], 3e8 + s.stage_seconds[3],
                 4e8 + s.stage_seconds[4], 5e8 + s.stage_seconds[5], 6e8 + s.stage_seconds[6],
                 case when s.stage_seconds[s.stage] is null then 1000 else 0 end
                 + case s.status when 'completed' then 100 when 'abandoned' then 200 else 300 end
                 + 10 * s.stage
                 + greatest(s.stage, case
                     when s.stage_seconds[6] is not null then 6 when s.stage_seconds[5] is not null then 5
                     when s.stage_seconds[4] is not null then 4 when s.stage_seconds[3] is not null then 3
                     when s.stage_seconds[2] is not null then 2 else 1 end)
               ])::integer as number
          from public.wizard_sessions s
         where s.started_at >= count_funnel."from" and s.started_at < count_funnel."to"
      ) n
     where n.number is not null
     group by n.number
  ),
  -- A session that was not saved since it came to its stage has null there, but is there.
  fates as (
    select c.number / 1000 = 1 as is_new_there, c.number / 100 % 10 = 1 as is_completed, c.number / 100 % 10 = 2 as is_abandoned,
           c.number / 10 % 10 as last_stage, c.number % 10 as furthest, c.sessions
      from numbers c
     where c.number < 100000000
  ),
  times as (
    select c.number / 100000000 as stage, c.number % 100000000 as seconds, c.sessions
      from numbers c
     where c.number >= 100000000
  ),
  ranks as (
    select t.stage, t.seconds, sum(t.sessions) over (partition by t.stage order by t.seconds) as up_to,
           sum(t.sessions) over (partition by t.stage) as measured
      from times t
     where t.seconds > 0
  ),
  -- As percentile_cont: interpolates between the two times next to the position.
  percentiles as (
    select p.stage, p.part, round(p.below + (p.above - p.below) * (p.part * (p.measured - 1) % 1))::integer as seconds
      from (
        select r.stage, p.part, r.measured,
               min(r.seconds) filter (where r.up_to > floor(p.part * (r.measured - 1))) as below,
               min(r.seconds) filter (where r.up_to > ceil(p.part * (r.measured - 1))) as above
          from ranks r cross join (values (0.5), (0.9)) p (part)
         where r.measured >= minimum_cohort
         group by r.stage, p.part, r.measured
      ) p
  )
  select n.stage,
         (
           coalesce((select sum(t.sessions) from times t where t.stage = n.stage), 0)
           + coalesce(sum(f.sessions) filter (where f.is_new_there and f.last_stage = n.stage), 0)
         )::integer,
         coalesce(sum(f.sessions) filter (where f.furthest >= n.stage), 0)::integer,
         coalesce(sum(f.sessions) filter (where f.furthest >= n.stage and f.is_completed), 0)::integer,
         coalesce(sum(f.sessions) filter (where f.last_stage = n.stage and f.is_abandoned), 0)::integer,
         coalesce(sum(f.sessions) filter (where f.furthest = n.stage and not f.is_completed), 0)::integer,
         (select p.seconds from percentiles p where p.stage = n.stage and p.part = 0.5),
         (select p.seconds from percentiles p where p.stage = n.stage and p.part = 0.9)
    from generate_series(1, 6) n (stage)
    left join fates f on true
   group by n.stage
   order by n.stage;
end;
$$ language plpgsql stable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.count_funnel(timestamptz, timestamptz, integer)
  from public, anon, authenticated, service_role;
--! EndIncluded funnel/count_funnel.sql
--! Included funnel/wizard_funnel.sql
-- Runs as the owner because its callers can't read sessions. It returns counts, and times only for cohorts that are large
-- enough not to identify a person.
create or replace function public.wizard_funnel("from" timestamptz, "to" timestamptz)
returns public.wizard_funnel_stage[] as $$
declare
  v_from   constant timestamptz := wizard_funnel."from";
  v_to     constant timestamptz := wizard_funnel."to";
  v_longest_span constant interval := '400 days';
  -- Times are returned for at least this many sessions.
  v_minimum_cohort constant integer := 5;
begin
  if v_from is null or v_to is null or v_from >= v_to then
    raise exception '`from` must be before `to`.' using errcode = 'WZ400';
  end if;
  if v_to > v_from + v_longest_span then
    raise exception 'The time from `from` to `to` must be at most %.', v_longest_span using errcode = 'WZ400';
  end if;

  return array(select n from app_private.count_funnel(v_from, v_to, v_minimum_cohort) n order by n.stage);
end;
$$ language plpgsql stable security definer set search_path to pg_catalog, pg_temp;

revoke all on function public.wizard_funnel(timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.wizard_funnel(timestamptz, timestamptz) to service_role;

comment on function public.wizard_funnel(timestamptz, timestamptz) is
  'How far users get in the wizard, stage by stage: the sessions started from `from` and before `to`, at most 400 days. Only for analysts and service_role.';
comment on type wizard_funnel_stage is
  'What happened to the sessions at a stage of the wizard: counts of the sessions of all users.';
comment on column wizard_funnel_stage.stage is 'The number of the stage, from 1.';
comment on column wizard_funnel_stage.started is 'Sessions that were at this stage at least once.';
comment on column wizard_funnel_stage.reached is 'Sessions that were at this stage or a later one at least once.';
comment on column wizard_funnel_stage.completed is 'Those of `reached` that are completed.';
comment on column wizard_funnel_stage.abandoned is 'Sessions that are abandoned and were at this stage when they were.';
comment on column wizard_funnel_stage.drop_off is
  'Sessions that got no further than this stage and are not completed. Some may still continue.';
comment on column wizard_funnel_stage.median_seconds is
  'The median time at this stage in seconds. A break counts as at most half an hour. Null if fewer than five sessions have a time.';
comment on column wizard_funnel_stage.p90_seconds is 'The 90th percentile of the same times.';
--! EndIncluded funnel/wizard_funnel.sql

--! split: 21-profiles-erase.sql
-- Erase any amount of data in batches.
drop function if exists app_private.count_personal_rows(uuid);
drop function if exists app_private.count_personal_rows(uuid, uuid[]);
drop function if exists public.erase_me(uuid);
drop function if exists public.erase_me(uuid, integer);
--! Included profiles/count_personal_rows.sql
-- Counts the user's rows per table, so that erase_me can report what it deleted. With `session_ids`, counts only what belongs
-- to these sessions. The Supabase export leaves this file and erase_me out where the project has its own `profiles`: deleting
-- those is up to the project.
create or replace function app_private.count_personal_rows(user_id uuid, session_ids uuid[] default null) returns jsonb as $$
declare
  v_counts jsonb := '{}';
  v_table  record;
  v_count  bigint;
begin
  for v_table in select * from app_private.personal_tables() loop
    v_count = 0;
    if session_ids is null then
      execute format('select count(*) from public.%I where %s', v_table.name, v_table.of_user) into v_count using user_id;
    elsif v_table.part_of = 'wizard_sessions' then
      execute format('select count(*) from public.%I where %I = any($1)', v_table.name, v_table.part_key)
         into v_count using session_ids;
    end if;
    v_counts = v_counts || jsonb_build_object(v_table.name, v_count);
  end loop;
  return v_counts;
end;
$$ language plpgsql stable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.count_personal_rows(uuid, uuid[]) from public, anon, authenticated, service_role;
--! EndIncluded profiles/count_personal_rows.sql
--! Included profiles/erase_me.sql
-- Runs as the owner because users can't delete profiles. Deletes the caller's profile only.
create or replace function public.erase_me(user_id uuid, at_most integer default null) returns jsonb as $$
declare
  v_user   constant uuid := auth.uid();
  v_ids    uuid[];
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
  if at_most < 1 then
    raise exception 'atMost must be at least 1.' using errcode = 'WZ400', detail = '{"field": "atMost"}';
  end if;
  -- In the order of docs/decisions/0016-lock-order.md, to avoid deadlocks. With the profile locked, no session or event can
  -- be created between counting and deleting.
  perform from public.profiles p where p.id = v_user for update;
  -- Without `at_most`, the comparison is null and everything is erased.
  if (select count(*) from (select from public.wizard_sessions s where s.user_id = v_user limit at_most::bigint + 1) _) > at_most then
    v_ids = array(
      select s.id from public.wizard_sessions s where s.user_id = v_user order by s.id limit at_most for update
    );
    v_before = app_private.count_personal_rows(v_user, v_ids);
    delete from public.wizard_sessions s where s.id = any(v_ids);
    return v_before;
  end if;
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

revoke all on function public.erase_me(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.erase_me(uuid, integer) to authenticated, service_role;

comment on function public.erase_me(uuid, integer) is
  'Permanently deletes everything that is stored about the caller, including completed sessions and published events. `userId` must be the caller''s own id, as a confirmation. Returns the number of deleted rows per table. If the caller has more than `atMost` sessions, deletes only that many of them with their history: repeat the call until all numbers are 0. The caller''s next session or event creates a new profile.';
--! EndIncluded profiles/erase_me.sql

--! split: 30-complete-and-restore.sql
--! Included sessions/missing_answers.sql
-- The answers that a published event always has and that a state lacks, as problems for WZ422; null if there are none. They
-- are those that the schemas in wizard/ require, except for a few that depend on other answers. The schemas check the rest.
create or replace function app_private.missing_answers(state jsonb) returns jsonb as $$
  select jsonb_agg(jsonb_build_object(
           'stage', r.stage, 'pointer', r.pointer, 'code', 'required', 'message', 'This answer is required. Fill it in.'
         ) order by r.stage, r.pointer)
    from (values
           (1, '/basics/title', true),
           (1, '/basics/category', true),
           (1, '/basics/organizerName', true),
           (2, '/schedule/timezone', true),
           (2, '/schedule/startsAt', true),
           (2, '/schedule/endsAt', true),
           (3, '/location/mode', true),
           (3, '/location/venueName', state #>> '{location,mode}' in ('venue', 'hybrid')),
           (3, '/location/address', state #>> '{location,mode}' in ('venue', 'hybrid')),
           (3, '/location/city', state #>> '{location,mode}' in ('venue', 'hybrid')),
           (3, '/location/country', state #>> '{location,mode}' in ('venue', 'hybrid')),
           (3, '/location/joinUrl', state #>> '{location,mode}' in ('online', 'hybrid')),
           (4, '/tickets/tickets', true),
           (5, '/page/description', true),
           (5, '/page/slug', true),
           (6, '/publish/visibility', true),
           (6, '/publish/acceptTerms', true)
         ) r (stage, pointer, is_required)
   cross join lateral (select state #> string_to_array(ltrim(r.pointer, '/'), '/') as value) a
   where r.is_required
     and case r.pointer
           when '/tickets/tickets' then jsonb_typeof(a.value) = 'object' and a.value <> '{}'
           when '/publish/acceptTerms' then a.value = 'true'
           -- A text of spaces is missing. No state has a text longer than this.
           else app_private.is_text(a.value #>> '{}', 256 * 1024, true)
         end is not true
$$ language sql immutable parallel safe set search_path to pg_catalog, pg_temp;

revoke all on function app_private.missing_answers(jsonb) from public, anon, authenticated, service_role;
-- The trigger calls it as the role that writes the row.
grant execute on function app_private.missing_answers(jsonb) to authenticated, service_role;
--! EndIncluded sessions/missing_answers.sql
--! Included sessions/tg_wizard_sessions__check_answers.sql
-- A completed session can't be changed, so a session that lacks required answers is not completed. The owner may: in
-- complete_wizard_session, which runs as the owner, the event's columns have checked answers that are merged with those of
-- the event, and an import may bring sessions that were completed elsewhere.
create or replace function app_private.tg_wizard_sessions__check_answers() returns trigger as $$
declare
  v_owner    constant oid := (select c.relowner from pg_class c where c.oid = TG_RELID);
  v_problems constant jsonb := app_private.missing_answers(NEW.state);
begin
  if v_problems is not null and not pg_has_role(v_owner, 'usage') then
    raise exception 'The session can''t be completed yet: required answers are missing.'
      using errcode = 'WZ422', detail = jsonb_build_object('problems', v_problems);
  end if;
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__check_answers() from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg_wizard_sessions__check_answers.sql
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

create or replace trigger _210_set_title
  before insert or update of state on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__set_title();

create or replace trigger _250_resume
  before update of state, stage on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__resume();

create or replace trigger _300_save
  before update on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__save();

-- After _300_save, which refuses any change of a completed session.
create or replace trigger _350_check_answers
  before insert or update of status on wizard_sessions
  for each row when (NEW.status = 'completed')
  execute function app_private.tg_wizard_sessions__check_answers();

create or replace trigger _400_complete
  before insert or update of status on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__complete();

create or replace trigger _700_bury
  after delete on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__bury();

create or replace trigger update_wizard_session_timestamp
  before update on wizard_sessions
  for each row execute function public.update_wizard_session_timestamp();
--! EndIncluded sessions/triggers.sql
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
  'In progress, completed or abandoned. Only a state without problems can be set to completed; otherwise the error is INCOMPLETE. This locks the session and publishes nothing: use completeWizardSession to publish an event. A completed session can''t be changed. A session that is not saved for a long time is abandoned and later deleted; saving an abandoned session resumes it.';
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
comment on column wizard_sessions.stage_seconds is
  'The working time at each of the six stages in seconds, up to the last save. Null for stages that the session has not left yet. A break counts as 30 minutes at most.';
comment on column wizard_sessions.title is
  'The event''s title in the state, at most 150 characters. Null if there is none, or if it is not text.';
comment on constraint wizard_sessions_definition_version_check on wizard_sessions is
  'The definition version must be at least 1.';
comment on constraint wizard_sessions_stage_check on wizard_sessions is
  'The stage must be a whole number from 1 to 6.';
comment on constraint wizard_sessions_status_check on wizard_sessions is
  'The status must be in_progress, completed or abandoned.';
comment on constraint wizard_sessions_state_check on wizard_sessions is
  'The state must be a JSON object. Send JSON, not a string that contains JSON.';
comment on constraint wizard_sessions_completed_at_check on wizard_sessions is
  'Exactly the completed sessions have a completion time.';
comment on constraint wizard_sessions_user_id_fkey on wizard_sessions is 'The owner''s profile.';
comment on constraint wizard_sessions_event_id_fkey on wizard_sessions is 'The event that this session edits or has published.';
--! EndIncluded sessions/comments.sql

--! split: 40-list-and-quotas.sql
--! Included ids/uuid_v7.sql
-- A UUID of version 7 (RFC 9562): 48 bits of milliseconds since 1970, then 74 random bits. New rows are then next to each
-- other in an index. PostgreSQL has uuidv7() from 18 on only.
create or replace function app_private.uuid_v7() returns uuid as $$
  select encode(
    set_bit(set_bit(
      overlay(
        uuid_send(gen_random_uuid())
        placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6
      ), 52, 1), 53, 1),
    'hex')::uuid
$$ language sql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.uuid_v7() from public, anon, authenticated, service_role;
-- The default of a column runs with the caller's privileges.
grant execute on function app_private.uuid_v7() to authenticated, service_role;
--! EndIncluded ids/uuid_v7.sql

-- A user's sessions, newest first. Saves don't change these columns (docs/decisions/0002-last-saved-index.md).
create index if not exists idx_wizard_sessions_user_started_at on wizard_sessions (user_id, started_at desc);

-- What a user may store: one row, which the operator updates (docs/operations.md). Not for the API roles.
drop table if exists app_private.quotas;
create table app_private.quotas (
  only_row            boolean primary key default true check (only_row),
  unfinished_sessions integer not null default 1000 check (unfinished_sessions >= 0),
  stored_bytes        bigint not null default 512 * 1024 * 1024 check (stored_bytes >= 0),
  page_addresses      integer not null default 1000 check (page_addresses >= 0)
);
insert into app_private.quotas default values;

-- The bytes of each session and its history at its last checkpoint. The key is in the order of what is read most: the sum
-- of a user. There is no foreign key: the rows are not data of the user, and are deleted with the session by a trigger.
drop table if exists app_private.wizard_session_sizes;
create table app_private.wizard_session_sizes (
  user_id    uuid not null,
  session_id uuid not null,
  bytes      bigint not null,
  primary key (user_id, session_id) include (bytes)
);
insert into app_private.wizard_session_sizes (user_id, session_id, bytes)
select s.user_id, s.id, pg_column_size(s.state) + coalesce(r.bytes, 0)
  from wizard_sessions s
  left join (
    select session_id, sum(200 + pg_column_size(patch) + coalesce(pg_column_size(snapshot), 0)) as bytes
      from wizard_session_revisions group by session_id
  ) r on r.session_id = s.id;

--! Included sessions/tg_wizard_sessions__bury.sql
-- Remembers the id of a deleted session for as long as the keys of saves. Runs as the owner because no caller can write the table.
create or replace function app_private.tg_wizard_sessions__bury() returns trigger as $$
begin
  insert into app_private.deleted_wizard_sessions (id, forget_after) values (OLD.id, now() + (app_private.revision_limits()).keys_kept)
  on conflict (id) do update set forget_after = excluded.forget_after;
  delete from app_private.wizard_session_old_keys k where k.session_id = OLD.id;
  delete from app_private.wizard_session_sizes z where z.user_id = OLD.user_id and z.session_id = OLD.id;
  return null;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__bury() from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg_wizard_sessions__bury.sql
--! Included quotas/tg_wizard_sessions__limit_unfinished.sql
-- Refuses a new session if its user has too many unfinished ones. Abandoned sessions count, so that resuming one needs no
-- check. Runs as the owner because no caller can read the quotas or lock a profile.
create or replace function app_private.tg_wizard_sessions__limit_unfinished() returns trigger as $$
declare
  v_limit integer;
  v_used  integer;
begin
  -- The foreign key would lock the event after the profile, while completing holds the event and waits for the profile.
  perform app_private.lock_event(NEW.event_id);
  -- Of two sessions that are started at once, the second waits here and then counts the first. It is the last lock that
  -- starting takes (docs/decisions/0016-lock-order.md), and foreign keys don't wait for it.
  perform from public.profiles p where p.id = NEW.user_id for no key update;
  -- A session that exists is not a new one: `on conflict do nothing` and the primary key decide.
  if exists (select from public.wizard_sessions s where s.id = NEW.id) then
    return NEW;
  end if;
  select q.unfinished_sessions into v_limit from app_private.quotas q;
  select count(*) into v_used from public.wizard_sessions s
   where s.user_id = NEW.user_id and s.status in ('in_progress', 'abandoned');
  if v_used >= v_limit then
    raise exception 'You have % unfinished drafts; the limit is %. Delete drafts that you no longer need, or ask the operator of this site for more.', v_used, v_limit
      using errcode = 'WZ429',
            detail = jsonb_build_object('quota', 'UNFINISHED_SESSIONS', 'limit', v_limit, 'used', v_used);
  end if;
  return NEW;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__limit_unfinished() from public, anon, authenticated, service_role;
--! EndIncluded quotas/tg_wizard_sessions__limit_unfinished.sql
--! Included quotas/tg_wizard_session_revisions__limit_bytes.sql
-- Counts the bytes of a session and its history again, and refuses the revision if its user stores too much. Between two
-- checkpoints only large patches are counted, so most saves don't come here. Runs as the owner because no caller can read
-- or write the sizes.
create or replace function app_private.tg_wizard_session_revisions__limit_bytes() returns trigger as $$
declare
  v_user  uuid;
  v_limit bigint;
  v_used  bigint;
begin
  -- The sizes as stored, and about 200 bytes for the rest of a revision and its index entries.
  insert into app_private.wizard_session_sizes as z (user_id, session_id, bytes)
  select s.user_id, s.id, pg_column_size(s.state) + (
           select sum(200 + pg_column_size(r.patch) + coalesce(pg_column_size(r.snapshot), 0))
             from public.wizard_session_revisions r where r.session_id = s.id
         )
    from public.wizard_sessions s where s.id = NEW.session_id
  on conflict on constraint wizard_session_sizes_pkey do update set bytes = excluded.bytes
  returning z.user_id into v_user;
  -- Only what a user's own saves add is limited: not what a back end or the sweep writes, and not a change of the status alone,
  -- such as completing.
  if v_user = auth.uid() and (NEW.patch <> '{}' or NEW.revision = 0) then
    select q.stored_bytes into v_limit from app_private.quotas q;
    select sum(z.bytes) into v_used from app_private.wizard_session_sizes z where z.user_id = v_user;
    if v_used > v_limit then
      raise exception 'Your drafts and their history take % MB; the limit is % MB. Delete drafts that you no longer need, or ask the operator of this site for more.',
        round(v_used / 1e6, 1), round(v_limit / 1e6, 1)
        using errcode = 'WZ429', detail = jsonb_build_object('quota', 'STORED_BYTES', 'limit', v_limit, 'used', v_used);
    end if;
  end if;
  return null;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_session_revisions__limit_bytes()
  from public, anon, authenticated, service_role;
--! EndIncluded quotas/tg_wizard_session_revisions__limit_bytes.sql
--! Included quotas/tg_wizard_session_revisions__free_bytes.sql
-- Subtracts the bytes of revisions that are no longer kept. They are older than a checkpoint, so they were counted.
create or replace function app_private.tg_wizard_session_revisions__free_bytes() returns trigger as $$
begin
  update app_private.wizard_session_sizes z set bytes = z.bytes - g.bytes
    from (
      select session_id, sum(200 + pg_column_size(patch) + coalesce(pg_column_size(snapshot), 0)) as bytes
        from gone group by session_id
    ) g
    -- A session that is being deleted is gone already: its size is deleted with it.
    join public.wizard_sessions s on s.id = g.session_id
   where z.user_id = s.user_id and z.session_id = s.id;
  return null;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_session_revisions__free_bytes()
  from public, anon, authenticated, service_role;
--! EndIncluded quotas/tg_wizard_session_revisions__free_bytes.sql
--! Included quotas/triggers.sql
-- The quotas apply to what users do with their own token.
create or replace trigger _130_limit_unfinished
  before insert on wizard_sessions
  for each row when (NEW.user_id = auth.uid() and NEW.status <> 'completed')
  execute function app_private.tg_wizard_sessions__limit_unfinished();

create or replace trigger _200_limit_bytes
  after insert on wizard_session_revisions
  for each row when (NEW.snapshot is not null or pg_column_size(NEW.patch) > 8192)
  execute function app_private.tg_wizard_session_revisions__limit_bytes();

create or replace trigger _200_free_bytes
  after delete on wizard_session_revisions
  referencing old table as gone
  for each statement execute function app_private.tg_wizard_session_revisions__free_bytes();
--! EndIncluded quotas/triggers.sql

--! split: 41-events-addresses.sql
alter table events alter column id set default app_private.uuid_v7();

-- Only an event with an event page needs its address for itself.
alter table events drop constraint if exists events_slug_key;
drop index if exists events_slug_key;
create unique index events_slug_key on events (slug) where status = 'published' and visibility in ('public', 'unlisted');
--! Included events/tg_events__limit_addresses.sql
-- Refuses to publish one more event with a page address if its owner has too many. Runs as the owner because no caller can
-- read the quotas or lock a profile.
create or replace function app_private.tg_events__limit_addresses() returns trigger as $$
declare
  v_limit integer;
  v_used  integer;
  v_has_address boolean;
begin
  -- As in tg_wizard_sessions__limit_unfinished: the second of two waits, and counts the first.
  perform from public.profiles p where p.id = NEW.owner_id for no key update;
  select count(*), bool_or(e.id = NEW.id) into v_used, v_has_address from public.events e
   where e.owner_id = NEW.owner_id and e.status = 'published' and e.visibility in ('public', 'unlisted');
  select q.page_addresses into v_limit from app_private.quotas q;
  -- An event that is published again keeps its place.
  if v_used >= v_limit and v_has_address is not true then
    raise exception 'You have % published events with a page address; the limit is %. Unpublish events that are over, or ask the operator of this site for more.', v_used, v_limit
      using errcode = 'WZ429', detail = jsonb_build_object('quota', 'PAGE_ADDRESSES', 'limit', v_limit, 'used', v_used);
  end if;
  return NEW;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_events__limit_addresses() from public, anon, authenticated, service_role;
--! EndIncluded events/tg_events__limit_addresses.sql
--! Included events/triggers.sql
create or replace trigger _100_ensure_profile
  before insert on events
  for each row when (NEW.owner_id = auth.uid())
  execute function app_private.tg__ensure_profile();

-- Not for the deletion of a profile, which runs inside the foreign key's trigger.
create or replace trigger _200_keep_published
  before delete on events
  for each row when (OLD.status = 'published' and pg_trigger_depth() = 0)
  execute function app_private.tg_events__keep_published();

create or replace trigger _250_limit_addresses
  before insert or update of status, visibility on events
  for each row when (
    NEW.owner_id = auth.uid() and NEW.status = 'published' and NEW.visibility in ('public', 'unlisted')
  )
  execute function app_private.tg_events__limit_addresses();

create or replace trigger _300_save
  before update on events
  for each row execute function app_private.tg_events__save();

create or replace trigger _600_check_sales
  after update of ends_at on events
  for each row when (NEW.ends_at is distinct from OLD.ends_at)
  execute function app_private.tg_events__check_sales('id');

create or replace trigger _600_check_sales
  after insert or update of sales_end on event_tickets
  for each row when (NEW.sales_end is not null)
  execute function app_private.tg_events__check_sales('event_id');

create or replace trigger _700_part_insert
  after insert on event_tickets referencing new table as changed
  for each statement execute function app_private.tg_events__part_changed();

create or replace trigger _700_part_update
  after update on event_tickets referencing new table as changed
  for each statement execute function app_private.tg_events__part_changed();

create or replace trigger _700_part_delete
  after delete on event_tickets referencing old table as changed
  for each statement execute function app_private.tg_events__part_changed();

create or replace trigger _700_part_insert
  after insert on event_private_details referencing new table as changed
  for each statement execute function app_private.tg_events__part_changed();

create or replace trigger _700_part_update
  after update on event_private_details referencing new table as changed
  for each statement execute function app_private.tg_events__part_changed();

create or replace trigger _700_part_delete
  after delete on event_private_details referencing old table as changed
  for each statement execute function app_private.tg_events__part_changed();
--! EndIncluded events/triggers.sql
--! Included events/write_event.sql
-- Writes checked answers as a published event, creating it if `event_id` is null, and returns its id. Columns that have no
-- answer become null. The table's constraints apply. A cancelled event can't be published again.
create or replace function app_private.write_event(event_id uuid, owner_id uuid, answers jsonb) returns uuid as $$
declare
  v_id      constant uuid := coalesce(write_event.event_id, app_private.uuid_v7());
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
         (event_id, key, name, kind, price_minor, quantity, max_per_order, sales_start, sales_end, position)
  select v_id, given.key, a.name, a.kind, a."priceMinor", a.quantity, a."maxPerOrder", a."salesStart", a."salesEnd",
         row_number() over (order by a.position, given.ordinality)
    from jsonb_each(answers -> 'tickets' -> 'tickets') with ordinality given
   cross join jsonb_to_record(given.value) a (
           name text, kind text, "priceMinor" bigint, quantity integer, "maxPerOrder" integer,
           "salesStart" timestamptz, "salesEnd" timestamptz, position integer
         );

  -- Rules across tables, which check constraints can't express.
  if answers -> 'publish' -> 'acceptTerms' is distinct from 'true' then
    raise exception 'Accept the terms to publish the event.' using errcode = 'WZ400', detail = '{"field": "acceptTerms"}';
  elsif answers -> 'location' ->> 'mode' <> 'venue' and answers -> 'location' ->> 'joinUrl' is null then
    raise exception 'An online event needs a join link.' using errcode = 'WZ400', detail = '{"field": "joinUrl"}';
  elsif not exists (select from public.event_tickets t where t.event_id = v_id) then
    raise exception 'An event needs at least one ticket.' using errcode = 'WZ400', detail = '{"field": "tickets"}';
  elsif answers -> 'tickets' ->> 'currency' is null
    and exists (select from public.event_tickets t where t.event_id = v_id and t.kind <> 'free') then
    raise exception 'An event with a ticket that costs something needs a currency.'
      using errcode = 'WZ400', detail = '{"field": "currency"}';
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
comment on column events.currency is 'Currency of all prices, ISO 4217; null if every ticket is free.';
comment on column events.description is 'The description in Markdown, at most 50,000 characters.';
comment on column events.slug is
  'The last part of the event page''s URL: 3 to 60 lowercase letters, digits and hyphens. Unique among published public and unlisted events; others have no event page.';
comment on column events.cover_image_url is 'The https URL of the cover image.';
comment on column events.cover_image_alt is 'The alternative text of the cover image.';
comment on column events.accent is 'The color of buttons and links on the event page, as `#rrggbb`.';
comment on column events.support_email is 'The contact address shown on the event page.';
comment on column events.visibility is
  'Public: listed for everyone. Unlisted: visible to those who know the slug. Private: visible to the owner only.';
comment on column events.publish_at is 'When the event becomes visible to others; null means at once.';
comment on column events.refund_policy is 'One of the wizard''s refund policies.';
comment on column events.revision is
  'Increases with every change of the event, its tickets or its private details. In a patch, send the revision that you read: if the event was changed since, the update fails with REVISION_CONFLICT. Without it, the update overwrites any revision.';
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
comment on index events_slug_key is
  'Only publishing reserves a page address. Drafts, cancelled and private events reserve and reveal none.';
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
  'A published event needs a category, organizer, times, mode, description, page address and visibility.';
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
comment on column event_tickets.position is 'The place in the organizer''s order, starting at 1.';
comment on constraint event_tickets_position_check on event_tickets is 'The position must be at least 1.';
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
