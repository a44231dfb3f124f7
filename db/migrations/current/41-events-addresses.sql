alter table events alter column id set default app_private.uuid_v7();

-- Only an event with an event page needs its address for itself.
alter table events drop constraint if exists events_slug_key;
drop index if exists events_slug_key;
create unique index events_slug_key on events (slug) where status = 'published' and visibility in ('public', 'unlisted');
--!include events/tg_events__limit_addresses.sql
--!include events/triggers.sql
--!include events/write_event.sql
--!include events/comments.sql
