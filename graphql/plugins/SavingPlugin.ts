import {
  type PgSelectSingleStep,
  pgSelectSingleFromRecord,
  sideEffectWithPgClientTransaction,
} from "postgraphile/@dataplan/pg";
import { type FieldArgs, type ObjectStep, object, type Step } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";
import { extendSchema, gql } from "postgraphile/utils";
import type { Definition } from "../../wizard/migrations.ts";
import { call } from "../call.ts";
import { openSession } from "../lockedSession.ts";

/**
 * `saveWizardSession` and `wizardSessionAt`: each calls the SQL function of its name. PostGraphile would put their
 * columns a level deeper, and say of each that it may be null.
 */
export const makeSavingPlugin = (definition: Definition): GraphileConfig.Plugin =>
  extendSchema((build) => {
    const { save_wizard_session: save, wizard_session_at: at, wizard_sessions: sessions } = build.pgResources;
    if (!save || !at || !sessions) throw new Error("The SQL functions for saving are missing: migrate the database.");

    return {
      typeDefs: gql`
      extend type Mutation {
        """
        Saves a merge patch (RFC 7396) onto the state of a session, under a key that makes it safe to be sent again. A
        save onto an older revision is merged where it changes other paths than the saves since; otherwise nothing is
        written, and the outcome is CONFLICT.
        """
        saveWizardSession(input: SaveWizardSessionInput!): SaveWizardSessionPayload
      }

      input SaveWizardSessionInput {
        """The session's id."""
        id: UUID!
        """Made by the client, a new one for each save; the same one when a save is sent again."""
        saveId: UUID!
        """The revision that the patch was made from: that of the last answer whose state the client has taken over."""
        baseRevision: Int!
        """The stage that the user is at, 1 to 6. Without it, the stage stays."""
        stage: Int
        """An object of what changes; null for what goes. Arrays are put in place as a whole."""
        patch: JSON!
      }

      type SaveWizardSessionPayload {
        """What became of the save."""
        outcome: SaveOutcome!
        """The session as it was when this was answered: with the save, except after a CONFLICT."""
        wizardSession: WizardSession!
        """After a CONFLICT, every path that was changed on both sides; empty otherwise."""
        conflicts: [SaveConflict!]!
      }

      """What became of a save."""
      enum SaveOutcome {
        """It was written as a new revision, and nothing else had been written since the base."""
        SAVED
        """It was written as a new revision. Other saves since the base, elsewhere in the state, are kept beside it."""
        MERGED
        """A save with this key was written before; nothing was written now."""
        DUPLICATE
        """Other saves since the base have changed the same things; nothing was written."""
        CONFLICT
      }

      """A path that a refused save and a save since its base have both changed."""
      type SaveConflict {
        """The path within the state, as a JSON pointer (RFC 6901)."""
        pointer: String!
        """The value in the base revision; null where there was none, or where that revision is not kept any more."""
        base: JSON
        """The value that the refused save would have put there; null where it would have removed it."""
        yours: JSON
        """The value that is there now; null where there is none."""
        theirs: JSON
      }

      extend type Query {
        """
        The state of a session as one of its revisions left it. Refused with NOT_FOUND when there is no such session, or
        when that revision is not kept.
        """
        wizardSessionAt(id: UUID!, revision: Int!): WizardSessionState
      }

      """What a session held at one of its revisions."""
      type WizardSessionState {
        """The revision that was asked for."""
        revision: Int!
        """The stage that the user was at."""
        stage: Int!
        """What had been entered: a JSON object."""
        state: JSON!
        """When that revision was written."""
        savedAt: Datetime!
        """Which version of the wizard's stages the state was written for."""
        definitionVersion: Int!
      }
    `,
      objects: {
        Mutation: {
          plans: {
            saveWizardSession(_: Step, args: FieldArgs) {
              // Before the save, which is then merged with it as with any other: a patch onto an older state would be undone
              // when that is brought up later. Before there is a second version of the stages, no state is older.
              if (definition.version > 1) {
                sideEffectWithPgClientTransaction(sessions.executor, args.getRaw(["input", "id"]), (client, id) =>
                  openSession(client, id, definition),
                );
              }
              const names = ["id", "saveId", "baseRevision", "patch", "stage"];
              const values = names.map((name) => args.getRaw(["input", name]));
              return object({ result: call(save, values) });
            },
          },
        },
        SaveWizardSessionPayload: {
          plans: {
            outcome: ($payload: ObjectStep) => resultOf($payload).get("outcome"),
            wizardSession($payload: ObjectStep) {
              // The row that the function returned, and not one read after it: that may hold later saves.
              const $session = pgSelectSingleFromRecord(sessions, resultOf($payload).get("wizard_session"));
              $session.getClassStep().setTrusted();
              return $session;
            },
            conflicts: ($payload: ObjectStep) => resultOf($payload).get("conflicts"),
          },
        },
        Query: {
          plans: {
            wizardSessionAt: (_: Step, args: FieldArgs) => call(at, [args.getRaw("id"), args.getRaw("revision")]),
          },
        },
        WizardSessionState: {
          plans: {
            savedAt: ($state: PgSelectSingleStep) => $state.get("saved_at"),
            definitionVersion: ($state: PgSelectSingleStep) => $state.get("definition_version"),
          },
        },
      },
    };
  }, "SavingPlugin");

function resultOf($payload: ObjectStep): PgSelectSingleStep {
  return $payload.getStepForKey("result") as PgSelectSingleStep;
}
