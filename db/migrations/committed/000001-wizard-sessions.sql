--! Previous: -
--! Hash: sha1:ce6ab5b77a58064700c1c27e0238d9bc4f05c9cf
--! Message: wizard sessions

--! split: 050-app-private.sql
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

--! split: 100-auth.sql
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

--! split: 110-profiles.sql
-- PostgreSQL 15 gives nobody `create` in public, older upgrades do: state it either way.
revoke create on schema public from public;
grant usage on schema public to anon, authenticated, service_role;

drop table if exists profiles cascade;
create table profiles (
  id           uuid primary key,
  display_name text,
  created_at   timestamptz not null default now(),
  constraint profiles_display_name_check check (char_length(display_name) between 1 and 100)
);

alter table profiles enable row level security;
create policy profiles_policy on profiles for all to authenticated
  using (id = (select auth.uid())) with check (id = (select auth.uid()));

revoke all on profiles from public, anon, authenticated, service_role;
-- No insert for users: the profile is made with the first row that they own. No delete: it would take every
-- session along without a word.
grant select, update (display_name) on profiles to authenticated;
grant select, insert (id, display_name), update (display_name), delete on profiles to service_role;

comment on table profiles is
  E'@behavior -insert -delete\nA person who creates events. Made by the database with the first session or event that the person owns.';
comment on column profiles.id is 'The user''s id, as in the token''s claim `sub`.';
comment on column profiles.display_name is 'The name to show, 1 to 100 characters, or null.';
comment on column profiles.created_at is 'When the profile was made.';
comment on constraint profiles_display_name_check on profiles is 'A display name has 1 to 100 characters.';

--! split: 120-events.sql
drop table if exists events cascade;
create table events (
  id         uuid primary key default gen_random_uuid(),
  owner_id   uuid not null default auth.uid() references profiles (id) on delete cascade,
  title      text not null,
  status     text not null default 'draft',
  starts_at  timestamptz,
  ends_at    timestamptz,
  created_at timestamptz not null default now(),
  constraint events_title_check check (char_length(title) between 1 and 150),
  constraint events_status_check check (status in ('draft', 'published', 'cancelled')),
  constraint events_ends_at_check check (ends_at > starts_at)
);

-- One index serves both the foreign key and the policy.
create index idx_events_owner_id on events (owner_id);

alter table events enable row level security;
create policy events_policy on events for all to authenticated
  using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));

revoke all on events from public, anon, authenticated, service_role;
-- No `status`: publishing and cancelling are steps with rules of their own, not a value to be typed in.
-- `owner_id` can be given on insert, where the policy checks it, and never changed.
grant select, delete, insert (id, owner_id, title, starts_at, ends_at), update (title, starts_at, ends_at)
  on events to authenticated, service_role;

create trigger _100_ensure_profile
  before insert on events
  for each row when (NEW.owner_id = auth.uid())
  execute function app_private.tg__ensure_profile();

comment on table events is 'An event, as it was entered or as the wizard has written it.';
comment on column events.id is 'Made by the database, or by the client before it sends the event.';
comment on column events.owner_id is
  E'@behavior +orderBy +filterBy\nWhose event this is: the caller, unless a service says otherwise.';
comment on column events.title is E'@behavior +orderBy +filterBy\nThe title, 1 to 150 characters.';
comment on column events.status is
  E'@behavior +orderBy +filterBy\nDraft, published or cancelled.';
comment on column events.starts_at is E'@behavior +orderBy +filterBy\nWhen it begins.';
comment on column events.ends_at is E'@behavior +orderBy +filterBy\nWhen it ends; later than `startsAt`.';
comment on column events.created_at is E'@behavior +orderBy +filterBy\nWhen the event was first written.';
comment on constraint events_title_check on events is 'A title has 1 to 150 characters.';
comment on constraint events_status_check on events is 'An event is draft, published or cancelled.';
comment on constraint events_ends_at_check on events is 'An event ends after it starts.';
comment on constraint events_owner_id_fkey on events is
  E'@fieldName owner\n@foreignFieldName events\nAn event belongs to a profile.';

--! split: 200-wizard-sessions.sql
drop table if exists wizard_sessions cascade;
create table wizard_sessions (
  id            uuid primary key default gen_random_uuid(),
  user_id       uuid not null default auth.uid() references profiles (id) on delete cascade,
  event_id      uuid references events (id) on delete set null,
  stage         integer not null default 1,
  status        text not null default 'in_progress',
  state         jsonb not null default '{}',
  started_at    timestamptz not null default now(),
  last_saved_at timestamptz not null default now(),
  completed_at  timestamptz,
  revision      integer not null default 0,
  last_save_id  uuid,
  constraint wizard_sessions_stage_check check (stage >= 1 and stage <= 6),
  constraint wizard_sessions_status_check check (status in ('in_progress', 'completed', 'abandoned')),
  constraint wizard_sessions_state_check check (jsonb_typeof(state) = 'object'),
  -- What can be written has to be readable: JSON of some thousand levels can't be sent to anybody again.
  constraint wizard_sessions_state_depth_check check (not jsonb_path_exists(state, '$.**{100 to last}')),
  constraint wizard_sessions_completed_at_check check ((status = 'completed') = (completed_at is not null))
)
-- Room on each page for a row's next version: with it, and with no B-tree on what every save changes, nine saves of ten
-- leave the indexes alone. docs/decisions/0002-last-saved-index.md has the figures.
with (fillfactor = 80);

create index idx_wizard_sessions_user_id on wizard_sessions (user_id);
create index idx_wizard_sessions_event_id on wizard_sessions (event_id);
create index idx_wizard_sessions_status on wizard_sessions (status);
create index idx_wizard_sessions_user_status on wizard_sessions (user_id, status);
-- BRIN, not B-tree: every save changes this column, and a B-tree on it would make each save write to every index.
create index idx_wizard_sessions_last_saved_at on wizard_sessions
  using brin (last_saved_at) with (pages_per_range = 32, autosummarize = on);

-- A draft is private: only its owner may see or change it.
alter table wizard_sessions enable row level security;
create policy wizard_sessions_policy on wizard_sessions for all to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy wizard_sessions_insert_policy on wizard_sessions for insert to authenticated
  with check (user_id = (select auth.uid()));
-- Restrictive, so that it is required beside either of the two above: a session belongs to an event of its own
-- user or to none. An unknown event and somebody else's are refused alike.
create policy wizard_sessions_event_policy on wizard_sessions as restrictive for all to authenticated
  using (true)
  with check (
    event_id is null
    or exists (select from events where events.id = event_id and events.:EVENTS_OWNER_COLUMN = (select auth.uid()))
  );

revoke all on wizard_sessions from public, anon, authenticated, service_role;
-- No `started_at`, `last_saved_at`, `completed_at`: the database alone decides them. No update of `user_id`: a
-- session is never given away. `revision` can be named on update only to have it compared.
grant select, delete, insert (id, user_id, event_id, stage, status, state),
  update (event_id, stage, status, state, revision, last_save_id)
  on wizard_sessions to authenticated, service_role;

create trigger _100_ensure_profile
  before insert on wizard_sessions
  for each row when (NEW.user_id = auth.uid())
  execute function app_private.tg__ensure_profile();

-- Those who are past the policies are not past this: a session that points at somebody else's event could not be saved
-- by its own user any more.
create or replace function app_private.tg_wizard_sessions__check_event() returns trigger as $$
begin
  if not row_security_active('public.wizard_sessions') and exists (
    select from public.events
     where events.id = NEW.event_id and events.:EVENTS_OWNER_COLUMN is distinct from NEW.user_id
  ) then
    raise exception 'A session can''t point at another user''s event.' using errcode = '42501';
  end if;
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;
create trigger _150_check_event
  before insert or update of event_id, user_id on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__check_event();

create or replace function app_private.tg_wizard_sessions__limit_state() returns trigger as $$
declare
  v_limit constant integer := 256 * 1024;
  v_size  constant integer := octet_length(NEW.state::text);
begin
  if v_size > v_limit then
    raise exception 'The state is % bytes of JSON text; at most % can be saved. Keep files elsewhere and save their addresses.', v_size, v_limit
      using errcode = 'WZ413', detail = jsonb_build_object('bytes', v_size, 'limit', v_limit);
  end if;
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;
create trigger _200_limit_state
  before insert or update of state on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__limit_state();

-- `completed_at` follows from `status`, on the way in and on every change.
create or replace function app_private.tg_wizard_sessions__complete() returns trigger as $$
begin
  NEW.completed_at = case when NEW.status = 'completed' then clock_timestamp() end;
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;
create trigger _400_complete
  before insert or update of status on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__complete();

-- A completed session is the record of what was published: nothing changes it any more, and nothing reopens it.
create or replace function app_private.tg_wizard_sessions__save() returns trigger as $$
begin
  if OLD.status = 'completed' then
    raise exception 'This session is completed and can''t be changed. Start a new one to edit its event.'
      using errcode = 'WZ423';
  end if;
  if NEW.revision <> OLD.revision then
    raise exception 'This session was saved elsewhere: it is at revision %, not %. Read it again, then save onto that.', OLD.revision, NEW.revision
      using errcode = 'WZ409', detail = jsonb_build_object('currentRevision', OLD.revision);
  end if;
  -- An explicit null stays null and fails as any missing value does: it is no way round the comparison.
  NEW.revision = NEW.revision + 1;
  -- The key is that of one save. A save without a key must not seem to be the one before it, sent again.
  if NEW.last_save_id = OLD.last_save_id then
    NEW.last_save_id = null;
  end if;
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

-- The foreign key's own `set null` when an event is deleted is no save: it is let through to any session, completed
-- ones too, and counts nowhere. It is known by what it does, whoever does it: nothing but `event_id` changes, and the
-- event is gone. It looks past the policies, since to a user somebody else's event seems to be gone as well.
create or replace function app_private.wizard_session_loses_event(before wizard_sessions, after wizard_sessions)
returns boolean as $$
  select to_jsonb(after) - 'event_id' = to_jsonb(before) - 'event_id'
    and not exists (select from public.events where id = before.event_id)
$$ language sql stable security definer set search_path to pg_catalog, pg_temp;

create trigger _300_save
  before update on wizard_sessions
  for each row when (not (
    NEW.event_id is null and OLD.event_id is not null
    and app_private.wizard_session_loses_event(OLD, NEW)
  ))
  execute function app_private.tg_wizard_sessions__save();

-- The time of a save is the time at which the row was written. `now()` is the time at which the transaction
-- began, which may lie before a save that it waited for.
create or replace function public.update_wizard_session_timestamp() returns trigger as $$
begin
  NEW.last_saved_at = greatest(clock_timestamp(), OLD.last_saved_at + interval '1 microsecond');
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;
create trigger update_wizard_session_timestamp
  before update on wizard_sessions
  for each row when (not (
    NEW.event_id is null and OLD.event_id is not null
    and app_private.wizard_session_loses_event(OLD, NEW)
  ))
  execute function public.update_wizard_session_timestamp();

revoke all on function
  app_private.tg_wizard_sessions__check_event(),
  app_private.tg_wizard_sessions__limit_state(),
  app_private.tg_wizard_sessions__complete(),
  app_private.tg_wizard_sessions__save(),
  app_private.wizard_session_loses_event(wizard_sessions, wizard_sessions),
  public.update_wizard_session_timestamp()
from public, anon, authenticated, service_role;
-- A trigger's condition is evaluated as whoever writes.
grant execute on function app_private.wizard_session_loses_event(wizard_sessions, wizard_sessions)
  to authenticated, service_role;

comment on table wizard_sessions is
  'One run through the wizard that creates an event: where its user is, and what has been entered so far.';
comment on column wizard_sessions.id is 'Made by the database, or by the client before its first save.';
comment on column wizard_sessions.user_id is
  'Whose session this is: the caller, unless a service says otherwise. It never changes.';
comment on column wizard_sessions.event_id is
  'The event that this session edits or has created. It has to belong to the session''s user; null when there is none (any more).';
comment on column wizard_sessions.stage is
  E'@behavior +orderBy +filterBy\nThe stage that the user is at, 1 to 6.';
comment on column wizard_sessions.status is
  E'@behavior +orderBy +filterBy\nIn progress, completed or abandoned. A completed session can''t be changed any more; an abandoned one can go on.';
comment on column wizard_sessions.state is
  E'@behavior -orderBy -filterBy -condition:attribute:filterBy\nWhat was entered so far: a JSON object of at most 256 KiB as text and 100 levels, a key per stage. It need not be complete or valid.';
comment on column wizard_sessions.started_at is
  E'@behavior +orderBy +filterBy\nWhen the session was begun.';
comment on column wizard_sessions.last_saved_at is
  E'@behavior +orderBy +filterBy\nWhen the last save was written; later with every save.';
comment on column wizard_sessions.completed_at is
  E'@behavior +orderBy +filterBy\nWhen the session was completed, or null.';
comment on column wizard_sessions.revision is
  E'@behavior +orderBy +filterBy\nCounts saves, from 0. In a patch, name the one that you last read: the save is refused with REVISION_CONFLICT when there is a newer one. Without it the save is accepted onto any.';
comment on column wizard_sessions.last_save_id is
  E'@behavior -*\nThe key of the save that made this revision; null where it had none.';
comment on constraint wizard_sessions_stage_check on wizard_sessions is 'The stage is a whole number from 1 to 6.';
comment on constraint wizard_sessions_status_check on wizard_sessions is
  'A session is in progress, completed or abandoned.';
comment on constraint wizard_sessions_state_check on wizard_sessions is
  'The state is a JSON object. Send it as JSON, not as text that holds JSON.';
comment on constraint wizard_sessions_state_depth_check on wizard_sessions is
  'The state is nested at most 100 levels deep.';
comment on constraint wizard_sessions_completed_at_check on wizard_sessions is
  'A session has a time of completion when, and only when, it is completed.';
comment on constraint wizard_sessions_user_id_fkey on wizard_sessions is
  E'@fieldName user\n@foreignFieldName wizardSessions\nA session belongs to a profile.';
comment on constraint wizard_sessions_event_id_fkey on wizard_sessions is
  E'@fieldName event\n@foreignFieldName wizardSessions\nA session edits an event that is there.';

--! split: 210-wizard-session-revisions.sql
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

--! split: 220-save-wizard-session.sql
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
