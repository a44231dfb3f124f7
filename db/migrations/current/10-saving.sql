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

--!include auth/jwt.sql
--!include auth/uid.sql
--!include auth/role.sql
--!include saving/json_merge_patch.sql
--!include revisions/revision_limits.sql
--!include saving/may_have_lost_revisions.sql
--!include saving/check_save_key.sql
--!include saving/save_conflicts_by_history.sql
--!include saving/save_conflicts_by_value.sql
--!include saving/save_wizard_session.sql
--!include saving/tg_wizard_session_revisions__keep_keys.sql
--!include sessions/tg_wizard_sessions__bury.sql
--!include sessions/tg_wizard_sessions__limit_state.sql
--!include sessions/tg_wizard_sessions__set_title.sql
--!include sessions/tg_wizard_sessions__resume.sql
--!include sessions/tg_wizard_sessions__save.sql
--!include sessions/wizard_session_loses_event.sql
--!include sessions/update_wizard_session_timestamp.sql
--!include sessions/grants.sql
--!include revisions/tg_wizard_sessions__record.sql
--!include revisions/triggers.sql
--!include revisions/comments.sql
--!include live/tg_wizard_sessions__notify.sql
--!include live/triggers.sql
--!include funnel/wizard_funnel.sql
