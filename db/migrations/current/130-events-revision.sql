alter table events add column if not exists revision integer not null default 0;

--!include events/tg_events__save.sql
--!include events/tg_events__part_changed.sql
--!include events/triggers.sql
--!include events/grants.sql
--!include events/comments.sql
