import type { PgExecutor, PgResource } from "postgraphile/@dataplan/pg";
import type { FieldArgs, Step } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";
import { extendSchema, gql } from "postgraphile/utils";
import type { Definition } from "../../wizard/migrations.ts";
import { call } from "../call.ts";
import { upgradeSession } from "../lockedSession.ts";

/**
 * Adds `saveWizardSession`. PostGraphile would wrap what the SQL function returns in another object, and can't upgrade
 * the session to the current definition.
 */
export const makeSavingPlugin = (definition: Definition): GraphileConfig.Plugin =>
  extendSchema((build) => {
    const { save_wizard_session: save, wizard_sessions: sessions } = build.pgResources;
    if (!save || !sessions) throw new Error("The SQL function save_wizard_session is missing. Migrate the database.");

    const upgradable = upgradingWhenRequired(save, definition);

    return {
      typeDefs: gql`
        extend type Mutation {
          saveWizardSession(input: SaveWizardSessionInput!): SaveWizardSessionPayload
        }

        input SaveWizardSessionInput {
          """The session's id."""
          id: UUID!
          """A key that the client makes for each save. Send the same key when you repeat a save."""
          saveId: UUID!
          """The revision that the patch applies to: that of the last answer whose state the client has adopted."""
          baseRevision: Int!
          """The stage that the user is at, 1 to 6. Leave it out to keep the stage."""
          stage: Int
          """The changes: an object with the new values, and null for what to remove. Arrays are replaced as a whole."""
          patch: JSON!
          """
          The values at the base of everything that the patch writes: an object with the patch's members. Leave out what had
          no value. With them, a path conflicts only if its present value is neither the base value nor the new one, and the
          base may be older than the history. Without them, a path conflicts if a save since the base wrote it.
          """
          baseValues: JSON
        }

        extend type SaveWizardSessionPayload {
          """The session after the save; after a CONFLICT, the session as it is."""
          wizardSession: WizardSession!
        }
      `,
      objects: {
        Mutation: {
          plans: {
            saveWizardSession(_: Step, args: FieldArgs) {
              const names = ["id", "saveId", "baseRevision", "patch", "stage", "baseValues"];
              return call(
                upgradable,
                names.map((name) => args.getRaw(["input", name])),
              );
            },
          },
        },
        // The session's columns are columns of the same row, so only the selected ones are read, in the same statement.
        SaveWizardSessionPayload: { plans: { wizardSession: ($payload: Step) => $payload } },
      },
    };
  }, "SavingPlugin");

/** The function `save_wizard_session`. If it refuses a session of an older definition, upgrades it and calls it again. */
function upgradingWhenRequired(save: PgResource, definition: Definition): PgResource {
  const { executor } = save;
  const executeWithoutCache: PgExecutor["executeWithoutCache"] = async (values, options) => {
    try {
      return await executor.executeWithoutCache(values, options);
    } catch (error) {
      const { code, detail = "{}" } = error as { readonly code?: string; readonly detail?: string };
      if (code !== "WZ426") throw error;
      const { id } = JSON.parse(detail) as { readonly id: string };
      for (const { context } of values) {
        await context.withPgClient(context.pgSettings, (client) =>
          client.withTransaction((inTransaction) => upgradeSession(inTransaction, id, definition)),
        );
      }
      return await executor.executeWithoutCache(values, options);
    }
  };
  const retrying = Object.create(executor, { executeWithoutCache: { value: executeWithoutCache } });
  return Object.create(save, { executor: { value: retrying } });
}
