-- Save keys: what a save with a key asked for, remembered for 90 days whatever happens to the history.
alter table wizard_sessions drop column if exists last_save_hash;
alter table wizard_sessions add column last_save_hash bytea;
alter table wizard_session_revisions drop column if exists save_hash;
alter table wizard_session_revisions add column save_hash bytea;

-- The keys of deleted revisions: 16 bytes each, of which 8 are from the key and 8 from the hash of its request.
drop table if exists app_private.wizard_session_old_keys;
create table app_private.wizard_session_old_keys (
  session_id   uuid not null,
  forget_after timestamptz not null,
  keys         bytea not null
);
create index idx_wizard_session_old_keys_session_id on app_private.wizard_session_old_keys (session_id);
create index idx_wizard_session_old_keys_forget_after on app_private.wizard_session_old_keys (forget_after);

-- The ids of deleted sessions. They can't be used again while a tab may still have changes of the deleted session.
drop table if exists app_private.deleted_wizard_sessions;
create table app_private.deleted_wizard_sessions (
  id           uuid primary key,
  forget_after timestamptz not null
);
create index idx_deleted_wizard_sessions_forget_after on app_private.deleted_wizard_sessions (forget_after);

--!include saving/save_request_hash.sql
--!include saving/old_save_hash.sql
--!include saving/tg_wizard_session_revisions__keep_keys.sql
--!include sessions/tg_wizard_sessions__save.sql
--!include sessions/tg_wizard_sessions__bury.sql
--!include sessions/tg_wizard_sessions__check_id.sql
--!include sessions/grants.sql
--!include sessions/comments.sql
--!include revisions/tg_wizard_sessions__record.sql
--!include revisions/triggers.sql
--!include revisions/comments.sql
--!include sweep/forget_save_keys.sql
--!include saving/check_save_key.sql
--!include saving/json_merge_patch.sql
--!include saving/save_wizard_session.sql
drop function if exists public.restore_wizard_session(uuid, integer);
--!include saving/restore_wizard_session.sql
