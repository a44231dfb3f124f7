import { type PgCodec, type PgSelectQueryBuilder, TYPES } from "postgraphile/@dataplan/pg";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";
import { type SQL, sql } from "postgraphile/pg-sql2";

/** The last value of each type that a column to be sorted by may have. */
const LAST = new Map<PgCodec, SQL>([
  // Not infinity: the text of a cursor, made by to_char, can't hold that.
  [TYPES.timestamptz, sql`'9999-12-31 23:59:59.999999Z'::timestamptz`],
  [TYPES.uuid, sql`'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid`],
]);

/**
 * Orders by a column that may be null as if null were the last value of all. That is PostgreSQL's own order, but
 * without nulls: cursors that meet a null lead past rows (@dataplan/pg 1.1 compares them the wrong way round).
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
