import type { PgSelectSingleStep } from "postgraphile/@dataplan/pg";
import { constant, lambda } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import { extendSchema, gql } from "postgraphile/utils";
import type { UnknownObject } from "../../json/equality.ts";
import { bringUp, type Definition } from "../../wizard/migrations.ts";
import type { Problem } from "../../wizard/problems.ts";
import { progressOf, type StageProgress } from "../../wizard/progress.ts";
import { STAGES } from "../../wizard/stages.ts";

/** Adds the wizard's stages and, for each session, what the six JSON Schemas in `wizard/` find missing or wrong. */
export function makeWizardPlugin({ migrations }: Definition): GraphileConfig.Plugin {
  /** Checks the state as it will be after the next opening, which upgrades it to the current definition. */
  const check = ([state, version]: readonly [unknown, number]) =>
    progressOf(bringUp(state as UnknownObject, version, migrations));

  // The schemas run once, even if both fields are selected: Grafast merges steps that have the same input and function.
  const progress = ($session: PgSelectSingleStep) =>
    lambda([$session.get("state"), $session.get("definition_version")], check);

  return extendSchema(
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
            problems: ($session: PgSelectSingleStep) => lambda(progress($session), problemsIn),
            progress,
          },
        },
      },
    }),
    "WizardPlugin",
  );
}

function problemsIn(progress: readonly StageProgress[]): readonly Problem[] {
  return progress.flatMap(({ problems }) => problems);
}
