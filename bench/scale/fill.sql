-- Fills a database with sessions and their history, without triggers. Every revision can be rebuilt. As in release 0.1.0,
-- each change of stage or status is a checkpoint, so that there is a backlog to thin. The settings bench.sessions and
-- bench.big_user_sessions have the numbers.
set session_replication_role = replica;
select setseed(0.5);

-- A thousand courses that a session can take, each of ten revisions: stage, status and state after each of them, and the
-- working time (`active`, in seconds) and the breaks of a day until then.
create table bench_vocabulary as
  select array_agg((array['ba','con','der','e','fin','gra','ho','in','ker','lo','mun','na','o','pre','qui'])[1 + n % 15]
                   || (array['ra','sto','ti','un','ver','wal','xen','yo','zim','ter'])[1 + n / 15 % 10]
                   || (array['a','is','en','o'])[1 + n / 150]) as words
    from generate_series(0, 599) n;
create table bench_courses as
with recursive
kinds as (
  select course,
         case when course % 10 < 3 then 'completed' when course % 10 < 6 then 'abandoned' else 'in_progress' end as last_status,
         case when course % 10 < 3 then 6 else 1 + floor(random() * 6)::integer end as furthest
    from generate_series(0, 999) course
),
steps as (
  select k.course, r.revision,
         1 + (k.furthest - 1) * least(r.revision, 8) / 8 as stage,
         case when r.revision = 9 then k.last_status else 'in_progress' end as status,
         case when r.revision = 0 then 0 else 10 + floor(random() * 400) end as seconds,
         r.revision > 0 and random() < 0.1 as after_a_break,
         -- The last save of a completed or abandoned session changes nothing but its status.
         case when r.revision = 0 or r.revision = 9 and k.last_status <> 'in_progress' then '{}' else jsonb_build_object(
           (array['basics','schedule','location','tickets','page','publish'])[1 + (k.furthest - 1) * least(r.revision, 8) / 8],
           jsonb_build_object('field' || r.revision, (
             -- One text of four is long. The sum makes PostgreSQL choose other words for each row.
             select string_agg(word, ' ')
               from generate_series(1, case when r.revision % 4 = 1 then 60 else 14 end + 0 * k.course) w
              cross join lateral (select v.words[1 + floor(random() * 600 + 0 * w)::integer]) _ (word)
           ))
         ) end as patch
    from kinds k cross join generate_series(0, 9) r (revision) cross join bench_vocabulary v
),
folded as (
  select s.*, s.patch as state, s.seconds as active, 0 as breaks, true as checkpoint from steps s where s.revision = 0
  union all
  select s.*, app_private.json_merge_patch(f.state, s.patch),
         f.active + case when s.after_a_break or s.status = 'abandoned' then 0 else s.seconds end,
         f.breaks + case when s.after_a_break and s.status <> 'abandoned' then 1 else 0 end,
         s.stage <> f.stage or s.status <> f.status
    from folded f join steps s on s.course = f.course and s.revision = f.revision + 1
)
select course, revision, stage, status, patch, state, octet_length(state::text) as size, active, breaks, checkpoint
  from folded;
alter table bench_courses add primary key (course, revision);
-- The parts of `active` and `breaks` that belong to each stage; null if the course was never there, or not saved after it.
create table bench_stage_times as
  select course, array_agg(active order by stage) as active, array_agg(breaks order by stage) as breaks
    from (
      select c.course, n.stage,
             sum(c.next_active - c.active) filter (where c.stage = n.stage) as active,
             sum(c.next_breaks - c.breaks) filter (where c.stage = n.stage) as breaks
        from (
          select course, stage, active, breaks, lead(active) over following as next_active,
                 lead(breaks) over following as next_breaks
            from bench_courses window following as (partition by course order by revision)
        ) c
       cross join generate_series(1, 6) n (stage)
       group by c.course, n.stage
    ) _
   group by course;
analyze bench_courses, bench_stage_times;

-- The sessions in the order of their start, between 400 days and 4 days ago. One user has some that are spread evenly,
-- the others have about three each.
create table bench_sessions as
  select n, gen_random_uuid() as id, floor(random() * 1000)::integer as course, 0.5 + random() as pace,
         now() - interval '4 days' - interval '396 days' * (1 - n::float8 / total) as started_at,
         case when n % (total / big) = 0 then 'b1900000-0000-4000-8000-000000000000'::uuid
              else md5((n * 7919 % (total / 3 + 1))::text)::uuid end as user_id
    from (select current_setting('bench.sessions')::bigint as total, current_setting('bench.big_user_sessions')::bigint as big) _
   cross join lateral generate_series(1, total) n;
analyze bench_sessions;

insert into profiles (id) select distinct user_id from bench_sessions;

insert into wizard_sessions
       (id, user_id, stage, status, state, started_at, last_saved_at, completed_at, revision, last_save_id, definition_version,
        stage_seconds)
select s.id, s.user_id, c.stage, c.status, c.state, s.started_at, t.saved_at,
       case c.status when 'completed' then t.saved_at end, 9, gen_random_uuid(), 2, p.seconds
  from bench_sessions s
  join bench_courses c on c.course = s.course and c.revision = 9
  join bench_stage_times b on b.course = s.course
 cross join lateral (
   select array_agg(b.active[n] * s.pace + b.breaks[n] * 1800 order by n) from generate_series(1, 6) n
 ) p (seconds)
 cross join lateral (select s.started_at + c.active * s.pace * interval '1 second' + c.breaks * interval '1 day') t (saved_at)
 order by s.n;

insert into wizard_session_revisions
       (session_id, revision, save_id, saved_by, stage, status, definition_version, patch, snapshot, size, saved_at)
select s.id, c.revision, gen_random_uuid(), s.user_id, c.stage, c.status, 2, c.patch, case when c.checkpoint then c.state end, c.size,
       t.saved_at + case
         when c.status <> 'abandoned' then interval '0'
         -- The sweep abandons a session after 30 days; the users themselves have abandoned the younger ones.
         when t.saved_at < now() - interval '31 days' then interval '30 days 1 hour'
         else interval '1 minute'
       end
  from bench_sessions s
  join bench_courses c on c.course = s.course
 cross join lateral (select s.started_at + c.active * s.pace * interval '1 second' + c.breaks * interval '1 day') t (saved_at)
 order by s.n, c.revision;

set session_replication_role = origin;
