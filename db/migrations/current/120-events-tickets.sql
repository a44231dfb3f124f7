-- A currency is needed once a ticket costs something, which write_event() checks.
alter table events
  drop constraint events_published_check,
  add constraint events_published_check check (
    status not in ('published', 'cancelled')
    or num_nulls(category, organizer_name, timezone, starts_at, ends_at, mode, description, slug, visibility) = 0
  );

-- The organizer's order of tickets. Old tickets keep the order in which event pages showed them.
alter table event_tickets drop column if exists position;
alter table event_tickets add column position integer;
update event_tickets t set position = o.position
  from (
    select event_id, key, row_number() over (partition by event_id order by price_minor nulls first, name, key) as position
      from event_tickets
  ) o
 where o.event_id = t.event_id and o.key = t.key;
alter table event_tickets
  alter column position set default 1,
  alter column position set not null,
  add constraint event_tickets_position_check check (position >= 1);

--!include events/published_event.sql
--!include events/write_event.sql
--!include events/event_answers.sql
