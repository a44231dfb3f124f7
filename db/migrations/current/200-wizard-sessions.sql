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
