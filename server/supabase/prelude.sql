-- The export creates everything below and replaces nothing. `create or replace function` would replace a function of
-- the project, so a name that is taken stops the export before it has changed anything.
do $$
declare
  v_taken text;
begin
  if to_regnamespace('app_private') is not null then
    raise exception 'schema "app_private" already exists' using errcode = '42P06';
  end if;
  select string_agg(format('public.%I', p.proname), ', ') into v_taken
    from pg_proc p
   where p.pronamespace = 'public'::regnamespace and p.proname in (
     'cancel_event', 'complete_wizard_session', 'duplicate_event', 'erase_me', 'export_my_data', 'export_my_data_page',
     'published_event', 'restore_wizard_session', 'save_wizard_session', 'start_wizard_session', 'unpublish_event',
     'update_wizard_session_timestamp', 'wizard_funnel', 'wizard_session_at', 'wizard_session_revisions_changed_paths'
   );
  if v_taken is not null then
    raise exception 'These functions already exist: %. Rename or drop them, then apply the export again.', v_taken
      using errcode = '42723';
  end if;
end;
$$;
