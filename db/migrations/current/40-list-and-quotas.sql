--!include ids/uuid_v7.sql

-- A user's sessions, newest first. Saves don't change these columns (docs/decisions/0002-last-saved-index.md).
create index if not exists idx_wizard_sessions_user_started_at on wizard_sessions (user_id, started_at desc);
--!include sessions/wizard_sessions_title.sql
