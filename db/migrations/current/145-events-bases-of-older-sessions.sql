-- Sessions of the releases before this migration. The answers that startWizardSession wrote are recognized by their form:
-- all six stages, no acceptance of the terms, times in UTC. Any other session gets the present answers of its event, so that
-- completing it overwrites earlier changes of the event, as before, and no later ones.
insert into wizard_session_event_bases (session_id, event_id, answers)
select s.id, s.event_id, coalesce(started.snapshot, app_private.event_answers(s.event_id))
  from wizard_sessions s
  left join wizard_session_revisions started
    on started.session_id = s.id and started.revision = 0
   and started.snapshot ?& array['basics', 'schedule', 'location', 'tickets', 'page', 'publish']
   and started.snapshot -> 'publish' -> 'acceptTerms' is null
   and coalesce(started.snapshot -> 'schedule' ->> 'startsAt', '+00:00') like '%+00:00'
 where s.event_id is not null and s.status <> 'completed'
on conflict do nothing;
