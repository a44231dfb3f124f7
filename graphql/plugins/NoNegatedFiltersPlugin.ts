import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile-plugin-connection-filter";

/**
 * Removes `not` from filters. The time to build nested `not` grows with the cube of the depth, before any permission is
 * checked. Clients can use `notEqualTo` and `notIn`.
 */
export const NoNegatedFiltersPlugin: GraphileConfig.Plugin = {
  name: "NoNegatedFiltersPlugin",
  version: "1.0.0",
  after: ["PgConnectionArgFilterLogicalOperatorsPlugin"],
  schema: {
    hooks: {
      GraphQLInputObjectType_fields(fields, _build, context) {
        if (!context.scope.isPgConnectionFilter) return fields;
        const { not: _, ...others } = fields;
        return others;
      },
    },
  },
};
