--! Previous: sha1:dcd066c5d8ec7e2cae3228453bca45ce43d71eec
--! Hash: sha1:6aee54936a135fac166c67607066af3a8b6bc064
--! Message: what organizers do after publishing

--! split: 1-current.sql
-- Write the next migration here: `npm run db:watch` runs it at every save.

--! split: 145-complete.sql
drop function if exists public.complete_wizard_session(uuid, integer, jsonb, integer, boolean);
--! Included saving/complete_wizard_session.sql
-- Publishes a session's answers as an event and locks the session, in one transaction. The caller has validated the answers
-- against the wizard's schemas; this function makes sure that they are part of what app_private.answers_to_publish returns
-- at the revision that was validated. Runs as the owner because users can't publish events directly.
create or replace function public.complete_wizard_session(
  id uuid, base_revision integer, answers jsonb, event_revision integer default null, as_new_event boolean default false,
  hide_event boolean default false
) returns wizard_sessions as $$
declare
  v_id      constant uuid := complete_wizard_session.id;
  v_session public.wizard_sessions;
  v_event   uuid;
begin
  if v_id is null or base_revision is null or answers is null then
    raise exception 'Completing a session needs id, baseRevision and answers.'
      using errcode = 'WZ400', detail = jsonb_build_object('field', case
        when v_id is null then 'id' when base_revision is null then 'baseRevision' else 'answers' end);
  end if;
  v_session = app_private.lock_wizard_session(v_id);
  if v_session.id is null then
    raise exception 'This session does not exist or is not yours.' using errcode = 'WZ404';
  end if;
  if v_session.status = 'completed' then
    return v_session;
  end if;
  if base_revision <> v_session.revision then
    raise exception 'This session was saved elsewhere: it is at revision %, not %. Read it again, then complete it.',
      v_session.revision, base_revision
      using errcode = 'WZ409', detail = jsonb_build_object('currentRevision', v_session.revision);
  end if;
  if not app_private.answers_to_publish(v_id, event_revision, as_new_event) @> answers then
    raise exception 'The answers differ from the state of the session, or from its event. Read them again, then complete it.'
      using errcode = 'WZ400', detail = '{"field": "answers"}';
  end if;
  if hide_event is not true and app_private.hides_event(v_session.event_id, answers) then
    raise exception 'The event is visible now and would be hidden until the time of publication.'
      using errcode = 'WZ422', detail = jsonb_build_object('problems', jsonb_build_array(jsonb_build_object(
        'stage', 6, 'pointer', '/publish/publishAt', 'code', 'hides',
        'message', 'The event is visible now. Publishing it at a later time hides it until then. Choose an earlier time, or confirm this.'
      )));
  end if;
  v_event = app_private.write_event(v_session.event_id, v_session.user_id, answers);
  update public.wizard_sessions s set status = 'completed', event_id = v_event where s.id = v_id
  returning * into v_session;
  delete from public.wizard_session_event_bases b where b.session_id = v_id;
  return v_session;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function public.complete_wizard_session(uuid, integer, jsonb, integer, boolean, boolean)
  from public, anon, authenticated, service_role;
grant execute on function public.complete_wizard_session(uuid, integer, jsonb, integer, boolean, boolean) to authenticated, service_role;

comment on function public.complete_wizard_session(uuid, integer, jsonb, integer, boolean, boolean) is
  'Publishes the event that a session describes, and completes the session. INCOMPLETE, with the problems, if something is missing or wrong. REVISION_CONFLICT if the session was saved since `baseRevision`. A session of an existing event writes only what it changed: EVENT_CONFLICT, with the conflicts, if the event was changed in the same fields; EVENT_DELETED if it was deleted. Calling it again changes nothing and returns the same event.';
--! EndIncluded saving/complete_wizard_session.sql

--! split: 150-events-after-publishing.sql
--! Included events/unpublish_event.sql
-- Runs as the owner because users can't write the status of an event.
create or replace function public.unpublish_event(id uuid) returns events as $$
declare
  v_event public.events;
begin
  select * into v_event from public.events e
   where e.id = unpublish_event.id and app_private.may_act_for(e.owner_id) for update;
  if not found then
    raise exception 'This event does not exist or is not yours.' using errcode = 'WZ404';
  elsif v_event.status = 'cancelled' then
    raise exception 'This event was cancelled. It is not published any more and can''t become a draft.'
      using errcode = 'WZ424', detail = jsonb_build_object('status', upper(v_event.status));
  elsif v_event.status = 'published' then
    update public.events e set status = 'draft' where e.id = v_event.id returning * into v_event;
  end if;
  return v_event;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function public.unpublish_event(uuid) from public, anon, authenticated, service_role;
grant execute on function public.unpublish_event(uuid) to authenticated, service_role;

comment on function public.unpublish_event(uuid) is
  'Makes a published event a draft again: only its owner can see it. Completing a session that edits it publishes it again. EVENT_STATUS if it was cancelled. Calling it for a draft changes nothing.';
--! EndIncluded events/unpublish_event.sql
--! Included events/cancel_event.sql
-- Runs as the owner because users can't write the status of an event.
create or replace function public.cancel_event(id uuid) returns events as $$
declare
  v_event public.events;
begin
  select * into v_event from public.events e
   where e.id = cancel_event.id and app_private.may_act_for(e.owner_id) for update;
  if not found then
    raise exception 'This event does not exist or is not yours.' using errcode = 'WZ404';
  elsif v_event.status = 'draft' then
    raise exception 'This event is a draft. Only a published event can be cancelled; delete the draft instead.'
      using errcode = 'WZ424', detail = jsonb_build_object('status', upper(v_event.status));
  elsif v_event.status = 'published' then
    update public.events e set status = 'cancelled' where e.id = v_event.id returning * into v_event;
  end if;
  return v_event;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function public.cancel_event(uuid) from public, anon, authenticated, service_role;
grant execute on function public.cancel_event(uuid) to authenticated, service_role;

comment on function public.cancel_event(uuid) is
  'Cancels a published event for good: only its owner can see it, and it can''t be published again. EVENT_STATUS if it is a draft. Calling it again changes nothing.';
--! EndIncluded events/cancel_event.sql
--! Included events/duplicate_event.sql
-- Creates a session with the answers of an event, under an id that the client made. The page address belongs to the event,
-- and the dates of the copy are still to be chosen. Runs as the owner, so that `service_role` can create the session for
-- the event's owner.
create or replace function public.duplicate_event(id uuid, event_id uuid) returns wizard_sessions as $$
declare
  v_id      constant uuid := duplicate_event.id;
  v_owner   uuid;
  v_answers jsonb;
  v_session public.wizard_sessions;
begin
  if v_id is null then
    raise exception 'A session needs an id. Send a UUID that the client made.'
      using errcode = 'WZ400', detail = '{"field": "id"}';
  end if;
  -- As in start_wizard_session, a repeated call finds the session first.
  select * into v_session from public.wizard_sessions s where s.id = v_id and app_private.may_act_for(s.user_id);
  if found then
    return v_session;
  end if;
  -- A copy that waits for erase_me must not keep the answers of the erased event.
  perform app_private.lock_event(duplicate_event.event_id);
  select e.owner_id into v_owner from public.events e
   where e.id = duplicate_event.event_id and app_private.may_act_for(e.owner_id);
  if not found then
    raise exception 'This event does not exist or is not yours.' using errcode = 'WZ404';
  end if;
  v_answers = app_private.event_answers(duplicate_event.event_id)
    #- '{page,slug}' #- '{schedule,startsAt}' #- '{schedule,endsAt}' #- '{schedule,doorsAt}' #- '{publish,publishAt}';
  if v_answers #> '{tickets,tickets}' is not null then
    v_answers = jsonb_set(v_answers, '{tickets,tickets}', (
      select jsonb_object_agg(t.key, t.value - 'salesStart' - 'salesEnd')
        from jsonb_each(v_answers #> '{tickets,tickets}') t
    ));
  end if;
  insert into public.wizard_sessions (id, user_id, state) values (v_id, v_owner, v_answers)
  on conflict on constraint wizard_sessions_pkey do nothing;
  select * into v_session from public.wizard_sessions s where s.id = v_id and app_private.may_act_for(s.user_id);
  if not found then
    -- The id belongs to another user's session. Don't reveal that it exists.
    raise exception 'This session does not exist or is not yours.' using errcode = 'WZ404';
  end if;
  return v_session;
end;
$$ language plpgsql volatile security definer set search_path to pg_catalog, pg_temp;

revoke all on function public.duplicate_event(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.duplicate_event(uuid, uuid) to authenticated, service_role;

comment on function public.duplicate_event(uuid, uuid) is
  'Starts a session for a new event with the answers of one of the caller''s events, under an id that the client makes. The page address and all dates are left out. Calling it again with the same id returns the same session.';
--! EndIncluded events/duplicate_event.sql
--! Included events/tg_events__keep_published.sql
-- Visitors may have the address of a published event, so it is not deleted in one step.
create or replace function app_private.tg_events__keep_published() returns trigger as $$
begin
  raise exception 'This event is published. Unpublish or cancel it, then delete it.'
    using errcode = 'WZ424', detail = jsonb_build_object('status', upper(OLD.status));
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

revoke all on function app_private.tg_events__keep_published() from public, anon, authenticated, service_role;
--! EndIncluded events/tg_events__keep_published.sql
--! Included events/hides_event.sql
-- Whether publishing these answers would hide an event that others can see now, until the time of publication.
create or replace function app_private.hides_event(event_id uuid, answers jsonb) returns boolean as $$
  select exists (
    select from public.events e
     where e.id = hides_event.event_id and e.status = 'published' and e.visibility in ('public', 'unlisted')
       and coalesce(e.publish_at, '-infinity') <= now()
       and (answers -> 'publish' ->> 'publishAt')::timestamptz > now()
  )
$$ language sql stable set search_path to pg_catalog, pg_temp;

revoke all on function app_private.hides_event(uuid, jsonb) from public, anon, authenticated, service_role;
--! EndIncluded events/hides_event.sql
--! Included events/triggers.sql
create or replace trigger _100_ensure_profile
  before insert on events
  for each row when (NEW.owner_id = auth.uid())
  execute function app_private.tg__ensure_profile();

-- Not for the deletion of a profile, which runs inside the foreign key's trigger.
create or replace trigger _200_keep_published
  before delete on events
  for each row when (OLD.status = 'published' and pg_trigger_depth() = 0)
  execute function app_private.tg_events__keep_published();

create or replace trigger _300_save
  before update on events
  for each row execute function app_private.tg_events__save();

create or replace trigger _600_check_sales
  after update of ends_at on events
  for each row when (NEW.ends_at is distinct from OLD.ends_at)
  execute function app_private.tg_events__check_sales('id');

create or replace trigger _600_check_sales
  after insert or update of sales_end on event_tickets
  for each row when (NEW.sales_end is not null)
  execute function app_private.tg_events__check_sales('event_id');

create or replace trigger _700_part_insert
  after insert on event_tickets referencing new table as changed
  for each statement execute function app_private.tg_events__part_changed();

create or replace trigger _700_part_update
  after update on event_tickets referencing new table as changed
  for each statement execute function app_private.tg_events__part_changed();

create or replace trigger _700_part_delete
  after delete on event_tickets referencing old table as changed
  for each statement execute function app_private.tg_events__part_changed();

create or replace trigger _700_part_insert
  after insert on event_private_details referencing new table as changed
  for each statement execute function app_private.tg_events__part_changed();

create or replace trigger _700_part_update
  after update on event_private_details referencing new table as changed
  for each statement execute function app_private.tg_events__part_changed();

create or replace trigger _700_part_delete
  after delete on event_private_details referencing old table as changed
  for each statement execute function app_private.tg_events__part_changed();
--! EndIncluded events/triggers.sql
