import type { PgSelectSingleStep } from "postgraphile/@dataplan/pg";
import { constant, lambda } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import { extendSchema, gql } from "postgraphile/utils";
import type { UnknownObject } from "../../json/equality.ts";
import { bringUp, type Definition } from "../../wizard/migrations.ts";
import { problemsOf } from "../../wizard/problems.ts";
import { progressOf } from "../../wizard/progress.ts";
import { STAGES } from "../../wizard/stages.ts";

/** The wizard's definition, and what it says of a session: both come from the six JSON Schemas in `wizard/`. */
export const makeWizardPlugin = (definition: Definition): GraphileConfig.Plugin =>
  extendSchema(
    () => ({
      typeDefs: gql`
      extend type Query {
        """The stages of the wizard in their order. They are the same for everybody."""
        wizardStages: [WizardStage!]!
      }

      """A stage of the wizard."""
      type WizardStage {
        """Its place, from 1."""
        number: Int!
        """The key in a session's state under which its answers are."""
        key: String!
        """Its name for people."""
        title: String!
        """What its answers have to be to complete a session: a JSON Schema (2020-12) with labels and help."""
        schema: JSON!
      }

      extend type WizardSession {
        """What is missing or wrong before this session can be completed, in the order of stages and fields."""
        problems: [WizardProblem!]!
        """How far each stage is, for a progress bar."""
        progress: [WizardStageProgress!]!
      }

      """Something that is missing or wrong in a session's state."""
      type WizardProblem {
        """The number of the stage."""
        stage: Int!
        """Where in the state, as a JSON pointer (RFC 6901)."""
        pointer: String!
        """What kind of problem it is, for programs."""
        code: String!
        """What is wrong and what to do, for people."""
        message: String!
      }

      """How far a stage of a session is."""
      type WizardStageProgress {
        """The stage's place, from 1."""
        number: Int!
        """The stage's key in the state."""
        key: String!
        """The stage's name for people."""
        title: String!
        """Whether anything has been entered."""
        started: Boolean!
        """Whether nothing is missing or wrong."""
        complete: Boolean!
        """What is missing or wrong."""
        problems: [WizardProblem!]!
      }
    `,
      objects: {
        Query: { plans: { wizardStages: () => constant(STAGES) } },
        WizardSession: {
          plans: {
            problems: ($session: PgSelectSingleStep) => lambda(presentState($session, definition), problemsOf),
            progress: ($session: PgSelectSingleStep) => lambda(presentState($session, definition), progressOf),
          },
        },
      },
    }),
    "WizardPlugin",
  );

/** The state as it will be when the session is opened for writing the next time. */
function presentState($session: PgSelectSingleStep, { migrations }: Definition) {
  return lambda([$session.get("state"), $session.get("definition_version")], ([state, version]) =>
    bringUp(state as UnknownObject, version, migrations),
  );
}
