--! Previous: sha1:7e699a90827ee573e5782e8813b3c01fc5fdb92e
--! Hash: sha1:9dd44706d381264e83f46762da3f557d3ba8da1b
--! Message: resume abandoned sessions by saving only

--! split: 1-current.sql
-- Resuming an abandoned session no longer depends on a mark in `completed_at`.
drop trigger if exists _240_status_is_said on wizard_sessions;
drop function if exists app_private.tg_wizard_sessions__status_is_said();
--! Included sessions/tg_wizard_sessions__resume.sql
-- Saving an abandoned session resumes it. Migrating it to the current definition is not a save.
create or replace function app_private.tg_wizard_sessions__resume() returns trigger as $$
begin
  NEW.status = 'in_progress';
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_wizard_sessions__resume() from public, anon, authenticated, service_role;
--! EndIncluded sessions/tg_wizard_sessions__resume.sql
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

create or replace trigger update_wizard_session_timestamp
  before update on wizard_sessions
  for each row when (not (
    NEW.event_id is null and OLD.event_id is not null
    and app_private.wizard_session_loses_event(OLD, NEW)
  ))
  execute function public.update_wizard_session_timestamp();
--! EndIncluded sessions/triggers.sql

-- Abandoning a session is not a save, whoever does it.
--! Included sessions/update_wizard_session_timestamp.sql
-- clock_timestamp(), not now(): a transaction may start before a save that it then waits for. Each save is later than the
-- one before it. Abandoning a session is not a save, so its time stays.
create or replace function public.update_wizard_session_timestamp() returns trigger as $$
begin
  if OLD.status = 'in_progress' and NEW.status = 'abandoned'
    and (NEW.stage, NEW.state, NEW.event_id) is not distinct from (OLD.stage, OLD.state, OLD.event_id)
  then
    NEW.last_saved_at = OLD.last_saved_at;
  else
    NEW.last_saved_at = greatest(clock_timestamp(), OLD.last_saved_at + interval '1 microsecond');
  end if;
  return NEW;
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function public.update_wizard_session_timestamp() from public, anon, authenticated, service_role;
--! EndIncluded sessions/update_wizard_session_timestamp.sql

-- A save no longer reads the funnel's limits.
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
--! Included funnel/wizard_funnel.sql
-- Runs as the owner because its callers can't read sessions. It returns counts, and times only for cohorts that are large
-- enough not to identify a person.
create or replace function public.wizard_funnel(started_from timestamptz, started_before timestamptz)
returns table (
  stage integer, started integer, reached integer, completed integer, abandoned integer, drop_off integer,
  median_seconds integer, p90_seconds integer
) as $$
declare
  v_longest_span constant interval := '400 days';
  -- Times are returned for at least this many sessions.
  v_minimum_cohort constant integer := 5;
  -- A gap of more revisions than this has lost checkpoints, and may have lost stage changes with them.
  v_whole constant integer := (select checkpoint_every from app_private.revision_limits());
begin
  if started_from is null or started_before is null or started_from >= started_before then
    raise exception 'The time span must start before it ends.' using errcode = 'WZ400';
  end if;
  if started_before > started_from + v_longest_span then
    raise exception 'The time span must be at most % long.', v_longest_span using errcode = 'WZ400';
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
         round(max(t.percentiles[1]) filter (where t.measured >= v_minimum_cohort))::integer,
         round(max(t.percentiles[2]) filter (where t.measured >= v_minimum_cohort))::integer
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
drop function if exists app_private.funnel_limits();
