import type { PgSelectSingleStep } from "postgraphile/@dataplan/pg";
import { lambda } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import { extendSchema, gql } from "postgraphile/utils";
import { STAGES } from "../../wizard/stages.ts";

/** Adds the key and the title of each stage to the funnel. They come from the wizard's definition, which SQL can't read. */
export const FunnelPlugin: GraphileConfig.Plugin = extendSchema(
  () => ({
    typeDefs: gql`
      extend type WizardFunnelStage {
        """The key of the stage in the state."""
        key: String!
        """The title of the stage."""
        title: String!
      }
    `,
    objects: {
      WizardFunnelStage: {
        plans: {
          key: ($stage: PgSelectSingleStep) => lambda($stage.get("stage"), (number) => stageNumbered(number).key),
          title: ($stage: PgSelectSingleStep) => lambda($stage.get("stage"), (number) => stageNumbered(number).title),
        },
      },
    },
  }),
  "FunnelPlugin",
);

function stageNumbered(number: number) {
  const stage = STAGES.find((candidate) => candidate.number === number);
  if (!stage) throw new Error(`The wizard's definition has no stage ${number}.`);
  return stage;
}
