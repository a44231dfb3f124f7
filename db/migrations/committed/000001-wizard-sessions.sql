--! Previous: -
--! Hash: sha1:7e699a90827ee573e5782e8813b3c01fc5fdb92e
--! Message: wizard sessions

--! split: 001-undo.sql
-- Makes room for this migration when it runs again. The Supabase export leaves this file out.
drop table if exists
  wizard_session_revisions, wizard_sessions, event_private_details, event_tickets, events, profiles cascade;
drop schema if exists app_private cascade;

--! split: 050-app-private.sql
-- Functions that are not part of the API.
create schema app_private;
revoke all on schema app_private from public;
-- Triggers run as the caller, so every role needs usage on the schema of their functions.
grant usage on schema app_private to anon, authenticated, service_role;

--! Included sessions/tg__ensure_profile.sql
-- Creates the caller's profile with the first row they own, because a token can be older than the profile. Runs as the
-- owner because users can't insert profiles.
create or replace function app_private.tg__ensure_profile() returns trigger as $$
begin
  insert into public.profiles (id) values (auth.uid()) on conflict do nothing;
  return NEW;
exception when not_null_violation then
  -- The project's own `profiles` has more required columns. The foreign key then refuses the session (23503).
  return NEW;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg__ensure_profile() from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg__ensure_profile.sql

--! split: 100-auth.sql
-- The caller's identity, with Supabase's names and meaning. The API sets the claims of the verified token for each
-- transaction; an unset or empty setting means an anonymous caller.
create schema if not exists auth;

--! Included auth/jwt.sql
-- Supabase's name and meaning. The API sets the claims of the verified token for each transaction; unset means anonymous.
create or replace function auth.jwt() returns jsonb as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb
$$ language sql stable set search_path to pg_catalog, pg_temp;

comment on function auth.jwt() is
  'The claims of the caller''s token as a JSON object, or null.';

revoke all on function auth.jwt() from public;
grant execute on function auth.jwt() to anon, authenticated, service_role;
--! EndIncluded auth/jwt.sql
--! Included auth/uid.sql
create or replace function auth.uid() returns uuid as $$
  select nullif(
    coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), auth.jwt() ->> 'sub'),
    ''
  )::uuid
$$ language sql stable set search_path to pg_catalog, pg_temp;

comment on function auth.uid() is
  'The caller''s user id (the claim `sub`), or null. Fails with 22P02 if the claim is not a UUID.';

revoke all on function auth.uid() from public;
grant execute on function auth.uid() to anon, authenticated, service_role;
--! EndIncluded auth/uid.sql
--! Included auth/role.sql
create or replace function auth.role() returns text as $$
  select nullif(
    coalesce(nullif(current_setting('request.jwt.claim.role', true), ''), auth.jwt() ->> 'role'),
    ''
  )
$$ language sql stable set search_path to pg_catalog, pg_temp;

comment on function auth.role() is
  'The role in the caller''s token (the claim `role`), or null.';

revoke all on function auth.role() from public;
grant execute on function auth.role() to anon, authenticated, service_role;
--! EndIncluded auth/role.sql
--! Included auth/grants.sql
revoke all on schema auth from public;
grant usage on schema auth to anon, authenticated, service_role;
-- A new PostgreSQL 15 does not grant `create` on public to everyone, but an upgraded one still does.
revoke create on schema public from public;
grant usage on schema public to anon, authenticated, service_role;
--! EndIncluded auth/grants.sql

--! split: 110-profiles.sql
create table profiles (
  id           uuid primary key,
  display_name text,
  created_at   timestamptz not null default now(),
  constraint profiles_display_name_check check (char_length(display_name) between 1 and 100)
);

--! Included profiles/policies.sql
alter table profiles enable row level security;
drop policy if exists profiles_policy on profiles;
create policy profiles_policy on profiles for all to authenticated
  using (id = (select auth.uid())) with check (id = (select auth.uid()));
--! EndIncluded profiles/policies.sql
--! Included profiles/grants.sql
revoke all on profiles from public, anon, authenticated, service_role;
-- Users can't insert: a trigger creates the profile with their first session or event. They can't delete: that would
-- delete all their sessions without asking; erase_me asks for confirmation.
grant select, update (display_name) on profiles to authenticated;
grant select, insert (id, display_name), update (display_name), delete on profiles to service_role;
--! EndIncluded profiles/grants.sql
--! Included profiles/comments.sql
comment on table profiles is
  'A user who creates events. The database creates it with the user''s first session or event.';
comment on column profiles.id is 'The user id: the token''s claim `sub`.';
comment on column profiles.display_name is 'The name to show, 1 to 100 characters, or null.';
comment on column profiles.created_at is 'When the profile was created.';
comment on constraint profiles_display_name_check on profiles is 'The display name must have 1 to 100 characters.';
--! EndIncluded profiles/comments.sql

--! split: 120-events.sql
create table events (
  id              uuid primary key default gen_random_uuid(),
  owner_id        uuid not null default auth.uid() references profiles (id) on delete cascade,
  title           text not null,
  status          text not null default 'draft',
  starts_at       timestamptz,
  ends_at         timestamptz,
  created_at      timestamptz not null default now(),
  category        text,
  summary         text,
  organizer_name  text,
  timezone        text,
  doors_at        timestamptz,
  mode            text,
  venue_name      text,
  address         text,
  city            text,
  region          text,
  postal_code     text,
  country         text,
  currency        text,
  description     text,
  slug            text,
  cover_image_url text,
  cover_image_alt text,
  accent          text,
  support_email   text,
  visibility      text,
  publish_at      timestamptz,
  refund_policy   text,
  constraint events_title_check check (char_length(title) between 1 and 150),
  constraint events_status_check check (status in ('draft', 'published', 'cancelled')),
  constraint events_ends_at_check check (ends_at > starts_at),
  constraint events_category_check check (category ~ '^[a-z][a-z_]{0,39}$'),
  constraint events_summary_check check (char_length(summary) between 1 and 140),
  constraint events_organizer_name_check check (char_length(organizer_name) between 1 and 255),
  constraint events_timezone_check check (timezone ~ '^[A-Za-z0-9_+/-]{1,64}$'),
  constraint events_doors_at_check check (doors_at <= starts_at),
  constraint events_mode_check check (mode in ('venue', 'online', 'hybrid')),
  constraint events_venue_name_check check (char_length(venue_name) between 1 and 100),
  constraint events_address_check check (char_length(address) between 1 and 255),
  constraint events_city_check check (char_length(city) between 1 and 85),
  constraint events_region_check check (char_length(region) between 1 and 85),
  constraint events_postal_code_check check (char_length(postal_code) between 1 and 20),
  constraint events_country_check check (country ~ '^[A-Z]{2}$'),
  constraint events_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint events_description_check check (char_length(description) between 1 and 50000),
  constraint events_slug_check check (slug ~ '^[a-z0-9-]{3,60}$'),
  constraint events_cover_image_url_check check (cover_image_url ~* '^https://' and char_length(cover_image_url) <= 2048),
  constraint events_cover_image_alt_check check (char_length(cover_image_alt) between 1 and 255),
  constraint events_accent_check check (accent ~ '^#[0-9A-Fa-f]{6}$'),
  constraint events_support_email_check check (support_email ~ '.@.' and char_length(support_email) <= 254),
  constraint events_visibility_check check (visibility in ('public', 'unlisted', 'private')),
  constraint events_publish_at_check check (publish_at <= starts_at),
  constraint events_refund_policy_check check (refund_policy ~ '^[a-z][a-z0-9_]{0,39}$'),
  -- Rules across columns: what a published event needs, and which columns belong to a venue.
  constraint events_published_check check (
    status not in ('published', 'cancelled')
    or num_nulls(category, organizer_name, timezone, starts_at, ends_at, mode, currency, description, slug, visibility) = 0
  ),
  constraint events_venue_check check (
    case when mode in ('venue', 'hybrid') then num_nulls(venue_name, address, city, postal_code, country) = 0
         else num_nonnulls(venue_name, address, city, region, postal_code, country) = 0 end
  ),
  constraint events_cover_image_check check ((cover_image_url is null) = (cover_image_alt is null)),
  constraint events_slug_key unique (slug)
);

-- One index serves both the foreign key and the policy.
create index idx_events_owner_id on events (owner_id);
-- For lists of public events, ordered by start.
create index idx_events_published on events (starts_at) where status = 'published' and visibility = 'public';

-- Only the wizard writes tickets and private details.
create table event_tickets (
  event_id      uuid not null references events (id) on delete cascade,
  key           text not null,
  name          text not null,
  kind          text not null,
  price_minor   bigint,
  quantity      integer not null,
  max_per_order integer,
  sales_start   timestamptz,
  sales_end     timestamptz,
  primary key (event_id, key),
  constraint event_tickets_key_check check (key ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,35}$'),
  constraint event_tickets_name_check check (char_length(name) between 1 and 255),
  constraint event_tickets_kind_check check (kind in ('free', 'paid', 'donation')),
  constraint event_tickets_price_minor_check check (price_minor between 1 and 999999999999),
  constraint event_tickets_price_check check ((kind = 'paid') = (price_minor is not null)),
  constraint event_tickets_quantity_check check (quantity >= 1),
  constraint event_tickets_max_per_order_check check (max_per_order >= 1),
  constraint event_tickets_sales_end_check check (sales_end > sales_start)
);

create table event_private_details (
  event_id        uuid primary key references events (id) on delete cascade,
  organizer_email text,
  join_url        text,
  constraint event_private_details_organizer_email_check
    check (organizer_email ~ '.@.' and char_length(organizer_email) <= 254),
  constraint event_private_details_join_url_check check (join_url ~* '^https://' and char_length(join_url) <= 2048)
);

--! Included events/tg_events__check_sales.sql
-- Ticket sales end before the event does. The argument is the column that holds the event's id.
create or replace function app_private.tg_events__check_sales() returns trigger as $$
begin
  if exists (
    select from public.events e join public.event_tickets t on t.event_id = e.id
     where e.id = (to_jsonb(NEW) ->> TG_ARGV[0])::uuid and t.sales_end > e.ends_at
  ) then
    raise exception 'Ticket sales can''t end after the event. Set an earlier end of sales or a later end of the event.'
      using errcode = 'WZ400';
  end if;
  return null;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_events__check_sales() from public, anon, authenticated, service_role;
--! EndIncluded events/tg_events__check_sales.sql
--! Included events/event_answers.sql
-- The reverse of write_event: an event's rows as answers, for a session that edits it. Runs as the caller. The terms are
-- not included because they are accepted again each time.
create or replace function app_private.event_answers(event_id uuid) returns jsonb as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'basics', jsonb_build_object(
      'title', e.title, 'category', e.category, 'summary', e.summary,
      'organizerName', e.organizer_name, 'organizerEmail', p.organizer_email
    ),
    'schedule', jsonb_build_object(
      'timezone', e.timezone, 'startsAt', e.starts_at, 'endsAt', e.ends_at, 'doorsAt', e.doors_at
    ),
    'location', jsonb_build_object(
      'mode', e.mode, 'venueName', e.venue_name, 'address', e.address, 'city', e.city, 'region', e.region,
      'postalCode', e.postal_code, 'country', e.country, 'joinUrl', p.join_url
    ),
    'tickets', jsonb_build_object(
      'currency', e.currency,
      'tickets', (
        select jsonb_object_agg(t.key, jsonb_build_object(
                 'name', t.name, 'kind', t.kind, 'priceMinor', t.price_minor, 'quantity', t.quantity,
                 'maxPerOrder', t.max_per_order, 'salesStart', t.sales_start, 'salesEnd', t.sales_end
               ))
          from public.event_tickets t where t.event_id = e.id
      )
    ),
    'page', jsonb_build_object(
      'description', e.description, 'slug', e.slug, 'coverImageUrl', e.cover_image_url,
      'coverImageAlt', e.cover_image_alt, 'accent', e.accent, 'supportEmail', e.support_email
    ),
    'publish', jsonb_build_object(
      'visibility', e.visibility, 'publishAt', e.publish_at, 'refundPolicy', e.refund_policy
    )
  ))
    from public.events e left join public.event_private_details p on p.event_id = e.id
   where e.id = event_answers.event_id
-- Times are text in the answers; the offset must not depend on the caller's settings.
$$ language sql stable set search_path to pg_catalog, pg_temp set timezone to 'UTC';

revoke all on function app_private.event_answers(uuid) from public, anon, authenticated, service_role;
grant execute on function app_private.event_answers(uuid) to authenticated, service_role;
--! EndIncluded events/event_answers.sql
--! Included events/write_event.sql
-- Writes checked answers as a published event, creating it if `event_id` is null, and returns its id. Columns that have no
-- answer become null. The table's constraints apply. A cancelled event can't be published again.
create or replace function app_private.write_event(event_id uuid, owner_id uuid, answers jsonb) returns uuid as $$
declare
  v_id      constant uuid := coalesce(write_event.event_id, gen_random_uuid());
  v_name    text;
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
         p.description, p.slug, p."coverImageUrl", p."coverImageAlt", p.accent, p."supportEmail",
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
  values (v_id, answers -> 'basics' ->> 'organizerEmail', answers -> 'location' ->> 'joinUrl')
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
--! Included events/published_event.sql
-- Runs as the owner because RLS hides unlisted events: only readers who know the slug get them. Returns what the event
-- page shows and nothing else.
create or replace function public.published_event(slug text) returns jsonb as $$
  select to_jsonb(e) - 'owner_id' - 'status' - 'created_at' - 'publish_at' || jsonb_build_object('tickets', (
           select coalesce(jsonb_agg(to_jsonb(t) - 'event_id' order by t.price_minor nulls first, t.name, t.key), '[]')
             from public.event_tickets t where t.event_id = e.id
         ))
    from public.events e
   where e.slug = published_event.slug
     and e.status = 'published' and e.visibility in ('public', 'unlisted')
     and coalesce(e.publish_at, '-infinity') <= now()
$$ language sql stable security definer set search_path to pg_catalog, pg_temp set timezone to 'UTC';

revoke all on function public.published_event(text) from public, anon, authenticated, service_role;
grant execute on function public.published_event(text) to anon, authenticated, service_role;

comment on function public.published_event(text) is
  'The page of a published event that is public or unlisted, as a JSON object of the event''s columns and its tickets; null when there is none at that address.';
--! EndIncluded events/published_event.sql
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

-- Tickets are visible to everyone who can see the event: the subquery runs under the policies of `events`.
alter table event_tickets enable row level security;
drop policy if exists event_tickets_policy on event_tickets;
create policy event_tickets_policy on event_tickets for select to anon, authenticated
  using (exists (select from events where events.id = event_tickets.event_id));

-- A separate table because policies hide rows, not columns, and everyone can read the row of a published event.
alter table event_private_details enable row level security;
drop policy if exists event_private_details_policy on event_private_details;
create policy event_private_details_policy on event_private_details for select to authenticated
  using (
    exists (
      select from events
       where events.id = event_private_details.event_id and events.owner_id = (select auth.uid())
    )
  );
--! EndIncluded events/policies.sql
--! Included events/grants.sql
revoke all on events from public, anon, authenticated, service_role;
-- Users can write only what a form for draft events needs; publishing and cancelling have their own rules. `owner_id` can
-- be set on insert, where the policy checks it, and never changes.
grant select, delete, insert (id, owner_id, title, starts_at, ends_at), update (title, starts_at, ends_at)
  on events to authenticated, service_role;
grant select on events to anon;

revoke all on event_tickets from public, anon, authenticated, service_role;
grant select on event_tickets to anon, authenticated, service_role;

revoke all on event_private_details from public, anon, authenticated, service_role;
grant select on event_private_details to authenticated, service_role;
--! EndIncluded events/grants.sql
--! Included events/triggers.sql
create or replace trigger _100_ensure_profile
  before insert on events
  for each row when (NEW.owner_id = auth.uid())
  execute function app_private.tg__ensure_profile();

create or replace trigger _600_check_sales
  after update of ends_at on events
  for each row when (NEW.ends_at is distinct from OLD.ends_at)
  execute function app_private.tg_events__check_sales('id');

create or replace trigger _600_check_sales
  after insert or update of sales_end on event_tickets
  for each row when (NEW.sales_end is not null)
  execute function app_private.tg_events__check_sales('event_id');
--! EndIncluded events/triggers.sql
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
comment on column events.postal_code is 'Postal code of the venue.';
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
comment on constraint events_title_check on events is 'The title must have 1 to 150 characters.';
comment on constraint events_status_check on events is 'The status must be draft, published or cancelled.';
comment on constraint events_ends_at_check on events is 'The event must end after it starts.';
comment on constraint events_category_check on events is
  'The category must be a lowercase word of at most 40 letters and underscores.';
comment on constraint events_summary_check on events is 'The summary must have 1 to 140 characters.';
comment on constraint events_organizer_name_check on events is 'The organizer''s name must have 1 to 255 characters.';
comment on constraint events_timezone_check on events is 'The time zone must be an IANA name such as Europe/Berlin.';
comment on constraint events_doors_at_check on events is 'The doors must not open after the event starts.';
comment on constraint events_mode_check on events is 'The mode must be venue, online or hybrid.';
comment on constraint events_venue_name_check on events is 'The venue''s name must have 1 to 100 characters.';
comment on constraint events_address_check on events is 'The address must have 1 to 255 characters.';
comment on constraint events_city_check on events is 'The city must have 1 to 85 characters.';
comment on constraint events_region_check on events is 'The region must have 1 to 85 characters.';
comment on constraint events_postal_code_check on events is 'The postal code must have 1 to 20 characters.';
comment on constraint events_country_check on events is 'The country must be two capital letters (ISO 3166-1).';
comment on constraint events_currency_check on events is 'The currency must be three capital letters (ISO 4217).';
comment on constraint events_description_check on events is 'The description must have 1 to 50,000 characters.';
comment on constraint events_slug_check on events is
  'The page address must have 3 to 60 lowercase letters, digits and hyphens.';
comment on constraint events_slug_key on events is 'Another event uses this page address.';
comment on constraint events_cover_image_url_check on events is
  'The cover image must be an https URL of at most 2,048 characters.';
comment on constraint events_cover_image_alt_check on events is
  'The alternative text of the cover image must have 1 to 255 characters.';
comment on constraint events_cover_image_check on events is
  'A cover image needs an alternative text, and the text needs an image.';
comment on constraint events_accent_check on events is 'The color must be # and six hexadecimal digits.';
comment on constraint events_support_email_check on events is
  'The e-mail address must contain an @ and have at most 254 characters.';
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
  'The ticket''s name must have 1 to 255 characters.';
comment on constraint event_tickets_kind_check on event_tickets is 'A ticket must be free, paid or donation.';
comment on constraint event_tickets_price_minor_check on event_tickets is
  'The price must be 1 to 999,999,999,999 in the currency''s minor unit.';
comment on constraint event_tickets_price_check on event_tickets is
  'A paid ticket needs a price; other tickets must not have one.';
comment on constraint event_tickets_quantity_check on event_tickets is 'The quantity must be at least 1.';
comment on constraint event_tickets_max_per_order_check on event_tickets is 'The limit per order must be at least 1.';
comment on constraint event_tickets_sales_end_check on event_tickets is 'Sales must end after they start.';
comment on constraint event_tickets_event_id_fkey on event_tickets is 'The event of this ticket type.';

comment on table event_private_details is 'The part of an event that only its owner can read.';
comment on column event_private_details.event_id is 'The event.';
comment on column event_private_details.organizer_email is 'The organizer''s e-mail address.';
comment on column event_private_details.join_url is 'The https URL to join online; null for an event at a venue.';
comment on constraint event_private_details_organizer_email_check on event_private_details is
  'The e-mail address must contain an @ and have at most 254 characters.';
comment on constraint event_private_details_join_url_check on event_private_details is
  'The join link must be an https URL of at most 2,048 characters.';
comment on constraint event_private_details_event_id_fkey on event_private_details is
  'The event of these details.';
--! EndIncluded events/comments.sql

--! split: 200-wizard-sessions.sql
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
  -- The server sets its version of the stages for each transaction; other writers set the column.
  definition_version integer not null default coalesce(nullif(current_setting('stagekeep.definition_version', true), '')::integer, 1),
  constraint wizard_sessions_stage_check check (stage >= 1 and stage <= 6),
  constraint wizard_sessions_status_check check (status in ('in_progress', 'completed', 'abandoned')),
  constraint wizard_sessions_state_check check (jsonb_typeof(state) = 'object'),
  -- PostgreSQL can store deeper JSON than many clients can parse.
  constraint wizard_sessions_state_depth_check check (not jsonb_path_exists(state, '$.**{100 to last}')),
  constraint wizard_sessions_definition_version_check check (definition_version >= 1),
  constraint wizard_sessions_completed_at_check check ((status = 'completed') = (completed_at is not null))
)
-- Free space on each page for a row's next version. Together with no B-tree on a column that every save changes, it makes
-- nine of ten saves HOT updates, which write to no index (docs/decisions/0002-last-saved-index.md).
with (fillfactor = 80);

create index idx_wizard_sessions_user_id on wizard_sessions (user_id);
create index idx_wizard_sessions_event_id on wizard_sessions (event_id);
create index idx_wizard_sessions_status on wizard_sessions (status);
create index idx_wizard_sessions_user_status on wizard_sessions (user_id, status);
-- BRIN, because every save changes this column: with a B-tree on it, each save would write to every index.
create index idx_wizard_sessions_last_saved_at on wizard_sessions
  using brin (last_saved_at) with (pages_per_range = 32, autosummarize = on);

--! Included sessions/tg_wizard_sessions__check_event.sql
-- service_role bypasses RLS, so ownership is checked here as well: the owner of a session that refers to another user's
-- event could not save it.
create or replace function app_private.tg_wizard_sessions__check_event() returns trigger as $$
begin
  if not row_security_active('public.wizard_sessions') and exists (
    select from public.events
     where events.id = NEW.event_id and events.:EVENTS_OWNER_COLUMN is distinct from NEW.user_id
  ) then
    raise exception 'A session can''t refer to another user''s event.' using errcode = 'WZ403';
  end if;
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__check_event() from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg_wizard_sessions__check_event.sql
--! Included sessions/tg_wizard_sessions__limit_state.sql
create or replace function app_private.tg_wizard_sessions__limit_state() returns trigger as $$
declare
  v_limit constant integer := 256 * 1024;
  v_size  constant integer := octet_length(NEW.state::text);
begin
  if v_size > v_limit then
    raise exception 'The state is % bytes of JSON text; the limit is %. Store files elsewhere and save their URLs.', v_size, v_limit
      using errcode = 'WZ413', detail = jsonb_build_object('bytes', v_size, 'limit', v_limit);
  end if;
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__limit_state() from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg_wizard_sessions__limit_state.sql
--! Included sessions/tg_wizard_sessions__status_is_said.sql
-- A save resumes an abandoned session unless the same update sets the status. NEW.status can't show that, because it is
-- "abandoned" either way. This trigger fires only when the update names `status`; it marks the row in `completed_at`,
-- which no client can write, and the trigger _400_complete clears the mark.
create or replace function app_private.tg_wizard_sessions__status_is_said() returns trigger as $$
begin
  NEW.completed_at = 'infinity';
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__status_is_said()
  from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg_wizard_sessions__status_is_said.sql
--! Included sessions/tg_wizard_sessions__resume.sql
create or replace function app_private.tg_wizard_sessions__resume() returns trigger as $$
begin
  NEW.status = 'in_progress';
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
-- The `when` condition of a trigger runs with the caller's privileges.
grant execute on function app_private.wizard_session_loses_event(wizard_sessions, wizard_sessions)
  to authenticated, service_role;
--! EndIncluded sessions/wizard_session_loses_event.sql
--! Included sessions/update_wizard_session_timestamp.sql
-- clock_timestamp(), not now(): a transaction may start before a save that it then waits for. Each save is later than the
-- one before it.
create or replace function public.update_wizard_session_timestamp() returns trigger as $$
begin
  -- The sweep runs as the table's owner. Abandoning a session is not a save, so the time stays.
  if OLD.status = 'in_progress' and NEW.status = 'abandoned'
    and (NEW.stage, NEW.state, NEW.event_id) is not distinct from (OLD.stage, OLD.state, OLD.event_id)
    and exists (select from pg_class where oid = TG_RELID and pg_get_userbyid(relowner) = current_user)
  then
    NEW.last_saved_at = OLD.last_saved_at;
    return NEW;
  end if;
  NEW.last_saved_at = greatest(clock_timestamp(), OLD.last_saved_at + interval '1 microsecond');
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function public.update_wizard_session_timestamp() from public, anon, authenticated, service_role;
--! EndIncluded sessions/update_wizard_session_timestamp.sql
--! Included sessions/tg_wizard_sessions__complete.sql
-- Derives `completed_at` from `status`.
create or replace function app_private.tg_wizard_sessions__complete() returns trigger as $$
begin
  NEW.completed_at = case when NEW.status = 'completed' then clock_timestamp() end;
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__complete() from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg_wizard_sessions__complete.sql
--! Included sessions/policies.sql
-- Only the owner can see or change a session.
alter table wizard_sessions enable row level security;
drop policy if exists wizard_sessions_policy on wizard_sessions;
create policy wizard_sessions_policy on wizard_sessions for all to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
drop policy if exists wizard_sessions_insert_policy on wizard_sessions;
create policy wizard_sessions_insert_policy on wizard_sessions for insert to authenticated
  with check (user_id = (select auth.uid()));
-- A session can only refer to an event of its own user. The policy is restrictive because it applies in addition to the
-- two above. An unknown event and another user's event get the same error.
drop policy if exists wizard_sessions_event_policy on wizard_sessions;
create policy wizard_sessions_event_policy on wizard_sessions as restrictive for all to authenticated
  using (true)
  with check (
    event_id is null
    or exists (select from events where events.id = event_id and events.:EVENTS_OWNER_COLUMN = (select auth.uid()))
  );
--! EndIncluded sessions/policies.sql
--! Included sessions/grants.sql
revoke all on wizard_sessions from public, anon, authenticated, service_role;
-- `started_at`, `last_saved_at` and `completed_at` are set by the database only. `user_id` can't be updated: a session
-- never changes its owner. An update may name `revision` only to have it compared with the stored one.
grant select, delete, insert (id, user_id, event_id, stage, status, state, definition_version),
  update (event_id, stage, status, state, revision, last_save_id, definition_version)
  on wizard_sessions to authenticated, service_role;
--! EndIncluded sessions/grants.sql
--! Included sessions/triggers.sql
create or replace trigger _100_ensure_profile
  before insert on wizard_sessions
  for each row when (NEW.user_id = auth.uid())
  execute function app_private.tg__ensure_profile();

create or replace trigger _150_check_event
  before insert or update of event_id, user_id on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__check_event();

create or replace trigger _200_limit_state
  before insert or update of state on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__limit_state();

create or replace trigger _240_status_is_said
  before update of status on wizard_sessions
  for each row when (OLD.status = 'abandoned' and NEW.status = 'abandoned')
  execute function app_private.tg_wizard_sessions__status_is_said();

create or replace trigger _250_resume
  before update of state, stage on wizard_sessions
  for each row when (OLD.status = 'abandoned' and NEW.status = 'abandoned' and NEW.completed_at is null)
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

create or replace trigger update_wizard_session_timestamp
  before update on wizard_sessions
  for each row when (not (
    NEW.event_id is null and OLD.event_id is not null
    and app_private.wizard_session_loses_event(OLD, NEW)
  ))
  execute function public.update_wizard_session_timestamp();
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

--! split: 210-wizard-session-revisions.sql
create table wizard_session_revisions (
  session_id uuid not null references wizard_sessions (id) on delete cascade,
  revision   integer not null,
  save_id    uuid,
  -- Not a foreign key: it can be a back end, and it stays when the user is deleted.
  saved_by   uuid,
  stage      integer not null,
  status     text not null,
  definition_version integer not null default 1,
  patch      jsonb not null,
  snapshot   jsonb,
  size       integer not null,
  saved_at   timestamptz not null,
  -- Since the start of the session, so that differences stay correct when revisions in between are deleted.
  time_spent interval not null default '0',
  primary key (session_id, revision),
  constraint wizard_session_revisions_status_check check (status in ('in_progress', 'completed', 'abandoned')),
  -- A key is used once, even by a writer that does not call save_wizard_session.
  constraint wizard_session_revisions_save_id_key unique (session_id, save_id)
);

-- Finds revisions to thin. Partial, because a BRIN or full index would make each batch read all old checkpoints. Costs
-- 64 bytes of WAL per save.
create index idx_wizard_session_revisions_patches on wizard_session_revisions (saved_at) where snapshot is null;

--! Included saving/json_merge_patch.sql
-- Applies an RFC 7396 merge patch. Takes apart only the members that the patch touches. Uses json_object_agg because
-- jsonb_object_agg is ten times slower with nested objects.
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

revoke all on function app_private.json_merge_patch(jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function app_private.json_merge_patch(jsonb, jsonb) to authenticated, service_role;
--! EndIncluded saving/json_merge_patch.sql
--! Included saving/json_merge_diff.sql
-- The merge patch that turns object `old` into object `new`. A merge patch can't express a null inside `new`, because null
-- means "remove"; callers that need the exact value must check the result.
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

revoke all on function app_private.json_merge_diff(jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function app_private.json_merge_diff(jsonb, jsonb) to authenticated, service_role;
--! EndIncluded saving/json_merge_diff.sql
--! Included saving/json_merge_paths.sql
-- The paths at which a merge patch writes, with their values; null removes. A non-empty object is not a written value but
-- leads to the paths below it.
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

revoke all on function app_private.json_merge_paths(jsonb) from public, anon, authenticated, service_role;
grant execute on function app_private.json_merge_paths(jsonb) to authenticated, service_role;
--! EndIncluded saving/json_merge_paths.sql
--! Included saving/json_merge_overlap.sql
-- The paths in `yours` that are equal to, above or below a path in `theirs`. Walks both trees together: comparing every
-- pair of paths of two wide patches could take a minute.
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

revoke all on function app_private.json_merge_overlap(jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function app_private.json_merge_overlap(jsonb, jsonb) to authenticated, service_role;
--! EndIncluded saving/json_merge_overlap.sql
--! Included saving/json_at.sql
-- The value at a path of object keys. The operator #> would take a key such as "0" for an array index.
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

revoke all on function app_private.json_at(jsonb, text[]) from public, anon, authenticated, service_role;
grant execute on function app_private.json_at(jsonb, text[]) to authenticated, service_role;
--! EndIncluded saving/json_at.sql
--! Included saving/json_pointer.sql
-- A path as a JSON Pointer (RFC 6901).
create or replace function app_private.json_pointer(path text[]) returns text as $$
  select coalesce(string_agg('/' || replace(replace(key, '~', '~0'), '/', '~1'), '' order by place), '')
    from unnest(path) with ordinality as keys (key, place)
$$ language sql immutable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.json_pointer(text[]) from public, anon, authenticated, service_role;
grant execute on function app_private.json_pointer(text[]) to authenticated, service_role;
--! EndIncluded saving/json_pointer.sql

--! Included revisions/revision_limits.sql
-- How much history is kept. `thinned_after` is used by the sweep (thin_wizard_session_revisions).
create or replace function app_private.revision_limits(
  out checkpoint_every integer, out always_kept integer, out checkpoints_kept integer, out thinned_after interval
) as $$
  select 50, 200, 40, interval '90 days'
$$ language sql immutable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.revision_limits() from public, anon, authenticated, service_role;
--! EndIncluded revisions/revision_limits.sql
--! Included revisions/prune_wizard_session_revisions.sql
-- Keeps the last `always_kept` revisions back to a checkpoint, the latest `checkpoints_kept` checkpoints before them, and
-- revision 0. Every kept revision can be rebuilt: it is a checkpoint, or all revisions since the last checkpoint are kept.
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

revoke all on function app_private.prune_wizard_session_revisions(uuid, integer)
  from public, anon, authenticated, service_role;
--! EndIncluded revisions/prune_wizard_session_revisions.sql
--! Included revisions/tg_wizard_sessions__record.sql
-- Records every write of a session as a revision, whichever API it came through. Runs as the owner because no caller can
-- write revisions.
create or replace function app_private.tg_wizard_sessions__record() returns trigger as $$
declare
  v_every constant integer := (select checkpoint_every from app_private.revision_limits());
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
    -- The sweep abandons a session without changing `last_saved_at`; the revision records the time.
    if NEW.last_saved_at = OLD.last_saved_at then
      v_at = greatest(clock_timestamp(), NEW.last_saved_at + interval '1 microsecond');
    end if;
    select r.time_spent into v_spent
      from public.wizard_session_revisions r where r.session_id = NEW.id and r.revision = NEW.revision - 1;
    v_kept = found;
    -- Time spent: idle time counts up to a limit, and time before or while the session is abandoned not at all.
    if OLD.status = 'in_progress' and NEW.status <> 'abandoned' then
      v_spent = coalesce(v_spent, '0')
                + least(v_at - OLD.last_saved_at, (select idle_after from app_private.funnel_limits()));
    end if;
    v_patch = app_private.json_merge_diff(OLD.state, NEW.state);
    v_checkpoint = NEW.stage <> OLD.stage or NEW.status <> OLD.status or NEW.revision % v_every = 0
      -- Compare text: 1.0 and 1.00 are equal as jsonb, but a rebuilt state must be identical byte for byte.
      or app_private.json_merge_patch(OLD.state, v_patch)::text <> v_text
      -- Rows inserted without triggers (a restored dump) have no history to build on.
      or not v_kept;
  end if;
  insert into public.wizard_session_revisions
    (session_id, revision, save_id, saved_by, stage, status, definition_version, patch, snapshot, size, saved_at, time_spent)
  values
    (NEW.id, NEW.revision, NEW.last_save_id, auth.uid(), NEW.stage, NEW.status, NEW.definition_version, v_patch,
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
--! Included revisions/wizard_session_at.sql
-- Rebuilds a state from the last checkpoint and the patches after it. Runs as the caller.
create or replace function public.wizard_session_at(
  id uuid, inout revision integer, out stage integer, out state jsonb, out saved_at timestamptz, out definition_version integer
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
      raise exception 'Revision % of this session does not exist or is no longer kept.', wizard_session_at.revision
        using errcode = 'WZ404';
    end if;
    raise exception 'This session does not exist or is not yours.' using errcode = 'WZ404';
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
  wizard_session_at.definition_version = v_target.definition_version;
end;
$$ language plpgsql stable set search_path to public, pg_temp;

revoke all on function public.wizard_session_at(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.wizard_session_at(uuid, integer) to authenticated, service_role;

comment on function public.wizard_session_at(uuid, integer) is
  'The state of a session as one of its kept revisions left it. Refused with NOT_FOUND when there is no such session or revision.';
--! EndIncluded revisions/wizard_session_at.sql
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
  'The paths that this save changed, as JSON pointers into the state.';
--! EndIncluded revisions/wizard_session_revisions_changed_paths.sql
--! Included revisions/policies.sql
-- A revision belongs to the owner of its session. The owner is looked up rather than copied, because a copy would be
-- written with every save.
alter table wizard_session_revisions enable row level security;
drop policy if exists wizard_session_revisions_policy on wizard_session_revisions;
create policy wizard_session_revisions_policy on wizard_session_revisions for select to authenticated
  using (
    exists (
      select from wizard_sessions s
       where s.id = wizard_session_revisions.session_id and s.user_id = (select auth.uid())
    )
  );
--! EndIncluded revisions/policies.sql
--! Included revisions/grants.sql
revoke all on wizard_session_revisions from public, anon, authenticated, service_role;
-- Read-only: triggers write the history as the owner, so users can't forge it.
grant select on wizard_session_revisions to authenticated, service_role;
--! EndIncluded revisions/grants.sql
--! Included revisions/triggers.sql
create or replace trigger _500_record_start
  after insert on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__record();

-- An unchanged revision is the foreign key's `on delete set null`, which is not a save.
create or replace trigger _510_record_save
  after update on wizard_sessions
  for each row when (NEW.revision <> OLD.revision)
  execute function app_private.tg_wizard_sessions__record();
--! EndIncluded revisions/triggers.sql
--! Included revisions/comments.sql
comment on table wizard_session_revisions is
  'One save of a session: when, at which stage, and what changed. Old revisions are thinned out.';
comment on column wizard_session_revisions.session_id is 'The session.';
comment on column wizard_session_revisions.revision is 'The session''s revision after this save; the first is 0.';
comment on column wizard_session_revisions.save_id is 'The key that the client sent with the save, or null.';
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

--! split: 220-saving.sql
--! Included saving/save_conflicts.sql
-- The conflicts between a merged state and the saves after `base`: every path that the merge would change and that one of
-- those saves wrote at, above or below, with the value at the base, the new value (yours) and the present one (theirs). If
-- the history since `base` is incomplete, every changed path is a conflict.
create or replace function app_private.save_conflicts(session wizard_sessions, base integer, merged jsonb)
returns jsonb as $$
declare
  -- Writing a value that is already there is not a conflict.
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

revoke all on function app_private.save_conflicts(wizard_sessions, integer, jsonb)
  from public, anon, authenticated, service_role;
grant execute on function app_private.save_conflicts(wizard_sessions, integer, jsonb) to authenticated, service_role;
--! EndIncluded saving/save_conflicts.sql
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
  'Begins a session under an id that the client makes, for a new event or to edit one of the caller''s. Called again with that id it gives the same session, as it is now.';
--! EndIncluded saving/start_wizard_session.sql
--! Included saving/save_wizard_session.sql
-- Saves a merge patch for a client that may have missed other saves. Runs as the caller: the policies, grants and triggers
-- of the table decide who can save and what a state can be.
create or replace function public.save_wizard_session(
  id uuid, save_id uuid, base_revision integer, patch jsonb, stage integer default null,
  out outcome text, out wizard_session wizard_sessions, out conflicts jsonb
) as $$
declare
  -- Parameters and columns have the same names.
  v_id      constant uuid := save_wizard_session.id;
  v_save_id constant uuid := save_wizard_session.save_id;
  v_base    constant integer := save_wizard_session.base_revision;
  v_session wizard_sessions;
  v_merged  jsonb;
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
  save_wizard_session.conflicts = '[]';

  -- Check the key before everything else: the answer to a repeated save must not depend on later changes.
  if exists (
    select from wizard_session_revisions r where r.session_id = v_id and r.save_id = v_save_id
  ) then
    save_wizard_session.outcome = 'DUPLICATE';
    save_wizard_session.wizard_session = v_session;
    return;
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
  if v_base < 0 or v_base > v_session.revision then
    raise exception 'baseRevision % does not exist: the session is at revision %.', v_base, v_session.revision
      using errcode = 'WZ400', detail = '{"field": "baseRevision"}';
  end if;

  v_merged = app_private.json_merge_patch(v_session.state, patch);
  save_wizard_session.outcome = 'SAVED';
  -- A completed session skips this: the update below fails with WZ423, so asking about conflicts would be pointless.
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
         last_save_id = v_save_id
   where s.id = v_id
  returning * into v_session;
  save_wizard_session.wizard_session = v_session;
end;
$$ language plpgsql volatile set search_path to public, pg_temp;

revoke all on function public.save_wizard_session(uuid, uuid, integer, jsonb, integer)
  from public, anon, authenticated, service_role;
grant execute on function public.save_wizard_session(uuid, uuid, integer, jsonb, integer)
  to authenticated, service_role;

comment on function public.save_wizard_session(uuid, uuid, integer, jsonb, integer) is
  'Saves a merge patch (RFC 7396) onto the state of a session. A save onto an older revision is merged where it writes other paths than the saves since; otherwise nothing is written and the outcome is CONFLICT. The same `saveId` again writes nothing.';
--! EndIncluded saving/save_wizard_session.sql
--! Included saving/restore_wizard_session.sql
-- Saves the state of an earlier revision as a new revision. The revisions in between are kept.
create or replace function public.restore_wizard_session(id uuid, revision integer) returns wizard_sessions as $$
declare
  v_id       constant uuid := restore_wizard_session.id;
  v_session  wizard_sessions;
  v_restored record;
begin
  select * into v_session from wizard_sessions s where s.id = v_id for update;
  if not found then
    raise exception 'This session does not exist or is not yours.' using errcode = 'WZ404';
  end if;
  select * into v_restored from wizard_session_at(v_id, restore_wizard_session.revision);
  update wizard_sessions s
     set state = v_restored.state, stage = v_restored.stage, definition_version = v_restored.definition_version
   where s.id = v_id
  returning * into v_session;
  return v_session;
end;
$$ language plpgsql volatile set search_path to public, pg_temp;

revoke all on function public.restore_wizard_session(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.restore_wizard_session(uuid, integer) to authenticated, service_role;

comment on function public.restore_wizard_session(uuid, integer) is
  'Saves the state and the stage of an earlier revision as a new one. Refused with NOT_FOUND when that revision is not kept.';
--! EndIncluded saving/restore_wizard_session.sql
--! Included saving/may_act_for.sql
-- Whether the caller is that user or a role that bypasses RLS; for functions that run as their owner. The setting `role`
-- still names the caller's role inside such a function.
create or replace function app_private.may_act_for(user_id uuid) returns boolean as $$
  select coalesce(user_id = auth.uid(), false) or exists (
    select from pg_roles
     where rolname = coalesce(nullif(current_setting('role'), 'none'), session_user) and (rolbypassrls or rolsuper)
  )
$$ language sql stable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.may_act_for(uuid) from public, anon, authenticated, service_role;
--! EndIncluded saving/may_act_for.sql
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
  select * into v_session from public.wizard_sessions s where s.id = v_id and app_private.may_act_for(s.user_id) for update;
  if not found then
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
  'Makes an event of the answers of a session and completes it. Called again it changes nothing and gives the session.';
--! EndIncluded saving/complete_wizard_session.sql

--! split: 240-sweep.sql
--! Included sweep/check_sweep_age.sql
create or replace function app_private.check_sweep_age(age interval) returns void as $$
begin
  if age is null or age <= interval '0' then
    raise exception 'A sweep needs an age above zero, not %.', coalesce(age::text, 'null') using errcode = 'WZ400';
  end if;
end;
$$ language plpgsql immutable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.check_sweep_age(interval) from public, anon, authenticated, service_role;
--! EndIncluded sweep/check_sweep_age.sql
--! Included sweep/abandon_wizard_sessions.sql
-- Abandons up to `at_most` sessions in progress that were last saved before `unsaved_for` ago, and returns how many.
--
-- A worker calls the sweep's functions as the owner until one returns less than `at_most`. Each call is one transaction and
-- skips locked rows, so it never waits for a save, and several workers can run. There is no `order by`, because it would
-- read every session in progress for each batch (docs/decisions/0002-last-saved-index.md).
create or replace function app_private.abandon_wizard_sessions(unsaved_for interval, at_most integer)
returns integer as $$
declare
  v_count integer;
begin
  perform app_private.check_sweep_age(unsaved_for);
  with unsaved as (
    select id from public.wizard_sessions
     where status = 'in_progress' and last_saved_at <= now() - unsaved_for
     limit at_most
       for no key update skip locked
  )
  update public.wizard_sessions s set status = 'abandoned' from unsaved where s.id = unsaved.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.abandon_wizard_sessions(interval, integer)
  from public, anon, authenticated, service_role;
--! EndIncluded sweep/abandon_wizard_sessions.sql
--! Included sweep/purge_wizard_sessions.sql
-- Deletes up to `at_most` abandoned sessions that were last saved before `unsaved_for` ago, with their revisions, and
-- returns how many.
create or replace function app_private.purge_wizard_sessions(unsaved_for interval, at_most integer)
returns integer as $$
declare
  v_count integer;
begin
  perform app_private.check_sweep_age(unsaved_for);
  with unsaved as (
    select id from public.wizard_sessions
     where status = 'abandoned' and last_saved_at <= now() - unsaved_for
     limit at_most
       for update skip locked
  )
  delete from public.wizard_sessions s using unsaved where s.id = unsaved.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.purge_wizard_sessions(interval, integer)
  from public, anon, authenticated, service_role;
--! EndIncluded sweep/purge_wizard_sessions.sql
--! Included sweep/thinned_up_to.sql
-- The latest checkpoint of a session that is old enough for the revisions before it to be thinned, or null.
create or replace function app_private.thinned_up_to(session_id uuid) returns integer as $$
  select max(r.revision)
    from public.wizard_session_revisions r
   where r.session_id = thinned_up_to.session_id and r.snapshot is not null
     and r.saved_at <= now() - (select thinned_after from app_private.revision_limits())
$$ language sql stable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.thinned_up_to(uuid) from public, anon, authenticated, service_role;
--! EndIncluded sweep/thinned_up_to.sql
--! Included sweep/sessions_to_thin.sql
-- The sessions that have revisions to thin.
create or replace function app_private.sessions_to_thin() returns setof uuid as $$
  select r.session_id
    from public.wizard_session_revisions r
   where r.snapshot is null and r.saved_at <= now() - (select thinned_after from app_private.revision_limits())
   group by r.session_id
  having min(r.revision) < app_private.thinned_up_to(r.session_id)
$$ language sql stable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.sessions_to_thin() from public, anon, authenticated, service_role;
--! EndIncluded sweep/sessions_to_thin.sql
--! Included sweep/thin_wizard_session_revisions.sql
-- Deletes, in up to `at_most` sessions, all revisions before the latest old checkpoint that are not checkpoints. Every kept
-- revision can be rebuilt: it is a checkpoint, or all revisions since the last checkpoint are kept.
create or replace function app_private.thin_wizard_session_revisions(
  at_most integer, out sessions integer, out revisions integer
) as $$
declare
  -- Lock the sessions first: a save prunes revisions too while it holds its session.
  v_ids constant uuid[] := array(
    select s.id from public.wizard_sessions s
     where s.id in (select app_private.sessions_to_thin())
     limit at_most
       for no key update skip locked
  );
begin
  delete from public.wizard_session_revisions r
   using (select id, app_private.thinned_up_to(id) as up_to from unnest(v_ids) id) thinned
   where r.session_id = thinned.id and r.revision < thinned.up_to and r.snapshot is null;
  get diagnostics revisions = row_count;
  sessions = cardinality(v_ids);
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.thin_wizard_session_revisions(integer)
  from public, anon, authenticated, service_role;
--! EndIncluded sweep/thin_wizard_session_revisions.sql
--! Included sweep/preview_sweep.sql
-- How many sessions a sweep would purge and abandon now, and how many revisions it would thin, if no row were locked. A
-- sweep purges first, so it does not abandon and purge a session in the same run.
create or replace function app_private.preview_sweep(
  abandon_after interval, purge_after interval, out purged bigint, out abandoned bigint, out thinned bigint
) as $$
begin
  perform app_private.check_sweep_age(abandon_after), app_private.check_sweep_age(purge_after);
  select count(*) filter (where s.status = 'abandoned' and s.last_saved_at <= now() - purge_after),
         count(*) filter (where s.status = 'in_progress' and s.last_saved_at <= now() - abandon_after)
    into purged, abandoned
    from public.wizard_sessions s
   where s.status in ('in_progress', 'abandoned');
  select count(*) into thinned
    -- `offset 0` evaluates thinned_up_to once per session instead of once per revision.
    from (select id, app_private.thinned_up_to(id) as up_to from app_private.sessions_to_thin() id offset 0) old
    join public.wizard_sessions s
      on s.id = old.id and not (s.status = 'abandoned' and s.last_saved_at <= now() - purge_after)
    join public.wizard_session_revisions r
      on r.session_id = old.id and r.snapshot is null and r.revision < old.up_to;
end;
$$ language plpgsql stable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.preview_sweep(interval, interval) from public, anon, authenticated, service_role;
--! EndIncluded sweep/preview_sweep.sql

--! split: 250-live.sql
--! Included live/wizard_session_watch_key.sql
-- The advisory lock of a session. NOTIFY takes a database-wide lock until the commit is on disk and so serialises commits;
-- a save therefore notifies only if a subscriber watches the session. Subscribers hold this lock in shared mode, and a save
-- tries it in exclusive mode. docs/decisions/0010-notifying-other-tabs.md has measurements.
--
-- Sessions share 1,024 locks, so the lock table never fills up. A collision only costs an unneeded NOTIFY.
create or replace function app_private.wizard_session_watch_key(session_id uuid) returns bigint as $$
  -- The upper half is "live" in ASCII, to avoid collisions with other advisory locks.
  select (1818850917::bigint << 32) | (uuid_hash_extended(session_id, 0) & 1023)
$$ language sql immutable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.wizard_session_watch_key(uuid) from public, anon, authenticated, service_role;
-- Subscribers call it with their own privileges.
grant execute on function app_private.wizard_session_watch_key(uuid) to authenticated, service_role;
--! EndIncluded live/wizard_session_watch_key.sql
--! Included live/tg_wizard_sessions__notify.sql
-- Notifies the subscribers of a session after each save, and after its deletion. While a save holds the lock, no
-- subscriber can take it; one that gets it afterwards sees the save. The lock does not depend on a snapshot, so it is
-- also correct under repeatable read.
create or replace function app_private.tg_wizard_sessions__notify() returns trigger as $$
begin
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
  for each row when (NEW.revision <> OLD.revision)
  execute function app_private.tg_wizard_sessions__notify();

create or replace trigger _610_notify_delete
  after delete on wizard_sessions
  for each row execute function app_private.tg_wizard_sessions__notify();
--! EndIncluded live/triggers.sql

--! split: 260-funnel.sql
--! Included funnel/funnel_limits.sql
-- The longest span of a funnel, the longest break that counts as working time, and the minimum cohort size for times.
-- Every save adds its break to the time spent, so a new `idle_after` applies to later saves only.
create or replace function app_private.funnel_limits(
  out longest_span interval, out idle_after interval, out smallest_group integer
) as $$
  select interval '400 days', interval '30 minutes', 5
$$ language sql immutable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.funnel_limits() from public, anon, authenticated, service_role;
--! EndIncluded funnel/funnel_limits.sql
--! Included funnel/wizard_funnel.sql
-- Runs as the owner because its callers can't read sessions. It returns counts, and times only for cohorts that are large
-- enough not to identify a person.
create or replace function public.wizard_funnel(started_from timestamptz, started_before timestamptz)
returns table (
  stage integer, started integer, reached integer, completed integer, abandoned integer, drop_off integer,
  median_seconds integer, p90_seconds integer
) as $$
declare
  v_limits record;
  -- A gap of more revisions than this has lost checkpoints, and may have lost stage changes with them.
  v_whole  constant integer := (select checkpoint_every from app_private.revision_limits());
begin
  select * into v_limits from app_private.funnel_limits();
  if started_from is null or started_before is null or started_from >= started_before then
    raise exception 'The time span must start before it ends.' using errcode = 'WZ400';
  end if;
  if started_before > started_from + v_limits.longest_span then
    raise exception 'The time span must be at most % long.', v_limits.longest_span using errcode = 'WZ400';
  end if;

  return query
  with cohort as materialized (
    select s.id, s.stage, s.status
      from public.wizard_sessions s
     where s.started_at >= started_from and s.started_at < started_before
  ),
  -- One row per session and stage. The time at a stage is the sum of the times from each save to the next; moving to
  -- another stage is a save. Intervals that end or start abandoned don't count and leave `spent` null.
  visits as (
    -- Rows inserted without triggers have no history: use the session's present stage.
    select c.id, coalesce(a.stage, c.stage) as stage, a.spent
      from cohort c
      -- Lateral: the index returns one session's revisions in order, so nothing has to be sorted.
      left join lateral (
        select s.stage,
               sum(s.next_time_spent - s.time_spent)
                 filter (where s.status = 'in_progress' and s.next_status <> 'abandoned'
                           and s.next_revision - s.revision <= v_whole) as spent
          from (
            select r.stage, r.status, r.revision, r.time_spent,
                   lead(r.revision) over following as next_revision,
                   lead(r.status) over following as next_status,
                   lead(r.time_spent) over following as next_time_spent
              from public.wizard_session_revisions r
             where r.session_id = c.id
            window following as (order by r.revision)
          ) s
         group by s.stage
      ) a on true
  ),
  fates as (
    select f.status, f.last_stage, f.highest, count(*) as sessions
      from (
        select c.status, c.stage as last_stage, max(v.stage) as highest
          from cohort c join visits v on v.id = c.id
         group by c.id, c.status, c.stage
      ) f
     group by f.status, f.last_stage, f.highest
  ),
  times as (
    select v.stage, count(*) as started, count(v.spent) as measured,
           percentile_cont(array[0.5, 0.9]) within group (order by extract(epoch from v.spent)::float8) as percentiles
      from visits v
     group by v.stage
  )
  select n.stage,
         coalesce(max(t.started), 0)::integer,
         coalesce(sum(f.sessions) filter (where f.highest >= n.stage), 0)::integer,
         coalesce(sum(f.sessions) filter (where f.highest >= n.stage and f.status = 'completed'), 0)::integer,
         coalesce(sum(f.sessions) filter (where f.last_stage = n.stage and f.status = 'abandoned'), 0)::integer,
         coalesce(sum(f.sessions) filter (where f.highest = n.stage and f.status <> 'completed'), 0)::integer,
         round(max(t.percentiles[1]) filter (where t.measured >= v_limits.smallest_group))::integer,
         round(max(t.percentiles[2]) filter (where t.measured >= v_limits.smallest_group))::integer
    from generate_series(1, 6) n (stage)
    left join times t on t.stage = n.stage
    left join fates f on true
   group by n.stage
   order by n.stage;
end;
$$ language plpgsql stable security definer set search_path to pg_catalog, pg_temp;

revoke all on function public.wizard_funnel(timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.wizard_funnel(timestamptz, timestamptz) to service_role;

comment on function public.wizard_funnel(timestamptz, timestamptz) is
  'For each stage: how many of the sessions begun in the span came there, and what became of them.';
--! EndIncluded funnel/wizard_funnel.sql

--! split: 265-auth-analyst.sql
--! Included auth/analyst.sql
-- `analyst` can read the funnel and nothing else. Supabase projects don't have this role; the export leaves it out.
grant usage on schema public to analyst;
grant execute on function public.wizard_funnel(timestamptz, timestamptz) to analyst;
--! EndIncluded auth/analyst.sql

--! split: 270-my-data.sql
--! Included my-data/personal_tables.sql
-- Every table that foreign keys connect to profiles. `of_user` selects the rows of user $1. A rule in
-- db/tests/schema-rules.test.ts fails when a table is missing here.
create or replace function app_private.personal_tables()
returns table (name text, of_user text, in_order text, is_history boolean) as $$
  select * from (values
    ('profiles', 'id = $1', 'id', false),
    ('events', ':EVENTS_OWNER_COLUMN = $1', 'id', false),
    ('event_tickets', 'event_id in (select id from public.events where :EVENTS_OWNER_COLUMN = $1)', 'event_id, key', false),
    ('event_private_details', 'event_id in (select id from public.events where :EVENTS_OWNER_COLUMN = $1)', 'event_id', false),
    ('wizard_sessions', 'user_id = $1', 'started_at, id', false),
    ('wizard_session_revisions', 'session_id in (select id from public.wizard_sessions where user_id = $1)',
     'session_id, revision', true)
  ) known (name, of_user, in_order, is_history)
  -- A project with its own `events` does not have our other event tables.
  where to_regclass('public.' || known.name) is not null
$$ language sql stable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.personal_tables() from public, anon, authenticated, service_role;
grant execute on function app_private.personal_tables() to authenticated, service_role;
--! EndIncluded my-data/personal_tables.sql
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
  'Everything that is stored about the caller, as one JSON document: the rows of each table as they are, times in UTC. Without `history` the revisions of the sessions are left out. Refused with STATE_TOO_LARGE where it would be more than 16 MiB, and with TIMEOUT while another export of the caller''s is under way.';
--! EndIncluded my-data/export_my_data.sql

--! split: 275-profiles-erase.sql
--! Included profiles/count_personal_rows.sql
-- Counts the user's rows per table, so that erase_me can report what it deleted. The Supabase export leaves this file
-- and erase_me out where the project has its own `profiles`: deleting those is up to the project.
create or replace function app_private.count_personal_rows(user_id uuid) returns jsonb as $$
declare
  v_counts jsonb := '{}';
  v_table  record;
  v_count  bigint;
begin
  for v_table in select * from app_private.personal_tables() loop
    execute format('select count(*) from public.%I where %s', v_table.name, v_table.of_user)
       into v_count using count_personal_rows.user_id;
    v_counts = v_counts || jsonb_build_object(v_table.name, v_count);
  end loop;
  return v_counts;
end;
$$ language plpgsql stable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.count_personal_rows(uuid) from public, anon, authenticated, service_role;
--! EndIncluded profiles/count_personal_rows.sql
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
  'Erases everything that is stored about the caller, completed sessions too, for good. `userId` is the caller''s own id and confirms it. Answers how many rows of each table went; the next session or event makes a new profile.';
--! EndIncluded profiles/erase_me.sql
