-- Merge patches, as RFC 7396 has them: an object says what changes, null what goes, anything else is put in place.
-- Only what the patch touches is taken apart. json_object_agg, since jsonb's own takes ten times as long over objects.
create or replace function app_private.json_merge_patch(target jsonb, patch jsonb) returns jsonb as $$
begin
  if jsonb_typeof(patch) <> 'object' then
    return patch;
  elsif jsonb_typeof(target) is distinct from 'object' then
    target = '{}';
  end if;
  return (
    select target - coalesce(array_agg(key) filter (where value = 'null'), '{}')
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

-- The patch that makes `new` of `old`, both objects. A null that `new` holds can't be said in a merge patch: it reads
-- as «goes». Whoever needs the exact value has to look whether the patch does give it.
create or replace function app_private.json_merge_diff(old jsonb, new jsonb) returns jsonb as $$
begin
  return (
    select coalesce(
             json_object_agg(
               key,
               case when jsonb_typeof(o.value) = 'object' and jsonb_typeof(n.value) = 'object'
                    then app_private.json_merge_diff(o.value, n.value)
                    else coalesce(n.value, 'null') end
             ),
             '{}'
           )::jsonb
      from jsonb_each(old) o full join jsonb_each(new) n using (key)
     where o.value is distinct from n.value
  );
end;
$$ language plpgsql immutable set search_path to pg_catalog, pg_temp;

-- What a patch writes: the paths at which it puts a value (or null, which removes one). An object that is not empty
-- is a way to what is written, and not written itself.
create or replace function app_private.json_merge_paths(patch jsonb) returns table (path text[], value jsonb) as $$
  with recursive node (path, value) as (
    select array[key], value from jsonb_each(patch)
    union all
    select node.path || member.key, member.value
      from node
     cross join jsonb_each(case when jsonb_typeof(node.value) = 'object' then node.value else '{}' end) member
  )
  select path, value from node where jsonb_typeof(value) <> 'object' or value = '{}'
$$ language sql immutable set search_path to pg_catalog, pg_temp;

-- The paths that `yours` writes and that `theirs` writes too, or writes above or below. Both trees are walked together:
-- comparing each path with each would let two wide patches cost a minute.
create or replace function app_private.json_merge_overlap(yours jsonb, theirs jsonb) returns setof text[] as $$
  with recursive common (path, yours, theirs, goes_on) as (
    select array[key], y.value, t.value,
           jsonb_typeof(y.value) = 'object' and jsonb_typeof(t.value) = 'object' and y.value <> '{}' and t.value <> '{}'
      from jsonb_each(yours) y join jsonb_each(theirs) t using (key)
    union all
    select c.path || y.key, y.value, t.value,
           jsonb_typeof(y.value) = 'object' and jsonb_typeof(t.value) = 'object' and y.value <> '{}' and t.value <> '{}'
      from common c
     cross join jsonb_each(case when c.goes_on then c.yours else '{}' end) y
      join jsonb_each(case when c.goes_on then c.theirs else '{}' end) t on t.key = y.key
  )
  select c.path from common c
   where not c.goes_on and (jsonb_typeof(c.yours) <> 'object' or c.yours = '{}')
  union all
  select c.path || below.path from common c cross join app_private.json_merge_paths(c.yours) below
   where not c.goes_on and jsonb_typeof(c.yours) = 'object'
$$ language sql immutable set search_path to pg_catalog, pg_temp;

-- The value at a path through objects alone. PostgreSQL's own #> would take a key such as "0" for a place in an array.
create or replace function app_private.json_at(target jsonb, path text[]) returns jsonb as $$
declare
  v_key text;
begin
  foreach v_key in array path loop
    target = target -> v_key;
  end loop;
  return target;
end;
$$ language plpgsql immutable set search_path to pg_catalog, pg_temp;

-- A path as a JSON pointer (RFC 6901).
create or replace function app_private.json_pointer(path text[]) returns text as $$
  select coalesce(string_agg('/' || replace(replace(key, '~', '~0'), '/', '~1'), '' order by place), '')
    from unnest(path) with ordinality as keys (key, place)
$$ language sql immutable set search_path to pg_catalog, pg_temp;

revoke all on function
  app_private.json_merge_patch(jsonb, jsonb),
  app_private.json_merge_diff(jsonb, jsonb),
  app_private.json_merge_paths(jsonb),
  app_private.json_merge_overlap(jsonb, jsonb),
  app_private.json_at(jsonb, text[]),
  app_private.json_pointer(text[])
from public, anon, authenticated, service_role;
-- Saving and reading back run as the caller. These look at nothing but what they are given.
grant execute on function
  app_private.json_merge_patch(jsonb, jsonb),
  app_private.json_merge_diff(jsonb, jsonb),
  app_private.json_merge_paths(jsonb),
  app_private.json_merge_overlap(jsonb, jsonb),
  app_private.json_at(jsonb, text[]),
  app_private.json_pointer(text[])
to authenticated, service_role;

drop table if exists wizard_session_revisions cascade;
create table wizard_session_revisions (
  session_id uuid not null references wizard_sessions (id) on delete cascade,
  revision   integer not null,
  save_id    uuid,
  stage      integer not null,
  status     text not null,
  patch      jsonb not null,
  snapshot   jsonb,
  size       integer not null,
  saved_at   timestamptz not null,
  primary key (session_id, revision),
  constraint wizard_session_revisions_status_check check (status in ('in_progress', 'completed', 'abandoned')),
  -- No key is applied twice, even where a writer goes past the function that looks for it.
  constraint wizard_session_revisions_save_id_key unique (session_id, save_id)
);

-- What was saved belongs to whom the session belongs to. The owner is looked up, not copied: a page of revisions is
-- of one session, and a copy would be written with every save.
alter table wizard_session_revisions enable row level security;
create policy wizard_session_revisions_policy on wizard_session_revisions for select to authenticated
  using (
    exists (
      select from wizard_sessions s
       where s.id = wizard_session_revisions.session_id and s.user_id = (select auth.uid())
    )
  );

revoke all on wizard_session_revisions from public, anon, authenticated, service_role;
-- To be read only: history that its subject can edit proves nothing. The triggers below write it, as its owner.
grant select on wizard_session_revisions to authenticated, service_role;

-- How much is kept. The three numbers stand here and nowhere else.
create or replace function app_private.revision_limits(
  out checkpoint_every integer, out always_kept integer, out checkpoints_kept integer
) as $$
  select 50, 200, 40
$$ language sql immutable set search_path to pg_catalog, pg_temp;

-- Leaves at least the last `always_kept` revisions, back to a checkpoint; of what is older only the latest
-- `checkpoints_kept` checkpoints, and the beginning. Each revision that is left can be rebuilt: it is a checkpoint, or
-- nothing is missing between it and the checkpoint before it.
create or replace function app_private.prune_wizard_session_revisions(session_id uuid, revision integer) returns void as $$
declare
  v_limits record;
  v_from   integer;
begin
  select * into v_limits from app_private.revision_limits();
  select max(r.revision) into v_from
    from public.wizard_session_revisions r
   where r.session_id = prune_wizard_session_revisions.session_id and r.snapshot is not null
     and r.revision <= prune_wizard_session_revisions.revision - v_limits.always_kept;
  delete from public.wizard_session_revisions r
   where r.session_id = prune_wizard_session_revisions.session_id and r.revision < v_from and r.revision > 0
     and r.revision not in (
       select k.revision
         from public.wizard_session_revisions k
        where k.session_id = prune_wizard_session_revisions.session_id and k.snapshot is not null and k.revision < v_from
        order by k.revision desc
        limit v_limits.checkpoints_kept
     );
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

-- Every write of a session becomes a revision, whichever door it came through. It runs as the owner: no caller may
-- write these rows.
create or replace function app_private.tg_wizard_sessions__record() returns trigger as $$
declare
  v_every constant integer := (select checkpoint_every from app_private.revision_limits());
  v_text  constant text := NEW.state::text;
  v_patch jsonb;
  v_checkpoint boolean;
begin
  if TG_OP = 'INSERT' then
    v_patch = NEW.state;
    v_checkpoint = true;
  else
    v_patch = app_private.json_merge_diff(OLD.state, NEW.state);
    v_checkpoint = NEW.stage <> OLD.stage or NEW.status <> OLD.status or NEW.revision % v_every = 0
      -- Text, since 1.0 and 1.00 are one value to jsonb: what is rebuilt has to be what was stored, to the letter.
      or app_private.json_merge_patch(OLD.state, v_patch)::text <> v_text
      -- A session that came past the triggers has no history to build upon.
      or not exists (
        select from public.wizard_session_revisions r where r.session_id = NEW.id and r.revision = NEW.revision - 1
      );
  end if;
  insert into public.wizard_session_revisions
    (session_id, revision, save_id, stage, status, patch, snapshot, size, saved_at)
  values
    (NEW.id, NEW.revision, NEW.last_save_id, NEW.stage, NEW.status, v_patch,
     case when v_checkpoint then NEW.state end, octet_length(v_text), NEW.last_saved_at);
  if NEW.revision % v_every = 0 then
    perform app_private.prune_wizard_session_revisions(NEW.id, NEW.revision);
  end if;
  return null;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;
create trigger _500_record_start
  after insert on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__record();
-- Where the revision stays, nothing was saved: that is the foreign key's own `set null` when an event is deleted.
create trigger _510_record_save
  after update on wizard_sessions
  for each row when (NEW.revision <> OLD.revision)
  execute function app_private.tg_wizard_sessions__record();

revoke all on function
  app_private.revision_limits(),
  app_private.prune_wizard_session_revisions(uuid, integer),
  app_private.tg_wizard_sessions__record()
from public, anon, authenticated, service_role;

-- The state as that revision left it: the checkpoint before it, and the patches since. It reads as the caller.
create or replace function public.wizard_session_at(
  id uuid, inout revision integer, out stage integer, out state jsonb, out saved_at timestamptz
) as $$
declare
  v_id     constant uuid := wizard_session_at.id;
  v_target wizard_session_revisions;
  v_step   record;
begin
  select * into v_target from wizard_session_revisions r
   where r.session_id = v_id and r.revision = wizard_session_at.revision;
  if not found then
    if exists (select from wizard_sessions s where s.id = v_id) then
      raise exception 'Revision % of this session is not kept, or never was.', wizard_session_at.revision
        using errcode = 'WZ404';
    end if;
    raise exception 'There is no such session, or it is not yours.' using errcode = 'WZ404';
  end if;
  for v_step in
    select r.patch, r.snapshot from wizard_session_revisions r
     where r.session_id = v_id and r.revision <= v_target.revision and r.revision >= (
       select max(c.revision) from wizard_session_revisions c
        where c.session_id = v_id and c.revision <= v_target.revision and c.snapshot is not null
     )
     order by r.revision
  loop
    wizard_session_at.state = coalesce(
      v_step.snapshot, app_private.json_merge_patch(wizard_session_at.state, v_step.patch)
    );
  end loop;
  wizard_session_at.stage = v_target.stage;
  wizard_session_at.saved_at = v_target.saved_at;
end;
$$ language plpgsql stable set search_path to public, pg_temp;
revoke all on function public.wizard_session_at(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.wizard_session_at(uuid, integer) to authenticated, service_role;

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

comment on table wizard_session_revisions is
  E'@behavior -query:resource:single -query:resource:list -query:resource:connection -aggregates -resource:aggregates -filter -filterBy -orderBy -condition:attribute:filterBy\nOne save of a session: when it was, where its user was, and what it changed. Older ones are thinned out.';
comment on column wizard_session_revisions.session_id is E'@behavior -*\nThe session that was saved.';
comment on column wizard_session_revisions.revision is 'The session''s revision that this save made, from 0.';
comment on column wizard_session_revisions.save_id is
  E'@behavior -attribute:orderBy\nThe key that the save was sent with; null where it had none.';
comment on column wizard_session_revisions.stage is 'The stage that the user was at.';
comment on column wizard_session_revisions.status is 'In progress, completed or abandoned, as the save left it.';
comment on column wizard_session_revisions.patch is
  E'@behavior -*\nThe merge patch that makes this revision''s state of the one before.';
comment on column wizard_session_revisions.snapshot is
  E'@behavior -*\nThe whole state, at checkpoints; null at every other revision.';
comment on column wizard_session_revisions.size is 'How many bytes the whole state had as JSON text.';
comment on column wizard_session_revisions.saved_at is 'When the save was written.';
comment on constraint wizard_session_revisions_status_check on wizard_session_revisions is
  'A session is in progress, completed or abandoned.';
comment on constraint wizard_session_revisions_session_id_fkey on wizard_session_revisions is
  E'@fieldName session\n@foreignFieldName revisions\n@behavior -singularRelation:resource:single\nA revision is one of a session.';
comment on function public.wizard_session_at(uuid, integer) is
  E'@behavior -*\nThe state of a session as one of its kept revisions left it. Refused with NOT_FOUND when there is no such session or revision.';
comment on function public.wizard_session_revisions_changed_paths(wizard_session_revisions) is
  E'@notNull\nThe paths that this save changed, as JSON pointers into the state.';
