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
