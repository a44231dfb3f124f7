-- Runs before a data-only restore, in the same transaction, as the owner (docs/operations.md). Triggers would write a history
-- of their own and other times. Foreign keys stay in force, but are checked by after-restore.sql, because a backup does not
-- contain the tables in the order of their references. No privilege of a superuser is needed, unlike for
-- `pg_restore --disable-triggers`.
do $$
declare
  v_statement text;
begin
  for v_statement in
    select format('alter table %s disable trigger user', oid::regclass)
      from pg_class
     where relkind = 'r' and relnamespace in ('public'::regnamespace, 'app_private'::regnamespace)
    union all
    select format('alter table %s alter constraint %I deferrable initially deferred', conrelid::regclass, conname)
      from pg_constraint
     where contype = 'f' and connamespace in ('public'::regnamespace, 'app_private'::regnamespace)
  loop
    execute v_statement;
  end loop;
end
$$;
-- The migrations and the worker have inserted these rows. The backup has its own.
truncate app_private.quotas, app_private.thinning;
