import { type PgCodec, type PgSelectQueryBuilder, TYPES } from "postgraphile/@dataplan/pg";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";
import { type SQL, sql } from "postgraphile/pg-sql2";

/**
 * The value to order by, for each type of a nullable column that lists can be ordered by: the greatest value instead of
 * null. Rows of release 0.1.0 may have times that to_char, which makes the text of cursors, can't format: infinity, and
 * years before 1 or after 9999.
 */
const ORDER_BY = new Map<PgCodec, (column: SQL) => SQL>([
  [
    TYPES.timestamptz,
    (column) =>
      sql`greatest(least(coalesce(${column}, 'infinity'), '9999-12-31 23:59:59.999999Z'::timestamptz), '0001-01-02 00:00:00Z'::timestamptz)`,
  ],
  [TYPES.uuid, (column) => sql`coalesce(${column}, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)`],
]);

/**
 * Adds an order of nullable columns in which every row has a value. The order is PostgreSQL's own, but cursors work:
 * @dataplan/pg 1.1 skips rows after a cursor with a null.
 */
export const NullableOrderPlugin: GraphileConfig.Plugin = {
  name: "NullableOrderPlugin",
  version: "1.0.0",
  after: ["PgOrderAllAttributesPlugin"],
  schema: {
    hooks: {
      GraphQLEnumType_values(values, build, context) {
        const { isPgRowSortEnum, pgCodec } = context.scope;
        const codec = isPgRowSortEnum ? pgCodec : undefined;
        for (const [attributeName, attribute] of Object.entries(codec?.attributes ?? {})) {
          const orderBy = ORDER_BY.get(attribute.codec);
          if (attribute.notNull || !orderBy) continue;
          for (const direction of ["ASC", "DESC"] as const) {
            const suffix = direction === "ASC" ? "asc" : "desc";
            const name = build.inflection.constantCase(`${attributeName}-${suffix}`);
            const grafast = values[name]?.extensions?.grafast;
            if (!grafast) continue;
            grafast.apply = (query: PgSelectQueryBuilder) =>
              query.orderBy({
                attribute: attributeName,
                direction,
                callback: (column, type) => [orderBy(column), type, false],
              });
          }
        }
        return values;
      },
    },
  },
};
