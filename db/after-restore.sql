-- Runs after a data-only restore, in the same transaction: checks the foreign keys, and undoes before-restore.sql.
set constraints all immediate;
do $$
declare
  v_statement text;
begin
  for v_statement in
    select format('alter table %s enable trigger user', oid::regclass)
      from pg_class
     where relkind = 'r' and relnamespace in ('public'::regnamespace, 'app_private'::regnamespace)
    union all
    select format('alter table %s alter constraint %I not deferrable', conrelid::regclass, conname)
      from pg_constraint
     where contype = 'f' and connamespace in ('public'::regnamespace, 'app_private'::regnamespace)
  loop
    execute v_statement;
  end loop;
end
$$;
