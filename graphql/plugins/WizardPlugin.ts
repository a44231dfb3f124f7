import type { PgSelectSingleStep } from "postgraphile/@dataplan/pg";
import { constant, lambda } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import { extendSchema, gql } from "postgraphile/utils";
import type { UnknownObject } from "../../json/equality.ts";
import { type Definition, upgradeState } from "../../wizard/migrations.ts";
import type { Problem } from "../../wizard/problems.ts";
import { progressOf, type StageProgress } from "../../wizard/progress.ts";
import { STAGES } from "../../wizard/stages.ts";

/** Adds the wizard's stages and, for each session, what the six JSON Schemas in `wizard/` find missing or wrong. */
export function makeWizardPlugin({ migrations }: Definition): GraphileConfig.Plugin {
  /** Checks the state as it will be after the next opening, which upgrades it to the current definition. */
  const check = ([state, version]: readonly [unknown, number]) =>
    progressOf(upgradeState(state as UnknownObject, version, migrations));

  // The schemas run once, even if both fields are selected: Grafast merges steps that have the same input and function.
  const progress = ($session: PgSelectSingleStep) =>
    lambda([$session.get("state"), $session.get("definition_version")], check);

  return extendSchema(
    () => ({
      typeDefs: gql`
      extend type Query {
        """All stages of the wizard in order. They are the same for every user."""
        wizardStages: [WizardStage!]!
      }

      """A stage of the wizard."""
      type WizardStage {
        """Its number, starting at 1."""
        number: Int!
        """The key of its answers in the state of a session."""
        key: String!
        """Its title, for people."""
        title: String!
        """A JSON Schema (2020-12) for its answers, with labels and help texts. Completing a session requires valid answers."""
        schema: JSON!
      }

      extend type WizardSession {
        """What must be fixed before this session can be completed, in the order of stages and fields."""
        problems: [WizardProblem!]!
        """The progress of each stage, for a progress bar."""
        progress: [WizardStageProgress!]!
      }

      """Something that is missing or wrong in the state of a session."""
      type WizardProblem {
        """The number of the stage."""
        stage: Int!
        """The field in the state, as a JSON pointer (RFC 6901)."""
        pointer: String!
        """The kind of problem, for programs."""
        code: String!
        """What is wrong and what to do, for people."""
        message: String!
      }

      """The progress of a stage of a session."""
      type WizardStageProgress {
        """The number of the stage, starting at 1."""
        number: Int!
        """The key of the stage's answers in the state."""
        key: String!
        """The title of the stage, for people."""
        title: String!
        """Whether the stage has any answer."""
        started: Boolean!
        """Whether the stage has no problems."""
        complete: Boolean!
        """The problems of the stage."""
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
