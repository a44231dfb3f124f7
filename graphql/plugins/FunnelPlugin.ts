import type { PgSelectSingleStep } from "postgraphile/@dataplan/pg";
import { type FieldArgs, lambda, type Step } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";
import { extendSchema, gql } from "postgraphile/utils";
import { STAGES } from "../../wizard/stages.ts";
import { call } from "../call.ts";

/** `wizardFunnel`: calls the SQL function of its name, and adds what the wizard's definition calls each stage. */
export const FunnelPlugin: GraphileConfig.Plugin = extendSchema((build) => {
  const { wizard_funnel: funnel } = build.pgResources;
  if (!funnel) throw new Error("The SQL function for the funnel is missing: migrate the database.");

  return {
    typeDefs: gql`
      extend type Query {
        """
        How far people come in the wizard, stage by stage: the sessions that were begun from \`from\` on and before \`to\`,
        at most 400 days of them. For the roles analyst and service_role alone.
        """
        wizardFunnel(from: Datetime!, to: Datetime!): [WizardFunnelStage!]!
      }

      """What became of sessions at a stage of the wizard: numbers of sessions, of all users together."""
      type WizardFunnelStage {
        """The stage's place, from 1."""
        stage: Int!
        """The stage's key in the state."""
        key: String!
        """The stage's name for people."""
        title: String!
        """Sessions that were at this stage at least once."""
        started: Int!
        """Sessions that were at this stage or at a later one at least once."""
        reached: Int!
        """Those of \`reached\` that are completed."""
        completed: Int!
        """Sessions that are abandoned, and were at this stage when they were."""
        abandoned: Int!
        """Sessions for which this is the furthest stage, and that are not completed: some may still go on."""
        dropOff: Int!
        """
        How many seconds half of the sessions spent at this stage at the most, breaks of more than half an hour counted
        as half an hour. Null where fewer than five sessions tell.
        """
        medianSeconds: Int
        """The same for nine sessions of ten."""
        p90Seconds: Int
      }
    `,
    objects: {
      Query: {
        plans: {
          wizardFunnel: (_: Step, args: FieldArgs) => call(funnel, [args.getRaw("from"), args.getRaw("to")]),
        },
      },
      WizardFunnelStage: {
        plans: {
          key: ($stage: PgSelectSingleStep) => lambda($stage.get("stage"), (number) => stageNumbered(number).key),
          title: ($stage: PgSelectSingleStep) => lambda($stage.get("stage"), (number) => stageNumbered(number).title),
          dropOff: ($stage: PgSelectSingleStep) => $stage.get("drop_off"),
          medianSeconds: ($stage: PgSelectSingleStep) => $stage.get("median_seconds"),
          p90Seconds: ($stage: PgSelectSingleStep) => $stage.get("p90_seconds"),
        },
      },
    },
  };
}, "FunnelPlugin");

function stageNumbered(number: number) {
  const stage = STAGES.find((candidate) => candidate.number === number);
  if (!stage) throw new Error(`The wizard's definition has no stage ${number}.`);
  return stage;
}
