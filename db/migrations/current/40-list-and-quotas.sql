--!include ids/uuid_v7.sql

-- A user's sessions, newest first. Saves don't change these columns (docs/decisions/0002-last-saved-index.md).
create index if not exists idx_wizard_sessions_user_started_at on wizard_sessions (user_id, started_at desc);

-- What a user may store: one row, which the operator updates (docs/operations.md). Not for the API roles.
drop table if exists app_private.quotas;
create table app_private.quotas (
  only_row            boolean primary key default true check (only_row),
  unfinished_sessions integer not null default 1000 check (unfinished_sessions >= 0),
  stored_bytes        bigint not null default 512 * 1024 * 1024 check (stored_bytes >= 0),
  page_addresses      integer not null default 1000 check (page_addresses >= 0)
);
insert into app_private.quotas default values;

-- The bytes of each session and its history at its last checkpoint. The key is in the order of what is read most: the sum
-- of a user. There is no foreign key: the rows are not data of the user, and are deleted with the session by a trigger.
drop table if exists app_private.wizard_session_sizes;
create table app_private.wizard_session_sizes (
  user_id    uuid not null,
  session_id uuid not null,
  bytes      bigint not null,
  primary key (user_id, session_id) include (bytes)
);
insert into app_private.wizard_session_sizes (user_id, session_id, bytes)
select s.user_id, s.id, pg_column_size(s.state) + coalesce(r.bytes, 0)
  from wizard_sessions s
  left join (
    select session_id, sum(200 + pg_column_size(patch) + coalesce(pg_column_size(snapshot), 0)) as bytes
      from wizard_session_revisions group by session_id
  ) r on r.session_id = s.id;

--!include sessions/tg_wizard_sessions__bury.sql
--!include quotas/tg_wizard_sessions__limit_unfinished.sql
--!include quotas/tg_wizard_session_revisions__limit_bytes.sql
--!include quotas/tg_wizard_session_revisions__free_bytes.sql
--!include quotas/triggers.sql
