--! Previous: sha1:e000729e46bfdf455e91569ef6730a51de27882a
--! Hash: sha1:dcd066c5d8ec7e2cae3228453bca45ce43d71eec
--! Message: merge edits of events

--! split: 1-current.sql
-- Comments and names only.
--! Included revisions/tg_wizard_sessions__record.sql
-- Records every save and abandonment of a session as a revision, whichever client caused it. Runs as the owner because no
-- caller can write revisions.
create or replace function app_private.tg_wizard_sessions__record() returns trigger as $$
declare
  v_every constant integer := (select checkpoint_every from app_private.revision_limits());
  -- A break between two saves counts as working time up to this limit.
  v_max_break constant interval := '30 minutes';
  v_text  constant text := NEW.state::text;
  v_patch jsonb;
  v_checkpoint boolean;
  v_at    timestamptz = NEW.last_saved_at;
  v_spent interval;
  v_has_previous boolean;
begin
  if TG_OP = 'INSERT' then
    v_patch = NEW.state;
    v_checkpoint = true;
  else
    -- Abandoning does not change `last_saved_at`, so the revision takes the current time.
    if NEW.last_saved_at = OLD.last_saved_at then
      v_at = greatest(clock_timestamp(), NEW.last_saved_at + interval '1 microsecond');
    end if;
    select r.time_spent into v_spent
      from public.wizard_session_revisions r where r.session_id = NEW.id and r.revision = NEW.revision - 1;
    v_has_previous = found;
    -- Add the time since the last save, up to `v_max_break`. The time before abandoning and while abandoned does not count.
    if OLD.status = 'in_progress' and NEW.status <> 'abandoned' then
      v_spent = coalesce(v_spent, '0') + least(v_at - OLD.last_saved_at, v_max_break);
    end if;
    v_patch = app_private.json_merge_diff(OLD.state, NEW.state);
    v_checkpoint = NEW.stage <> OLD.stage or NEW.status <> OLD.status or NEW.revision % v_every = 0
      -- Compare text: 1.0 and 1.00 are equal as jsonb, but a rebuilt state must be identical byte for byte. And a patch
      -- can't express a null inside the state.
      or app_private.json_merge_patch(OLD.state, v_patch)::text <> v_text
      -- The previous revision is missing, for example after a restore without triggers.
      or not v_has_previous;
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
--! Included saving/save_wizard_session.sql
-- Merges a patch into the state of a session. The patch may be based on an older revision. Runs as the caller, so the
-- table's policies, grants and triggers decide who can save and what a state may contain.
create or replace function public.save_wizard_session(
  id uuid, save_id uuid, base_revision integer, patch jsonb, stage integer default null
) returns public.save_wizard_session_payload as $$
declare
  -- Copies, because parameters and columns have the same names.
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

  -- Locks the row: a concurrent save waits here, then sees what this one wrote.
  select * into v_session from wizard_sessions s where s.id = v_id for update;
  if not found then
    raise exception 'This session does not exist or is not yours.' using errcode = 'WZ404';
  end if;

  -- Check the key before the patch and the revision: the answer to a repeated save must not depend on later changes.
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
  -- Skip completed sessions: the update below refuses them with WZ423.
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
  'Saves a merge patch (RFC 7396) onto the state of a session. If other saves followed `baseRevision`, the patch is merged. If one of them changed the same path, nothing is written and the outcome is CONFLICT. Sending the same save with the same `saveId` again writes nothing; a different save with it is refused with SAVE_ID_REUSED. Keys are remembered for at least 90 days.';
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

--! split: 120-events-tickets.sql
-- A currency is needed once a ticket costs something, which write_event() checks.
alter table events
  drop constraint events_published_check,
  add constraint events_published_check check (
    status not in ('published', 'cancelled')
    or num_nulls(category, organizer_name, timezone, starts_at, ends_at, mode, description, slug, visibility) = 0
  );

-- The organizer's order of tickets. Old tickets keep the order in which event pages showed them.
alter table event_tickets drop column if exists position;
alter table event_tickets add column position integer;
update event_tickets t set position = o.position
  from (
    select event_id, key, row_number() over (partition by event_id order by price_minor nulls first, name, key) as position
      from event_tickets
  ) o
 where o.event_id = t.event_id and o.key = t.key;
alter table event_tickets
  alter column position set default 1,
  alter column position set not null,
  add constraint event_tickets_position_check check (position >= 1);

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
              order by t.position, t.key
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
comment on column published_event.currency is 'The currency of all prices, as three letters of ISO 4217. Null if every ticket is free.';
comment on column published_event.description is 'What visitors should know, in Markdown.';
comment on column published_event.cover_image_url is 'The https URL of a picture.';
comment on column published_event.cover_image_alt is 'What the picture shows.';
comment on column published_event.accent is 'A color for buttons and links, such as `#b3261e`.';
comment on column published_event.support_email is 'The e-mail address for questions.';
comment on column published_event.visibility is 'Public or unlisted.';
comment on column published_event.refund_policy is
  'Until when visitors can get a refund: one of the wizard''s choices.';
comment on column published_event.tickets is 'The ticket types, in the organizer''s order.';
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
                 'maxPerOrder', t.max_per_order, 'salesStart', t.sales_start, 'salesEnd', t.sales_end,
                 'position', t.position
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

--! split: 130-events-revision.sql
alter table events add column if not exists revision integer not null default 0;

--! Included events/tg_events__save.sql
-- Compares the revision that the update names, and increments it.
create or replace function app_private.tg_events__save() returns trigger as $$
begin
  if NEW.revision <> OLD.revision then
    raise exception 'This event was changed elsewhere: it is at revision %, not %. Read it again, then change it.', OLD.revision, NEW.revision
      using errcode = 'WZ409', detail = jsonb_build_object('currentRevision', OLD.revision);
  end if;
  -- An explicit null stays null and violates the not-null constraint, so it can't skip the comparison.
  NEW.revision = NEW.revision + 1;
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_events__save() from public, anon, authenticated, service_role;
--! EndIncluded events/tg_events__save.sql
--! Included events/tg_events__part_changed.sql
-- Increments the revision of the events whose tickets or private details changed, by updating these events.
create or replace function app_private.tg_events__part_changed() returns trigger as $$
begin
  update public.events e set revision = e.revision where e.id in (select c.event_id from changed c);
  return null;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_events__part_changed() from public, anon, authenticated, service_role;
--! EndIncluded events/tg_events__part_changed.sql
--! Included events/triggers.sql
create or replace trigger _100_ensure_profile
  before insert on events
  for each row when (NEW.owner_id = auth.uid())
  execute function app_private.tg__ensure_profile();

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
--! Included events/grants.sql
revoke all on events from public, anon, authenticated, service_role;
-- Users can write only what a form for draft events needs; publishing and cancelling have their own rules. `owner_id` can
-- be set on insert, where the policy checks it, and never changes. An update may name `revision` only to have it compared.
grant select, delete, insert (id, owner_id, title, starts_at, ends_at), update (title, starts_at, ends_at, revision)
  on events to authenticated, service_role;
grant select on events to anon;

revoke all on event_tickets from public, anon, authenticated, service_role;
grant select on event_tickets to anon, authenticated, service_role;

revoke all on event_private_details from public, anon, authenticated, service_role;
grant select on event_private_details to authenticated, service_role;
--! EndIncluded events/grants.sql
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
  'The last part of the event page''s URL: 3 to 60 lowercase letters, digits and hyphens. Unique.';
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

--! split: 139-undo.sql
drop table if exists wizard_session_event_bases cascade;

--! split: 140-session-event-bases.sql
create table wizard_session_event_bases (
  session_id uuid primary key references wizard_sessions (id) on delete cascade,
  event_id   uuid not null,
  answers    jsonb
);

--! Included event-bases/policies.sql
-- Belongs to the owner of the session, like a revision.
alter table wizard_session_event_bases enable row level security;
drop policy if exists wizard_session_event_bases_policy on wizard_session_event_bases;
create policy wizard_session_event_bases_policy on wizard_session_event_bases for select to authenticated
  using (
    exists (
      select from wizard_sessions s
       where s.id = wizard_session_event_bases.session_id and s.user_id = (select auth.uid())
    )
  );
--! EndIncluded event-bases/policies.sql
--! Included event-bases/grants.sql
revoke all on wizard_session_event_bases from public, anon, authenticated, service_role;
-- Read-only: a trigger writes the rows as the owner.
grant select on wizard_session_event_bases to authenticated, service_role;
--! EndIncluded event-bases/grants.sql
--! Included event-bases/comments.sql
comment on table wizard_session_event_bases is
  'The answers of an event when a session began to edit it. Completing the session writes what differs from them, and removes the row.';
comment on column wizard_session_event_bases.session_id is 'The session.';
comment on column wizard_session_event_bases.event_id is
  'The event. It is not a reference, so that it is known when the event was deleted.';
comment on column wizard_session_event_bases.answers is
  'The event''s answers at that time. Null in a project whose own events are not read as answers.';
comment on constraint wizard_session_event_bases_session_id_fkey on wizard_session_event_bases is 'The session.';
--! EndIncluded event-bases/comments.sql
--! Included event-bases/tg_wizard_sessions__remember_event.sql
-- Remembers the answers of the event that a session begins to edit. Runs as the owner because no caller can write them.
create or replace function app_private.tg_wizard_sessions__remember_event() returns trigger as $$
begin
  if NEW.event_id is not distinct from OLD.event_id then
    return null;
  elsif NEW.event_id is not null then
    insert into public.wizard_session_event_bases (session_id, event_id, answers)
    values (NEW.id, NEW.event_id, app_private.event_answers(NEW.event_id))
    on conflict (session_id) do update set event_id = excluded.event_id, answers = excluded.answers;
  elsif exists (select from public.events e where e.id = OLD.event_id) then
    -- The owner detached the session. After a deletion of the event, the base stays: completing must ask.
    delete from public.wizard_session_event_bases b where b.session_id = NEW.id;
  end if;
  return null;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__remember_event() from public, anon, authenticated, service_role;
--! EndIncluded event-bases/tg_wizard_sessions__remember_event.sql
--! Included event-bases/same_answer.sql
-- Whether two answers to the field of that key are equal. A missing answer, null and an empty text are equal; times are
-- equal if they are the same instant, because an event's times are read in UTC.
create or replace function app_private.same_answer(key text, a jsonb, b jsonb) returns boolean as $$
declare
  v_a constant text := coalesce(a #>> '{}', '');
  v_b constant text := coalesce(b #>> '{}', '');
  v_time constant text := '^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$';
begin
  if v_a = '' or v_b = '' then
    return v_a = v_b;
  elsif a = b then
    return true;
  end if;
  return key in ('startsAt', 'endsAt', 'doorsAt', 'salesStart', 'salesEnd', 'publishAt')
    and v_a ~ v_time and v_b ~ v_time and v_a::timestamptz = v_b::timestamptz;
exception when data_exception then
  -- A state can contain a time that does not exist.
  return false;
end;
$$ language plpgsql immutable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.same_answer(text, jsonb, jsonb) from public, anon, authenticated, service_role;
--! EndIncluded event-bases/same_answer.sql
--! Included event-bases/merge_answers.sql
-- The answers `theirs` with what `yours` changed since `base`. Where both changed the same field, `yours` wins.
create or replace function app_private.merge_answers(base jsonb, yours jsonb, theirs jsonb) returns jsonb as $$
begin
  return (
    select coalesce(json_object_agg(key, value) filter (where value is not null), '{}')::jsonb
      from (
        select key, case
                 when jsonb_typeof(y.value) = 'object' and jsonb_typeof(t.value) = 'object'
                   then app_private.merge_answers(b.value, y.value, t.value)
                 when app_private.same_answer(key, y.value, b.value) then t.value
                 else y.value
               end as value
          from jsonb_each(yours) y
          full join jsonb_each(theirs) t using (key)
          left join jsonb_each(case jsonb_typeof(base) when 'object' then base else '{}' end) b using (key)
      ) merged
  );
end;
$$ language plpgsql immutable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.merge_answers(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
--! EndIncluded event-bases/merge_answers.sql
--! Included event-bases/answer_conflicts.sql
-- The fields that `yours` and `theirs` both changed since `base`, to different values. An object that only one of them has,
-- such as a ticket that the other removed, counts as one field.
create or replace function app_private.answer_conflicts(base jsonb, yours jsonb, theirs jsonb)
returns setof public.save_conflict as $$
  with recursive field (path, base, yours, theirs, is_group) as (
    select '{}'::text[], base, yours, theirs, true
    union all
    select f.path || m.key, m.base, m.yours, m.theirs,
           coalesce(jsonb_typeof(m.yours) = 'object' and jsonb_typeof(m.theirs) = 'object', false)
      from field f
     cross join lateral (
       select key, b.value, y.value, t.value
         from jsonb_each(case when f.is_group then f.yours else '{}' end) y
         full join jsonb_each(case when f.is_group then f.theirs else '{}' end) t using (key)
         left join jsonb_each(case jsonb_typeof(f.base) when 'object' then f.base else '{}' end) b using (key)
     ) m (key, base, yours, theirs)
  )
  select app_private.json_pointer(f.path), f.base, f.yours, f.theirs
    from field f
   where not f.is_group
     and not app_private.same_answer(f.path[cardinality(f.path)], f.yours, f.base)
     and not app_private.same_answer(f.path[cardinality(f.path)], f.theirs, f.base)
     and not app_private.same_answer(f.path[cardinality(f.path)], f.yours, f.theirs)
   order by f.path
$$ language sql immutable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.answer_conflicts(jsonb, jsonb, jsonb) from public, anon, authenticated, service_role;
--! EndIncluded event-bases/answer_conflicts.sql
--! Included event-bases/answers_to_publish.sql
-- The state that completing a session publishes, before hidden, blank and unknown fields are removed: the state of the
-- session, or, if its event was changed since the session began to edit it, the event with the session's changes. Locks
-- the session. `event_revision` is the revision of the event that the user has seen: at that revision, the session's
-- changes overwrite the event's.
create or replace function app_private.answers_to_publish(
  session_id uuid, event_revision integer default null, as_new_event boolean default false
) returns jsonb as $$
declare
  v_session   constant public.wizard_sessions := app_private.lock_wizard_session(answers_to_publish.session_id);
  v_base      public.wizard_session_event_bases;
  v_theirs    jsonb;
  v_present   integer;
  v_conflicts jsonb;
begin
  select * into v_base from public.wizard_session_event_bases b where b.session_id = v_session.id;
  if not found or v_session.event_id is null and as_new_event then
    return v_session.state;
  elsif v_session.event_id is null then
    raise exception 'The event of this session was deleted. To publish a new event, complete the session with asNewEvent.'
      using errcode = 'WZ410', detail = jsonb_build_object('eventId', v_base.event_id);
  end if;

  v_theirs = app_private.event_answers(v_session.event_id);
  if v_theirs is null or v_base.answers is null or v_theirs = v_base.answers then
    return v_session.state;
  end if;
  select jsonb_agg(to_jsonb(c)) into v_conflicts
    from app_private.answer_conflicts(v_base.answers, v_session.state, v_theirs) c;
  -- By way of JSON, because a project's own events may have no such column.
  select (to_jsonb(e) ->> 'revision')::integer into v_present from public.events e where e.id = v_session.event_id;
  if v_conflicts is not null and (event_revision = v_present) is not true then
    raise exception 'The event was changed elsewhere, in fields that this session changed too. Choose one value for each.'
      using errcode = 'WZ414', detail = jsonb_build_object('conflicts', v_conflicts, 'eventRevision', v_present);
  end if;
  return app_private.merge_answers(v_base.answers, v_session.state, v_theirs);
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function app_private.answers_to_publish(uuid, integer, boolean)
  from public, anon, authenticated, service_role;
grant execute on function app_private.answers_to_publish(uuid, integer, boolean) to authenticated, service_role;
--! EndIncluded event-bases/answers_to_publish.sql
--! Included event-bases/triggers.sql
create or replace trigger _600_remember_event
  after insert or update of event_id on wizard_sessions
  for each row when (NEW.status <> 'completed')
  execute function app_private.tg_wizard_sessions__remember_event();
--! EndIncluded event-bases/triggers.sql

drop function if exists public.complete_wizard_session(uuid, integer, jsonb);
--! Included saving/complete_wizard_session.sql
-- Publishes a session's answers as an event and locks the session, in one transaction. The caller has validated the answers
-- against the wizard's schemas; this function makes sure that they are part of what app_private.answers_to_publish returns
-- at the revision that was validated. Runs as the owner because users can't publish events directly.
create or replace function public.complete_wizard_session(
  id uuid, base_revision integer, answers jsonb, event_revision integer default null, as_new_event boolean default false
) returns wizard_sessions as $$
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
  if not app_private.answers_to_publish(v_id, event_revision, as_new_event) @> answers then
    raise exception 'The answers differ from the state of the session, or from its event. Read them again, then complete it.'
      using errcode = 'WZ400', detail = '{"field": "answers"}';
  end if;
  v_event = app_private.write_event(v_session.event_id, v_session.user_id, answers);
  update public.wizard_sessions s set status = 'completed', event_id = v_event where s.id = v_id
  returning * into v_session;
  delete from public.wizard_session_event_bases b where b.session_id = v_id;
  return v_session;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function public.complete_wizard_session(uuid, integer, jsonb, integer, boolean)
  from public, anon, authenticated, service_role;
grant execute on function public.complete_wizard_session(uuid, integer, jsonb, integer, boolean) to authenticated, service_role;

comment on function public.complete_wizard_session(uuid, integer, jsonb, integer, boolean) is
  'Publishes the event that a session describes, and completes the session. INCOMPLETE, with the problems, if something is missing or wrong. REVISION_CONFLICT if the session was saved since `baseRevision`. A session of an existing event writes only what it changed: EVENT_CONFLICT, with the conflicts, if the event was changed in the same fields; EVENT_DELETED if it was deleted. Calling it again changes nothing and returns the same event.';
--! EndIncluded saving/complete_wizard_session.sql
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
    ('wizard_session_event_bases', 'session_id in (select id from public.wizard_sessions where user_id = $1)',
     'session_id', false),
    ('wizard_session_revisions', 'session_id in (select id from public.wizard_sessions where user_id = $1)',
     'session_id, revision', true)
  ) known (name, of_user, in_order, is_history)
  -- A project with its own `events` does not have our other event tables.
  where to_regclass('public.' || known.name) is not null
$$ language sql stable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.personal_tables() from public, anon, authenticated, service_role;
grant execute on function app_private.personal_tables() to authenticated, service_role;
--! EndIncluded my-data/personal_tables.sql

--! split: 145-events-bases-of-older-sessions.sql
-- Sessions of the releases before this migration. The answers that startWizardSession wrote are recognized by their form:
-- all six stages, no acceptance of the terms, times in UTC. Any other session gets the present answers of its event, so that
-- completing it overwrites earlier changes of the event, as before, and no later ones.
insert into wizard_session_event_bases (session_id, event_id, answers)
select s.id, s.event_id, coalesce(started.snapshot, app_private.event_answers(s.event_id))
  from wizard_sessions s
  left join wizard_session_revisions started
    on started.session_id = s.id and started.revision = 0
   and started.snapshot ?& array['basics', 'schedule', 'location', 'tickets', 'page', 'publish']
   and started.snapshot -> 'publish' -> 'acceptTerms' is null
   and coalesce(started.snapshot -> 'schedule' ->> 'startsAt', '+00:00') like '%+00:00'
 where s.event_id is not null and s.status <> 'completed'
on conflict do nothing;
