import { enumCodec, withPgClientFromPgService } from "postgraphile/@dataplan/pg";
import { gatherConfig } from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";
import sql from "postgraphile/pg-sql2";

interface CheckedColumn {
  readonly tableId: string;
  readonly column: string;
  readonly values: string[];
}

// PostgreSQL prints `column in ('a', 'b')` in exactly this form; anything more complicated is no list of values.
const CHECKED_TEXT_COLUMNS = `
  select c.conrelid::text as "tableId", a.attname as "column",
    array(select replace(m[1], '''''', '''') from regexp_matches(d.definition, '''((?:[^'']|'''')*)''::text', 'g') m) as "values"
  from pg_catalog.pg_constraint c
  cross join pg_catalog.pg_get_constraintdef(c.oid) as d (definition)
  join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
  where c.contype = 'c' and a.atttypid = 'text'::regtype and array_length(c.conkey, 1) = 1
    and d.definition ~ '^CHECK \\(\\([a-z_0-9]+ = ANY \\(ARRAY\\[(''([^'']|'''')*''::text(, )?)+\\]\\)\\)\\)$'`;

declare global {
  namespace GraphileConfig {
    interface GatherHelpers {
      checkedTextEnum: Record<string, never>;
    }
  }
}

/**
 * A text column that a check constraint holds to a list of values is an enum in GraphQL, and stays text in SQL: the
 * list is written once, in the constraint. The type is named after table and column, as in `WizardSessionStatus`.
 */
export const CheckedTextEnumPlugin: GraphileConfig.Plugin = {
  name: "CheckedTextEnumPlugin",
  version: "1.0.0",
  gather: gatherConfig({
    namespace: "checkedTextEnum",
    initialState: () => ({ columns: new Map<string, Promise<CheckedColumn[]>>() }),
    helpers: {},
    hooks: {
      async pgCodecs_attribute(info, { serviceName, pgClass, pgAttribute, attribute }) {
        const service = info.resolvedPreset.pgServices?.find(({ name }) => name === serviceName);
        if (!service) return;
        const { columns } = info.state;
        const known = columns.get(serviceName) ?? readCheckedColumns(service);
        columns.set(serviceName, known);
        const checked = (await known).find(
          ({ tableId, column }) => tableId === pgClass._id && column === pgAttribute.attname,
        );
        if (!checked) return;
        attribute.codec = enumCodec({
          name: info.inflection.camelCase(`${info.inflection.singularize(pgClass.relname)}-${checked.column}`),
          identifier: sql.identifier("pg_catalog", "text"),
          values: checked.values,
          description: pgAttribute.getDescription(),
        });
      },
    },
  }),
};

function readCheckedColumns(service: GraphileConfig.PgServiceConfiguration): Promise<CheckedColumn[]> {
  return withPgClientFromPgService(service, null, async (client) => {
    const { rows } = await client.query<CheckedColumn>({ text: CHECKED_TEXT_COLUMNS });
    return [...rows];
  });
}
