-- What stands between a merged state and the saves after `base`: each path that it would change and that one of them
-- has written, or written above or below, with the value at the base, the new one and the present one. Where the
-- saves since are not all kept, every change is one.
create or replace function app_private.save_conflicts(session wizard_sessions, base integer, merged jsonb)
returns jsonb as $$
declare
  -- Only what would change now can be in the way: writing the value that is there is no conflict.
  v_change constant jsonb := app_private.json_merge_diff(session.state, merged);
  v_kept   integer;
  v_state  jsonb;
begin
  if v_change = '{}' then
    return '[]';
  end if;
  select count(*) into v_kept from wizard_session_revisions r
   where r.session_id = session.id and r.revision > base and r.revision <= session.revision;
  if exists (select from wizard_session_revisions r where r.session_id = session.id and r.revision = base) then
    select at.state into v_state from wizard_session_at(session.id, base) at;
  end if;
  return (
    select coalesce(
             jsonb_agg(
               jsonb_build_object(
                 'pointer', app_private.json_pointer(path),
                 'base', app_private.json_at(v_state, path),
                 'yours', app_private.json_at(merged, path),
                 'theirs', app_private.json_at(session.state, path)
               )
               order by path
             ),
             '[]'
           )
      from (
        select p.path from app_private.json_merge_paths(v_change) p where v_kept < session.revision - base
        union
        select o.path
          from wizard_session_revisions r cross join app_private.json_merge_overlap(v_change, r.patch) o (path)
         where r.session_id = session.id and r.revision > base and v_kept = session.revision - base
      ) conflict
  );
end;
$$ language plpgsql stable set search_path to public, pg_temp;

-- Puts a merge patch onto the state of a session, for a client that may have missed other saves. Who may do that,
-- and what a state may be, is said by the table's policies, grants and triggers: this runs as its caller.
drop function if exists public.save_wizard_session(uuid, uuid, integer, jsonb, integer);
create function public.save_wizard_session(
  id uuid, save_id uuid, base_revision integer, patch jsonb, stage integer default null,
  out outcome text, out wizard_session wizard_sessions, out conflicts jsonb
) as $$
declare
  -- The parameters' names are columns' names too.
  v_id      constant uuid := save_wizard_session.id;
  v_save_id constant uuid := save_wizard_session.save_id;
  v_base    constant integer := save_wizard_session.base_revision;
  v_session wizard_sessions;
  v_merged  jsonb;
begin
  if v_id is null or v_save_id is null or v_base is null or patch is null then
    raise exception 'A save needs an id, a save id, a base revision and a patch.'
      using errcode = '23502', column = case
        when v_id is null then 'id' when v_save_id is null then 'save_id'
        when v_base is null then 'base_revision' else 'patch' end;
  end if;

  -- Whoever comes second waits here, and then sees what the first one has written.
  select * into v_session from wizard_sessions s where s.id = v_id for update;
  if not found then
    raise exception 'There is no such session, or it is not yours.' using errcode = 'WZ404';
  end if;
  save_wizard_session.conflicts = '[]';

  -- Before everything else: the answer to a save that went through must not depend on what happened since.
  if exists (
    select from wizard_session_revisions r where r.session_id = v_id and r.save_id = v_save_id
  ) then
    save_wizard_session.outcome = 'DUPLICATE';
    save_wizard_session.wizard_session = v_session;
    return;
  end if;

  if jsonb_typeof(patch) <> 'object' then
    raise exception 'a patch is a JSON object, not %', jsonb_typeof(patch) using errcode = '22023';
  end if;
  -- Refused by the rule for states, before anything climbs down into it.
  if jsonb_path_exists(patch, '$.**{100 to last}') then
    raise exception 'The patch is nested too deeply.'
      using errcode = '23514', constraint = 'wizard_sessions_state_depth_check';
  end if;
  if v_base < 0 or v_base > v_session.revision then
    raise exception 'there is no revision % to build upon, the session is at %', v_base, v_session.revision
      using errcode = '22023';
  end if;

  v_merged = app_private.json_merge_patch(v_session.state, patch);
  save_wizard_session.outcome = 'SAVED';
  -- A completed session goes on to the update, whose trigger refuses it: nobody is asked to settle a conflict in vain.
  if v_base < v_session.revision and v_session.status <> 'completed' then
    save_wizard_session.outcome = 'MERGED';
    save_wizard_session.conflicts = app_private.save_conflicts(v_session, v_base, v_merged);
    if conflicts <> '[]' then
      save_wizard_session.outcome = 'CONFLICT';
      save_wizard_session.wizard_session = v_session;
      return;
    end if;
  end if;

  update wizard_sessions s
     set state = v_merged,
         stage = coalesce(save_wizard_session.stage, s.stage),
         -- Whoever goes on with an abandoned session has taken it up again.
         status = case s.status when 'abandoned' then 'in_progress' else s.status end,
         last_save_id = v_save_id
   where s.id = v_id
  returning * into v_session;
  save_wizard_session.wizard_session = v_session;
end;
$$ language plpgsql volatile set search_path to public, pg_temp;

-- Writes the state of an earlier revision as a new one. Nothing that was saved in between is lost by it.
create or replace function public.restore_wizard_session(id uuid, revision integer) returns wizard_sessions as $$
declare
  v_id       constant uuid := restore_wizard_session.id;
  v_session  wizard_sessions;
  v_restored record;
begin
  select * into v_session from wizard_sessions s where s.id = v_id for update;
  if not found then
    raise exception 'There is no such session, or it is not yours.' using errcode = 'WZ404';
  end if;
  select * into v_restored from wizard_session_at(v_id, restore_wizard_session.revision);
  update wizard_sessions s
     set state = v_restored.state, stage = v_restored.stage,
         status = case s.status when 'abandoned' then 'in_progress' else s.status end
   where s.id = v_id
  returning * into v_session;
  return v_session;
end;
$$ language plpgsql volatile set search_path to public, pg_temp;

-- Begins a session under an id that the client has made, or finds the one that it began before.
create or replace function public.start_wizard_session(id uuid, event_id uuid default null)
returns wizard_sessions as $$
declare
  v_id      constant uuid := start_wizard_session.id;
  v_session wizard_sessions;
begin
  if v_id is null then
    raise exception 'A session needs an id.' using errcode = '23502', column = 'id';
  end if;
  -- Of two calls at once the second waits for the first to commit, and inserts nothing.
  insert into wizard_sessions (id, event_id) values (v_id, start_wizard_session.event_id)
  on conflict on constraint wizard_sessions_pkey do nothing;
  select * into v_session from wizard_sessions s where s.id = v_id;
  if not found then
    -- Somebody else's. That it is there is more than the caller should know, so nothing more is said.
    raise exception 'There is no such session, or it is not yours.' using errcode = 'WZ404';
  end if;
  return v_session;
end;
$$ language plpgsql volatile set search_path to public, pg_temp;

revoke all on function
  app_private.save_conflicts(wizard_sessions, integer, jsonb),
  public.save_wizard_session(uuid, uuid, integer, jsonb, integer),
  public.restore_wizard_session(uuid, integer),
  public.start_wizard_session(uuid, uuid)
from public, anon, authenticated, service_role;
grant execute on function
  app_private.save_conflicts(wizard_sessions, integer, jsonb),
  public.save_wizard_session(uuid, uuid, integer, jsonb, integer),
  public.restore_wizard_session(uuid, integer),
  public.start_wizard_session(uuid, uuid)
to authenticated, service_role;

comment on function public.save_wizard_session(uuid, uuid, integer, jsonb, integer) is
  E'@behavior -*\nSaves a merge patch (RFC 7396) onto the state of a session. A save onto an older revision is merged where it writes other paths than the saves since; otherwise nothing is written and the outcome is CONFLICT. The same `saveId` again writes nothing.';
comment on function public.restore_wizard_session(uuid, integer) is
  E'@resultFieldName wizardSession\nSaves the state and the stage of an earlier revision as a new one. Refused with NOT_FOUND when that revision is not kept.';
comment on function public.start_wizard_session(uuid, uuid) is
  E'@resultFieldName wizardSession\nBegins a session under an id that the client makes. Called again with that id it gives the same session, as it is now.';
