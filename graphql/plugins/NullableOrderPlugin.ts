import { type PgCodec, type PgSelectQueryBuilder, TYPES } from "postgraphile/@dataplan/pg";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";
import { type SQL, sql } from "postgraphile/pg-sql2";

/** The greatest value of each type of a nullable column that lists can be ordered by. */
const LAST = new Map<PgCodec, SQL>([
  // Not infinity: to_char, which makes the text of cursors, can't format it.
  [TYPES.timestamptz, sql`'9999-12-31 23:59:59.999999Z'::timestamptz`],
  [TYPES.uuid, sql`'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid`],
]);

/**
 * Adds an order of nullable columns that replaces null by the greatest value. The order is PostgreSQL's own, but cursors
 * work: @dataplan/pg 1.1 skips rows after a cursor with a null.
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
          const last = LAST.get(attribute.codec);
          if (attribute.notNull || !last) continue;
          for (const direction of ["ASC", "DESC"] as const) {
            const suffix = direction === "ASC" ? "asc" : "desc";
            const name = build.inflection.constantCase(`${attributeName}-${suffix}`);
            const grafast = values[name]?.extensions?.grafast;
            if (!grafast) continue;
            grafast.apply = (query: PgSelectQueryBuilder) =>
              query.orderBy({
                attribute: attributeName,
                direction,
                callback: (column, type) => [sql`coalesce(${column}, ${last})`, type, false],
              });
          }
        }
        return values;
      },
    },
  },
};
