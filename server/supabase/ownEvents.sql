-- The project's own events, and the wizard. Only the project knows which of its columns an answer belongs to.

-- What a session that edits an event begins with: nothing, until the project writes here how its event reads as answers.
create function app_private.event_answers(event_id uuid) returns jsonb as $$
  select null::jsonb
$$ language sql stable set search_path to pg_catalog, pg_temp;

-- Writes answers that have been checked as an event of that owner, onto `event_id` or as a new one, and gives its id.
create function app_private.write_event(event_id uuid, owner_id uuid, answers jsonb) returns uuid as $$
begin
  raise exception 'Write app_private.write_event() for your own events: docs/supabase.md says how.' using errcode = '0A000';
end;
$$ language plpgsql volatile set search_path to pg_catalog, pg_temp;

-- Whether publishing these answers would hide an event that others can see now. Completing then asks for `hide_event`.
create function app_private.hides_event(event_id uuid, answers jsonb) returns boolean as $$
  select false
$$ language sql stable set search_path to pg_catalog, pg_temp;

revoke all on function
  app_private.hides_event(uuid, jsonb),
  app_private.event_answers(uuid),
  app_private.write_event(uuid, uuid, jsonb)
from public, anon, authenticated, service_role;
grant execute on function app_private.event_answers(uuid) to authenticated, service_role;
