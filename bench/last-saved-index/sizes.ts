import type pg from "pg";

export interface Sizes {
  readonly table: number;
  readonly toast: number;
  readonly indexes: number;
  readonly lastSavedIndex: number;
}

export async function sizesOf(client: pg.Client): Promise<Sizes> {
  const { rows } = await client.query<Sizes>(
    `select
       pg_relation_size(oid)::float8 as "table",
       pg_total_relation_size(reltoastrelid)::float8 as toast,
       pg_indexes_size(oid)::float8 as indexes,
       coalesce(pg_relation_size(to_regclass('idx_wizard_sessions_last_saved_at')), 0)::float8 as "lastSavedIndex"
     from pg_class where oid = 'wizard_sessions'::regclass`,
  );
  return rows[0] as Sizes;
}
