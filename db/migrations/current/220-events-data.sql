-- Texts that show something.
alter table events
  drop constraint events_title_check,
  add constraint events_title_check check (app_private.is_text(title, 150)) not valid,
  drop constraint events_summary_check,
  add constraint events_summary_check check (app_private.is_text(summary, 140)) not valid,
  drop constraint events_organizer_name_check,
  add constraint events_organizer_name_check check (app_private.is_text(organizer_name, 255)) not valid,
  drop constraint events_venue_name_check,
  add constraint events_venue_name_check check (app_private.is_text(venue_name, 100)) not valid,
  drop constraint events_address_check,
  add constraint events_address_check check (app_private.is_text(address, 255)) not valid,
  drop constraint events_city_check,
  add constraint events_city_check check (app_private.is_text(city, 85)) not valid,
  drop constraint events_region_check,
  add constraint events_region_check check (app_private.is_text(region, 85)) not valid,
  drop constraint events_postal_code_check,
  add constraint events_postal_code_check check (app_private.is_text(postal_code, 20)) not valid,
  drop constraint events_description_check,
  add constraint events_description_check check (app_private.is_text(description, 50000, multiline => true)) not valid,
  drop constraint events_cover_image_alt_check,
  add constraint events_cover_image_alt_check check (app_private.is_text(cover_image_alt, 255)) not valid;
alter table event_tickets
  drop constraint event_tickets_name_check,
  add constraint event_tickets_name_check check (app_private.is_text(name, 255)) not valid;

-- E-mail addresses of any script, without blanks.
alter table events
  drop constraint events_support_email_check,
  add constraint events_support_email_check
    check (app_private.is_text(support_email, 254) and support_email ~ '^[^\s@]+@[^\s@]+$') not valid;
alter table event_private_details
  drop constraint event_private_details_organizer_email_check,
  add constraint event_private_details_organizer_email_check
    check (app_private.is_text(organizer_email, 254) and organizer_email ~ '^[^\s@]+@[^\s@]+$') not valid;

-- Not every country has postal codes. Which ones require them is in the wizard's schema.
alter table events
  drop constraint events_venue_check,
  add constraint events_venue_check check (
    case when mode in ('venue', 'hybrid') then num_nulls(venue_name, address, city, country) = 0
         else num_nonnulls(venue_name, address, city, region, postal_code, country) = 0 end
  );

-- Times that every client can read.
alter table events
  drop constraint if exists events_starts_at_range_check,
  add constraint events_starts_at_range_check check (app_private.is_time(starts_at)) not valid,
  drop constraint if exists events_ends_at_range_check,
  add constraint events_ends_at_range_check check (app_private.is_time(ends_at)) not valid,
  drop constraint if exists events_doors_at_range_check,
  add constraint events_doors_at_range_check check (app_private.is_time(doors_at)) not valid,
  drop constraint if exists events_publish_at_range_check,
  add constraint events_publish_at_range_check check (app_private.is_time(publish_at)) not valid;
alter table event_tickets
  drop constraint if exists event_tickets_sales_start_range_check,
  add constraint event_tickets_sales_start_range_check check (app_private.is_time(sales_start)) not valid,
  drop constraint if exists event_tickets_sales_end_range_check,
  add constraint event_tickets_sales_end_range_check check (app_private.is_time(sales_end)) not valid;

--!include events/comments.sql
--!include events/published_event.sql
--!include events/write_event.sql

-- An old row that violates a new rule stays; the rule applies when the row is changed.
do $$
declare
  v record;
begin
  for v in
    select conrelid::regclass as table_name, conname from pg_constraint
     where contype = 'c' and not convalidated and conrelid in ('events'::regclass, 'event_tickets'::regclass, 'event_private_details'::regclass)
     order by conname
  loop
    begin
      execute format('alter table %s validate constraint %I', v.table_name, v.conname);
    exception when check_violation then
      raise warning 'Old rows of % violate %.', v.table_name, v.conname;
    end;
  end loop;
end;
$$;
