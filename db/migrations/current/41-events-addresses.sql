alter table events alter column id set default app_private.uuid_v7();
--!include events/write_event.sql
