create table wizard_session_event_bases (
  session_id uuid primary key references wizard_sessions (id) on delete cascade,
  event_id   uuid not null,
  answers    jsonb
);

--!include event-bases/policies.sql
--!include event-bases/grants.sql
--!include event-bases/comments.sql
--!include event-bases/tg_wizard_sessions__remember_event.sql
--!include event-bases/same_answer.sql
--!include event-bases/merge_answers.sql
--!include event-bases/answer_conflicts.sql
--!include event-bases/answers_to_publish.sql
--!include event-bases/triggers.sql

drop function if exists public.complete_wizard_session(uuid, integer, jsonb);
--!include saving/complete_wizard_session.sql
--!include my-data/personal_tables.sql
