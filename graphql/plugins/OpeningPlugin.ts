import { type PgClient, sideEffectWithPgClientTransaction } from "postgraphile/@dataplan/pg";
import { type FieldArgs, type ObjectStep, object, type Step } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";
import { extendSchema, gql } from "postgraphile/utils";
import type { Definition } from "../../wizard/migrations.ts";
import { openSession } from "../lockedSession.ts";

/**
 * `startWizardSession` and `restoreWizardSession`: each calls the SQL function of its name. Either may come upon a state
 * that was saved under older stages, and brings it up in the same transaction.
 */
export const makeOpeningPlugin = (definition: Definition): GraphileConfig.Plugin =>
  extendSchema((build) => {
    const { wizard_sessions: sessions } = build.pgResources;
    if (!sessions) throw new Error("The table wizard_sessions is missing: migrate the database.");

    async function open(client: PgClient, text: string, values: unknown[], id: string): Promise<string> {
      await client.query({ text, values });
      await openSession(client, id, definition);
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
          """Made by the client, and kept by it for as long as it works on this session."""
          id: UUID!
          """An event of the caller's that the session is to edit. Without it, completing makes a new event."""
          eventId: UUID
        }

        type StartWizardSessionPayload {
          """The session as it is now."""
          wizardSession: WizardSession!
        }

        input RestoreWizardSessionInput {
          """The session's id."""
          id: UUID!
          """The revision whose state is to be the session's again."""
          revision: Int!
        }

        type RestoreWizardSessionPayload {
          """The session with what was restored."""
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
              const $input = { id: args.getRaw(["input", "id"]), revision: args.getRaw(["input", "revision"]) };
              return payload(
                sideEffectWithPgClientTransaction(sessions.executor, $input, (client, { id, revision }) =>
                  open(client, "select public.restore_wizard_session($1, $2)", [id, revision], id),
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
