import { type ObjectStep, SafeError, sideEffect, TRAP_ERROR, trap } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";

/**
 * An update or delete that meets no row is NOT_FOUND. By itself PostGraphile answers an update with null, which a
 * client may take for «saved», and a delete with an error of its own words. A row that row level security hides and
 * one that never was give the same answer.
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
            const $row = trap($payload.getStepForKey("result"), TRAP_ERROR, { valueForError: "PASS_THROUGH" });
            sideEffect($row, (row: unknown) => {
              if (row === null || isNothingDeleted(row)) {
                throw new SafeError(`There is no such ${type}, or it is not yours.`, { code: "NOT_FOUND" });
              }
              if (row instanceof Error) throw row;
            });
            return $payload;
          },
        };
      },
    },
  },
};

// The step that deletes says it in words alone: node_modules/@dataplan/pg/dist/steps/pgDeleteSingle.js
function isNothingDeleted(result: unknown): boolean {
  return result instanceof Error && result.message.startsWith("No values were deleted in collection");
}
