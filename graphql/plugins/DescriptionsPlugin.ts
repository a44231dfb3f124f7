import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";

/** Adds the comment of a SQL function as the description of the mutation that another plugin defines for it. */
export const DescriptionsPlugin: GraphileConfig.Plugin = {
  name: "DescriptionsPlugin",
  version: "1.0.0",
  schema: {
    hooks: {
      GraphQLObjectType_fields_field(field, build, { scope: { isRootMutation, fieldName } }) {
        if (!isRootMutation || field.description) return field;
        const resources = Object.values(build.pgResources);
        const called = resources.find(({ name }) => build.inflection.camelCase(name) === fieldName);
        return { ...field, description: called?.description };
      },
    },
  },
};
