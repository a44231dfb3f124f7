-- Fills a database of release 0.1.0 (migrations up to 000001) with one row of each kind that a release has to carry over.
-- A superuser runs it. It uses only what 0.1.0 offers and is never edited.

create function pg_temp.act_as(sub uuid) returns void language sql as $$
  select set_config('role', 'authenticated', true),
         set_config('request.jwt.claims', jsonb_build_object('sub', sub, 'role', 'authenticated')::text, true)
$$;
create function pg_temp.answers(slug text) returns jsonb language sql as $$
  select jsonb_build_object(
    'basics', '{"title": "Sommerfest 🎉", "category": "music", "summary": "Lanterns and jazz", "organizerName": "Ada", "organizerEmail": "ada@example.com"}'::jsonb,
    'schedule', '{"timezone": "Europe/Berlin", "startsAt": "2031-06-19T18:00:00+02:00", "endsAt": "2031-06-19T23:00:00+02:00", "doorsAt": "2031-06-19T17:00:00+02:00"}'::jsonb,
    'location', '{"mode": "hybrid", "venueName": "Garden", "address": "Lindenallee 1", "city": "Berlin", "postalCode": "10115", "country": "DE", "joinUrl": "https://meet.example.com/garden"}'::jsonb,
    'tickets', '{"currency": "EUR", "tickets": {"early": {"name": "Early", "kind": "paid", "priceMinor": 1250, "quantity": 40, "maxPerOrder": 4, "salesStart": "2031-01-01T00:00:00Z", "salesEnd": "2031-06-01T00:00:00Z"}, "free": {"name": "Free", "kind": "free", "quantity": 10}}}'::jsonb,
    'page', jsonb_build_object('description', E'# Welcome\n\nBring a blanket.', 'slug', slug, 'coverImageUrl', 'https://images.example.com/garden.jpg', 'coverImageAlt', 'Lanterns', 'accent', '#aa3355', 'supportEmail', 'help@example.com'),
    'publish', '{"visibility": "unlisted", "publishAt": "2030-12-01T00:00:00Z", "refundPolicy": "until_7_days_before", "acceptTerms": true}'::jsonb
  )
$$;

do $$
declare
  ada     constant uuid := 'ada00000-0000-4000-8000-000000000000';
  ben     constant uuid := 'be000000-0000-4000-8000-000000000000';
  typed   constant uuid := '00000000-0000-4000-8000-000000000001';
  edited  constant uuid := '00000000-0000-4000-8000-000000000002';
  done    constant uuid := '00000000-0000-4000-8000-000000000003';
  again   constant uuid := '00000000-0000-4000-8000-000000000004';
  left_by constant uuid := '00000000-0000-4000-8000-000000000005';
  bens    constant uuid := '00000000-0000-4000-8000-000000000006';
  v_event uuid;
begin
  perform pg_temp.act_as(ada);

  -- A long session: more saves than lie between two checkpoints, other stages, merged and repeated saves, values that
  -- only compare equal, nulls, empty objects and keys with special characters.
  perform start_wizard_session(typed);
  for n in 1..120 loop
    perform save_wizard_session(typed, gen_random_uuid(), n - 1, jsonb_build_object('basics', jsonb_build_object('title', 'Title ' || n)), 1 + n / 25);
  end loop;
  perform save_wizard_session(typed, '5a7e0000-0000-4000-8000-000000000001', 118, '{"page": {"description": "merged"}}');
  perform save_wizard_session(typed, '5a7e0000-0000-4000-8000-000000000001', 118, '{"page": {"description": "merged"}}');
  update wizard_sessions set state = '{"n": 1.0, "a/b~c": {"": []}, "empty": {}, "null": null, "text": "ﷺ\u00e9\ud83c\udf89"}' where id = typed;
  update wizard_sessions set state = '{"n": 1.00, "a/b~c": {"": []}, "empty": {}, "null": null, "text": "ﷺ\u00e9\ud83c\udf89"}' where id = typed;

  -- A draft event, and a session that edits it and went back to an earlier revision.
  insert into events (title, starts_at, ends_at) values ('Flea market', '2031-03-01T08:00:00Z', '2031-03-01T14:00:00Z')
  returning id into v_event;
  perform start_wizard_session(edited, v_event);
  perform save_wizard_session(edited, gen_random_uuid(), 0, '{"basics": {"title": "Flea market in spring"}}', 2);
  perform restore_wizard_session(edited, 0);

  -- A published event, and a session that edits it.
  insert into wizard_sessions (id, state) values (done, pg_temp.answers('sommerfest'));
  perform complete_wizard_session(done, 0, pg_temp.answers('sommerfest'));
  perform start_wizard_session(again, (select event_id from wizard_sessions where id = done));

  perform start_wizard_session(left_by);
  update wizard_sessions set status = 'abandoned' where id = left_by;

  -- A session that keeps its user after its event was deleted.
  perform pg_temp.act_as(ben);
  insert into events (title) values ('Gone') returning id into v_event;
  perform start_wizard_session(bens, v_event);
  delete from events where id = v_event;
  update profiles set display_name = 'Ben';
end;
$$;
