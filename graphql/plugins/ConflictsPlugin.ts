import type { PgSelectSingleStep } from "postgraphile/@dataplan/pg";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";

/**
 * Adds a plan that takes the conflicts of a save from the row that the save returned. PostGraphile's own plan sends them
 * back to PostgreSQL, in another transaction of four round trips.
 */
export const ConflictsPlugin: GraphileConfig.Plugin = {
  name: "ConflictsPlugin",
  version: "1.0.0",
  schema: {
    hooks: {
      GraphQLObjectType(type, _build, { scope: { pgCodec } }) {
        // Its source is an object, not a row that PostgreSQL can select from.
        return pgCodec?.name === "saveConflict" ? { ...type, assertStep: undefined } : type;
      },
      GraphQLObjectType_fields_field(field, _build, { scope: { pgCodec, fieldName } }) {
        if (pgCodec?.name !== "saveWizardSessionPayload" || fieldName !== "conflicts") return field;
        return { ...field, plan: ($payload: PgSelectSingleStep) => $payload.get("conflicts") };
      },
    },
  },
};
