import type pg from "pg";

type Queryable = Pick<pg.ClientBase, "query">;

// The project's own schemas.
const SCHEMAS = "('public', 'app_private')";

const GRANTS = `
  with acls (object, owner, acl) as (
    select 'schema ' || nspname, nspowner, coalesce(nspacl, acldefault('n', nspowner))
      from pg_namespace where nspname = 'app_private'
    union all
    select oid::regclass::text, relowner,
           coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner))
      from pg_class where relkind in ('r', 'p', 'v', 'm', 'f', 'S') and relnamespace::regnamespace::text in ${SCHEMAS}
    union all
    select attrelid::regclass || '.' || attname, relowner, attacl
      from pg_attribute join pg_class c on c.oid = attrelid
     where attacl is not null and not attisdropped and relnamespace::regnamespace::text in ${SCHEMAS}
    union all
    select oid::regprocedure::text, proowner, coalesce(proacl, acldefault('f', proowner))
      from pg_proc where pronamespace::regnamespace::text in ${SCHEMAS}
  )
  select format('%s: %s %s%s', object, case grantee when 0 then 'PUBLIC' else grantee::regrole::text end,
                privilege_type, case when is_grantable then ' with grant option' end) as fact
    from acls, aclexplode(acl)
   where grantee <> owner`;

const DEFINITIONS = `
  select format('table %s: row level security %s%s, comment %s', oid::regclass,
                relrowsecurity, case when relforcerowsecurity then ' forced' end, obj_description(oid, 'pg_class')) as fact
    from pg_class where relkind = 'r' and relnamespace::regnamespace::text in ${SCHEMAS}
  union all
  select format('column %s.%s %s %s default %s, comment %s', attrelid::regclass, attname, format_type(atttypid, atttypmod),
                case when attnotnull then 'not null' end, pg_get_expr(adbin, adrelid), col_description(attrelid, attnum))
    from pg_attribute join pg_class c on c.oid = attrelid left join pg_attrdef on adrelid = attrelid and adnum = attnum
   where attnum > 0 and not attisdropped and relkind = 'r' and relnamespace::regnamespace::text in ${SCHEMAS}
  union all
  select format('constraint %s on %s: %s, comment %s', conname, conrelid::regclass, pg_get_constraintdef(oid),
                obj_description(oid, 'pg_constraint'))
    from pg_constraint where connamespace::regnamespace::text in ${SCHEMAS}
  union all
  select pg_get_indexdef(indexrelid)
    from pg_index join pg_class c on c.oid = indexrelid where relnamespace::regnamespace::text in ${SCHEMAS}
  union all
  select format('policy %s on %s: %s %s to %s using %s check %s', policyname, tablename, permissive, cmd, roles, qual, with_check)
    from pg_policies where schemaname in ${SCHEMAS}
  union all
  select pg_get_triggerdef(t.oid)
    from pg_trigger t join pg_class c on c.oid = tgrelid
   where not tgisinternal and relnamespace::regnamespace::text in ${SCHEMAS}
  union all
  select pg_get_functiondef(oid) from pg_proc where pronamespace::regnamespace::text in ${SCHEMAS}`;

/** Returns a line for each privilege on a table, column, function or schema, except those of the owners. */
export function grantsIn(db: Queryable): Promise<string[]> {
  return facts(db, GRANTS);
}

/** Returns a line for each object, without grants and owners. */
export function definitionsIn(db: Queryable): Promise<string[]> {
  return facts(db, DEFINITIONS);
}

async function facts(db: Queryable, query: string): Promise<string[]> {
  const { rows } = await db.query<{ fact: string }>(query);
  return rows.map(({ fact }) => fact).sort();
}
