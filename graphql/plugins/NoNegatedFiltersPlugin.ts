import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile-plugin-connection-filter";

/**
 * Takes `not` out of the filters: building `not` within `not` takes time that grows with the cube of the depth, before
 * anybody has asked whether the caller may read at all. `notEqualTo` and `notIn` say the same of a column.
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
