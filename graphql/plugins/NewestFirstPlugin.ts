import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";

/** Adds a default order to the revisions of a session: newest first. */
export const NewestFirstPlugin: GraphileConfig.Plugin = {
  name: "NewestFirstPlugin",
  version: "1.0.0",
  after: ["PgConnectionArgOrderByDefaultValuePlugin"],
  schema: {
    hooks: {
      GraphQLObjectType_fields_field_args_arg(arg, build, context) {
        const { argName, isPgFieldConnection, pgFieldResource } = context.scope;
        if (argName !== "orderBy" || !isPgFieldConnection || pgFieldResource?.name !== "wizard_session_revisions") {
          return arg;
        }
        return { ...arg, defaultValue: [build.inflection.builtin("PRIMARY_KEY_DESC")] };
      },
    },
  },
};
