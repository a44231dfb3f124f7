-- Thinning walks the checkpoints by their time. Other revisions are not in the index, so most saves don't write to it; nor is
-- the first one of a session, which has nothing before it.
drop index if exists idx_wizard_session_revisions_patches;
drop index if exists idx_wizard_session_revisions_checkpoints;
create index idx_wizard_session_revisions_checkpoints on wizard_session_revisions (saved_at)
  where snapshot is not null and revision > 0;

-- How far thinning has come: checkpoints up to this time are done. One row, which the first sweep writes.
create table app_private.thinning (
  only_row      boolean primary key default true check (only_row),
  thinned_up_to timestamptz not null
);

drop function if exists app_private.sessions_to_thin();
drop function if exists app_private.thinned_up_to(uuid);
drop function if exists app_private.thin_wizard_session_revisions(integer);
--!include sweep/thin_wizard_session_revisions.sql
drop function if exists app_private.preview_sweep(interval, interval);
--!include sweep/preview_sweep.sql

-- Policies look up the one session or event of a row.
--!include revisions/policies.sql
--!include event-bases/policies.sql
--!include events/policies.sql

-- Export any amount of data in result pages.
create type public.my_data_page as (rows json, next text);
drop function if exists app_private.personal_tables();
--!include my-data/personal_tables.sql
--!include my-data/lock_export.sql
--!include my-data/export_my_data.sql
--!include my-data/export_my_data_page.sql

-- The funnel reads each session once, with parallel workers.
--!include funnel/count_funnel.sql
--!include funnel/wizard_funnel.sql
