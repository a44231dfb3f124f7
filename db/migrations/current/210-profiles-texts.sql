alter table profiles
  drop constraint profiles_display_name_check,
  add constraint profiles_display_name_check check (app_private.is_text(display_name, 100)) not valid;
--!include profiles/comments.sql

-- An old row that violates the new rule stays; the rule applies when the row is changed.
do $$
begin
  alter table profiles validate constraint profiles_display_name_check;
exception when check_violation then
  raise warning 'Old profiles violate profiles_display_name_check.';
end;
$$;
