import { type ObjectStep, SafeError, sideEffect } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";

/**
 * An update or delete that meets no row is an error: PostGraphile by itself answers with null, which a client may
 * take for "saved". A row that row level security hides and one that never was give the same answer.
 */
export const NotFoundPlugin: GraphileConfig.Plugin = {
  name: "NotFoundPlugin",
  version: "1.0.0",
  schema: {
    hooks: {
      GraphQLObjectType_fields_field(field, build, context) {
        const { isPgUpdateMutation, isPgDeleteMutation, pgFieldResource } = context.scope;
        const { plan } = field;
        if (!(isPgUpdateMutation || isPgDeleteMutation) || !pgFieldResource || !plan) return field;
        const type = build.inflection.tableType(pgFieldResource.codec);
        return {
          ...field,
          plan($parent, args, info) {
            const $payload = plan($parent, args, info) as ObjectStep;
            sideEffect($payload.getStepForKey("result"), (row) => {
              if (row === null) {
                throw new SafeError(`There is no such ${type}, or it is not yours.`, { code: "NOT_FOUND" });
              }
            });
            return $payload;
          },
        };
      },
    },
  },
};
