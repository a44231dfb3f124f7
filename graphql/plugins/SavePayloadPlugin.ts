import type { PgSelectSingleStep } from "postgraphile/@dataplan/pg";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";

/** The name of the codec of the composite type that save_wizard_session returns. */
const PAYLOAD = "saveWizardSessionPayload";
/** The fields of that type in the API. Its other columns are those of the session: SavingPlugin offers `wizardSession`. */
const FIELDS = ["outcome", "conflicts"];

/**
 * Shapes the result of a save. The plan of `conflicts` takes them from the row that the save returned: PostGraphile's own
 * plan sends them back to PostgreSQL, in another transaction of four round trips.
 */
export const SavePayloadPlugin: GraphileConfig.Plugin = {
  name: "SavePayloadPlugin",
  version: "1.0.0",
  schema: {
    entityBehavior: {
      pgCodecAttribute: {
        override: {
          provides: ["savePayload"],
          callback: (behavior, [codec, attributeName]) =>
            codec.name === PAYLOAD && !FIELDS.includes(attributeName) ? [behavior, "-*"] : behavior,
        },
      },
    },
    hooks: {
      GraphQLObjectType(type, _build, { scope: { pgCodec } }) {
        // Its source is an object, not a row that PostgreSQL can select from.
        return pgCodec?.name === "saveConflict" ? { ...type, assertStep: undefined } : type;
      },
      GraphQLObjectType_fields_field(field, _build, { scope: { pgCodec, fieldName } }) {
        if (pgCodec?.name !== PAYLOAD || fieldName !== "conflicts") return field;
        return { ...field, plan: ($payload: PgSelectSingleStep) => $payload.get("conflicts") };
      },
    },
  },
};
