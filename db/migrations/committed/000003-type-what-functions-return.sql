--! Previous: sha1:9dd44706d381264e83f46762da3f557d3ba8da1b
--! Hash: sha1:aeb051d65cedbd667713d8d49a7fe1c514cae20b
--! Message: type what functions return

--! split: 100-events-types.sql
-- Types what `published_event` returns: the columns that the event page shows. The API takes its types from SQL.
drop function if exists public.published_event(text);
drop type if exists public.published_event, public.published_ticket cascade;
create type public.published_ticket as (
  key           text,
  name          text,
  kind          text,
  price_minor   bigint,
  quantity      integer,
  max_per_order integer,
  sales_start   timestamptz,
  sales_end     timestamptz
);
create type public.published_event as (
  id              uuid,
  slug            text,
  title           text,
  category        text,
  summary         text,
  organizer_name  text,
  timezone        text,
  starts_at       timestamptz,
  ends_at         timestamptz,
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
  cover_image_url text,
  cover_image_alt text,
  accent          text,
  support_email   text,
  visibility      text,
  refund_policy   text,
  tickets         public.published_ticket[]
);

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

--! split: 200-saving-types.sql
-- Types what `wizard_session_at` and `save_wizard_session` return.
drop function if exists public.wizard_session_at(uuid, integer);
drop function if exists public.save_wizard_session(uuid, uuid, integer, jsonb, integer);
drop function if exists app_private.save_conflicts(public.wizard_sessions, integer, jsonb);
drop type if exists
  public.wizard_session_state, public.save_wizard_session_payload, public.save_outcome, public.save_conflict cascade;
create type public.wizard_session_state as (
  revision           integer,
  stage              integer,
  state              jsonb,
  saved_at           timestamptz,
  definition_version integer
);
create type public.save_outcome as enum ('SAVED', 'MERGED', 'DUPLICATE', 'CONFLICT');
create type public.save_conflict as (
  pointer text,
  base    jsonb,
  yours   jsonb,
  theirs  jsonb
);
create type public.save_wizard_session_payload as (
  outcome        public.save_outcome,
  wizard_session public.wizard_sessions,
  conflicts      public.save_conflict[]
);

--! Included revisions/wizard_session_at.sql
-- Rebuilds a state from the last checkpoint and the patches after it. Runs as the caller.
create or replace function public.wizard_session_at(id uuid, revision integer) returns public.wizard_session_state as $$
declare
  v_id     constant uuid := wizard_session_at.id;
  v_target wizard_session_revisions;
  v_step   record;
  v_state  jsonb;
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
    v_state = coalesce(v_step.snapshot, app_private.json_merge_patch(v_state, v_step.patch));
  end loop;
  return row(
    v_target.revision, v_target.stage, v_state, v_target.saved_at, v_target.definition_version
  )::public.wizard_session_state;
end;
$$ language plpgsql stable set search_path to public, pg_temp;

revoke all on function public.wizard_session_at(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.wizard_session_at(uuid, integer) to authenticated, service_role;

comment on function public.wizard_session_at(uuid, integer) is
  'The state of a session after one of its revisions. NOT_FOUND if the session does not exist or the revision is not kept.';
comment on type wizard_session_state is
  'What a session contained after one of its revisions.';
comment on column wizard_session_state.revision is 'The revision.';
comment on column wizard_session_state.stage is 'The stage that the user was at, 1 to 6.';
comment on column wizard_session_state.state is 'The answers: a JSON object.';
comment on column wizard_session_state.saved_at is 'When the revision was saved.';
comment on column wizard_session_state.definition_version is
  'The version of the wizard''s definition that the state was saved under.';
--! EndIncluded revisions/wizard_session_at.sql
--! Included saving/save_conflicts.sql
-- The conflicts between a merged state and the saves after `base`: every path that the merge would change and that one of
-- those saves wrote at, above or below, with the value at the base, the new value (yours) and the present one (theirs). If
-- the history since `base` is incomplete, every changed path is a conflict.
create or replace function app_private.save_conflicts(session wizard_sessions, base integer, merged jsonb)
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

revoke all on function app_private.save_conflicts(wizard_sessions, integer, jsonb)
  from public, anon, authenticated, service_role;
grant execute on function app_private.save_conflicts(wizard_sessions, integer, jsonb) to authenticated, service_role;
--! EndIncluded saving/save_conflicts.sql
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
  if exists (
    select from wizard_session_revisions r where r.session_id = v_id and r.save_id = v_save_id
  ) then
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
         last_save_id = v_save_id
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
  'Saves a merge patch (RFC 7396) onto the state of a session. A save onto an older revision is merged if it changes other paths than the saves since; otherwise nothing is written and the outcome is CONFLICT. Sending the same `saveId` again writes nothing.';
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
  'Starts a session under an id that the client makes. With `eventId`, the session edits that event and starts with its answers. Calling it again with the same id returns the same session. A state saved under an older definition is upgraded, as a save of its own.';
--! EndIncluded saving/start_wizard_session.sql
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
  'Saves the state and the stage of an earlier revision as a new revision. NOT_FOUND if that revision is not kept.';
--! EndIncluded saving/restore_wizard_session.sql
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
  'Publishes the event that a session describes, and completes the session. INCOMPLETE, with the problems, if something is missing or wrong. REVISION_CONFLICT if the session was saved since `baseRevision`. Calling it again changes nothing and returns the same event.';
--! EndIncluded saving/complete_wizard_session.sql

--! split: 300-funnel-type.sql
-- Types what `wizard_funnel` returns for each stage, and names its parameters as the API does.
drop function if exists public.wizard_funnel(timestamptz, timestamptz);
drop type if exists public.wizard_funnel_stage cascade;
create type public.wizard_funnel_stage as (
  stage          integer,
  started        integer,
  reached        integer,
  completed      integer,
  abandoned      integer,
  drop_off       integer,
  median_seconds integer,
  p90_seconds    integer
);

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
  v_stages public.wizard_funnel_stage[];
  -- A gap of more revisions than this has lost checkpoints, and may have lost stage changes with them.
  v_whole constant integer := (select checkpoint_every from app_private.revision_limits());
begin
  if v_from is null or v_to is null or v_from >= v_to then
    raise exception '`from` must be before `to`.' using errcode = 'WZ400';
  end if;
  if v_to > v_from + v_longest_span then
    raise exception 'The time from `from` to `to` must be at most %.', v_longest_span using errcode = 'WZ400';
  end if;

  with cohort as materialized (
    select s.id, s.stage, s.status
      from public.wizard_sessions s
     where s.started_at >= v_from and s.started_at < v_to
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
  select array_agg(row(n.*)::public.wizard_funnel_stage order by n.stage) into v_stages from (
    select n.stage,
           coalesce(max(t.started), 0)::integer,
           coalesce(sum(f.sessions) filter (where f.highest >= n.stage), 0)::integer,
           coalesce(sum(f.sessions) filter (where f.highest >= n.stage and f.status = 'completed'), 0)::integer,
           coalesce(sum(f.sessions) filter (where f.last_stage = n.stage and f.status = 'abandoned'), 0)::integer,
           coalesce(sum(f.sessions) filter (where f.highest = n.stage and f.status <> 'completed'), 0)::integer,
           round(max(t.percentiles[1]) filter (where t.measured >= v_minimum_cohort))::integer,
           round(max(t.percentiles[2]) filter (where t.measured >= v_minimum_cohort))::integer
      from generate_series(1, 6) n (stage)
      left join times t on t.stage = n.stage
      left join fates f on true
     group by n.stage
  ) n;
  return v_stages;
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

--! split: 310-auth-analyst.sql
--! Included auth/analyst.sql
-- `analyst` can read the funnel and nothing else. Supabase projects don't have this role; the export leaves it out.
grant usage on schema public to analyst;
grant execute on function public.wizard_funnel(timestamptz, timestamptz) to analyst;
--! EndIncluded auth/analyst.sql
