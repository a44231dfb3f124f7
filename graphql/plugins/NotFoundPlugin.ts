import { type ObjectStep, SafeError, sideEffect, TRAP_ERROR, trap } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";
import { NO_ROW_DELETED } from "../upstreamMessages.ts";

/**
 * Adds the error NOT_FOUND to updates and deletes that find no row. PostGraphile would answer an update with null, which
 * a client may take for success, and a delete with an error without a code. A row hidden by row level security and a row
 * that never existed get the same answer.
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
              const isFailure = row instanceof Error;
              if (row === null || (isFailure && NO_ROW_DELETED.test(row.message))) {
                throw new SafeError(`This ${type} does not exist or is not yours.`, { code: "NOT_FOUND" });
              }
              if (isFailure) throw row;
            });
            return $payload;
          },
        };
      },
    },
  },
};
