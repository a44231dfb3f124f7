import { type PgClient, sideEffectWithPgClientTransaction } from "postgraphile/@dataplan/pg";
import { type FieldArgs, type ObjectStep, object, type Step } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";
import { extendSchema, gql } from "postgraphile/utils";
import type { Definition } from "../../wizard/migrations.ts";
import { upgradeSession } from "../lockedSession.ts";

/**
 * Adds `startWizardSession` and `restoreWizardSession`, which call the SQL functions of these names and upgrade the session
 * to the current definition in the same transaction. PostGraphile can't call TypeScript in between.
 */
export const makeOpeningPlugin = (definition: Definition): GraphileConfig.Plugin =>
  extendSchema((build) => {
    const { wizard_sessions: sessions } = build.pgResources;
    if (!sessions) throw new Error("The table wizard_sessions is missing. Migrate the database.");

    async function open(client: PgClient, text: string, values: unknown[], id: string): Promise<string> {
      await client.query({ text, values });
      await upgradeSession(client, id, definition);
      return id;
    }
    const payload = ($id: Step) => object({ id: $id });

    return {
      typeDefs: gql`
        extend type Mutation {
          startWizardSession(input: StartWizardSessionInput!): StartWizardSessionPayload
          restoreWizardSession(input: RestoreWizardSessionInput!): RestoreWizardSessionPayload
        }

        input StartWizardSessionInput {
          """A UUID that the client makes. The session keeps it as its id."""
          id: UUID!
          """One of the caller's events, to edit it. Without it, completing the session creates an event."""
          eventId: UUID
        }

        type StartWizardSessionPayload {
          """The session."""
          wizardSession: WizardSession!
        }

        input RestoreWizardSessionInput {
          """The session's id."""
          id: UUID!
          """The revision to restore."""
          revision: Int!
          """The present revision, as the client knows it. If there is a newer one, nothing is written: REVISION_CONFLICT."""
          baseRevision: Int
          """A key that the client makes. Send the same key when you repeat the request."""
          saveId: UUID
        }

        type RestoreWizardSessionPayload {
          """The session with the restored state."""
          wizardSession: WizardSession!
        }
      `,
      objects: {
        Mutation: {
          plans: {
            startWizardSession(_: Step, args: FieldArgs) {
              const $input = { id: args.getRaw(["input", "id"]), eventId: args.getRaw(["input", "eventId"]) };
              return payload(
                sideEffectWithPgClientTransaction(sessions.executor, $input, (client, { id, eventId }) =>
                  open(client, "select public.start_wizard_session($1, $2)", [id, eventId ?? null], id),
                ),
              );
            },
            restoreWizardSession(_: Step, args: FieldArgs) {
              const $input = {
                id: args.getRaw(["input", "id"]),
                revision: args.getRaw(["input", "revision"]),
                baseRevision: args.getRaw(["input", "baseRevision"]),
                saveId: args.getRaw(["input", "saveId"]),
              };
              const text = "select public.restore_wizard_session($1, $2, $3, $4)";
              return payload(
                sideEffectWithPgClientTransaction(
                  sessions.executor,
                  $input,
                  (client, { id, revision, baseRevision, saveId }) =>
                    open(client, text, [id, revision, baseRevision ?? null, saveId ?? null], id),
                ),
              );
            },
          },
        },
        StartWizardSessionPayload: {
          plans: { wizardSession: ($payload: ObjectStep) => sessions.get({ id: $payload.get("id") }) },
        },
        RestoreWizardSessionPayload: {
          plans: { wizardSession: ($payload: ObjectStep) => sessions.get({ id: $payload.get("id") }) },
        },
      },
    };
  }, "OpeningPlugin");
