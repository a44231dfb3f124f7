import { enumCodec, type PgEnumCodec, withPgClientFromPgService } from "postgraphile/@dataplan/pg";
import { gatherConfig } from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";
import sql from "postgraphile/pg-sql2";

interface CheckedColumn {
  /** As in `events.mode`. */
  readonly column: string;
  readonly tableId: string;
  readonly attnum: number;
  readonly values: string[];
  /** The column's comment. */
  readonly description: string | null;
}

// PostgreSQL prints `column in ('a', 'b')` in exactly this form. Other checks are not lists of values.
const CHECKED_TEXT_COLUMNS = `
  select c.conrelid::regclass || '.' || a.attname as "column", c.conrelid::text as "tableId", a.attnum,
    array(select replace(m[1], '''''', '''') from regexp_matches(d.definition, '''((?:[^'']|'''')*)''::text', 'g') m) as "values",
    col_description(c.conrelid, a.attnum) as description
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
 * Adds an enum for each text column with a check constraint that lists its values, as in `WizardSessionStatus`. The
 * smart tag `enumOf: "events.mode"` gives a column of a composite type the same enum as that column.
 */
export const CheckedTextEnumPlugin: GraphileConfig.Plugin = {
  name: "CheckedTextEnumPlugin",
  version: "1.0.0",
  gather: gatherConfig({
    namespace: "checkedTextEnum",
    initialState: () => ({
      columns: new Map<string, Promise<CheckedColumn[]>>(),
      codecs: new Map<string, PgEnumCodec<string, string>>(),
    }),
    helpers: {},
    hooks: {
      async pgCodecs_attribute(info, { serviceName, pgClass, pgAttribute, attribute }) {
        const service = info.resolvedPreset.pgServices?.find(({ name }) => name === serviceName);
        if (!service) return;
        const { columns, codecs } = info.state;
        const known = columns.get(serviceName) ?? readCheckedColumns(service);
        columns.set(serviceName, known);
        const enumOf = attribute.extensions?.tags?.enumOf;
        const checked = (await known).find(({ column, tableId, attnum }) =>
          enumOf ? column === enumOf : tableId === pgClass._id && attnum === pgAttribute.attnum,
        );
        if (enumOf && !checked) throw new Error(`The smart tag enumOf names ${enumOf}, which has no list of values.`);
        if (!checked) return;
        const codec = codecs.get(checked.column) ?? makeCodec(checked, info.inflection);
        codecs.set(checked.column, codec);
        attribute.codec = codec;
      },
    },
  }),
};

function makeCodec({ column, values, description }: CheckedColumn, inflection: GraphileBuild.Inflection) {
  const [table = "", name] = column.split(".");
  return enumCodec({
    name: inflection.camelCase(`${inflection.singularize(table)}-${name}`),
    identifier: sql.identifier("pg_catalog", "text"),
    values,
    description: description ?? undefined,
  });
}

function readCheckedColumns(service: GraphileConfig.PgServiceConfiguration): Promise<CheckedColumn[]> {
  return withPgClientFromPgService(service, null, async (client) => {
    const { rows } = await client.query<CheckedColumn>({ text: CHECKED_TEXT_COLUMNS });
    return [...rows];
  });
}
