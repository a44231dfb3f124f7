import { type PgClient, sideEffectWithPgClientTransaction } from "postgraphile/@dataplan/pg";
import { access, type FieldArgs, type ObjectStep, object, type Step } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";
import { extendSchema, gql } from "postgraphile/utils";
import type { Definition } from "../../wizard/migrations.ts";
import { requireComplete } from "../incomplete.ts";
import { lockSession, upgradeLockedSession } from "../lockedSession.ts";

interface Input {
  readonly id: string;
  readonly baseRevision: number;
  readonly eventRevision?: number | null;
  readonly asNewEvent?: boolean | null;
  readonly hideEvent?: boolean | null;
}

/**
 * Adds `completeWizardSession`, which validates the answers with the JSON Schemas, as SQL can't, and calls the SQL function
 * of that name in the same transaction.
 */
export const makeCompletingPlugin = (definition: Definition): GraphileConfig.Plugin =>
  extendSchema((build) => {
    const { wizard_sessions: sessions, events } = build.pgResources;
    if (!sessions || !events) throw new Error("The table wizard_sessions or events is missing. Migrate the database.");

    /** The valid answers to publish, and the revision of the session that they come from. */
    async function checkAnswers(client: PgClient, { id, baseRevision, eventRevision, asNewEvent }: Input) {
      const locked = await lockSession(client, id);
      // Nothing to validate: SQL refuses the call or returns the completed session.
      if (!locked || locked.status === "completed" || locked.revision !== baseRevision) {
        return { revision: baseRevision, answers: {} };
      }
      const { revision } = await upgradeLockedSession(client, locked, definition);
      // Validated after they are merged with changes that others made to the event.
      const { rows } = await client.query<{ state: unknown }>({
        text: "select app_private.answers_to_publish($1, $2, $3) as state",
        values: [id, eventRevision, asNewEvent],
      });
      return { revision, answers: requireComplete(rows[0]?.state) };
    }

    async function complete(client: PgClient, input: Input) {
      const { revision, answers } = await checkAnswers(client, input);
      const { rows } = await client.query<{ id: string; eventId: string | null }>({
        text: `select id, event_id as "eventId" from public.complete_wizard_session($1, $2, $3, $4, $5, $6)`,
        values: [
          ...[input.id, revision, JSON.stringify(answers)],
          ...[input.eventRevision, input.asNewEvent, input.hideEvent],
        ],
      });
      return rows[0];
    }

    return {
      typeDefs: gql`
        extend type Mutation {
          completeWizardSession(input: CompleteWizardSessionInput!): CompleteWizardSessionPayload
        }

        input CompleteWizardSessionInput {
          """The session's id."""
          id: UUID!
          """The revision to publish: the one that the user has seen."""
          baseRevision: Int!
          """
          The revision of the event that the user has seen, as an EVENT_CONFLICT named it. If the event is still at this
          revision, the session's changes overwrite the event's.
          """
          eventRevision: Int
          """Publish a new event if the session's event was deleted. Otherwise the answer is EVENT_DELETED."""
          asNewEvent: Boolean
          """
          Publish at the time in the answers, although it hides an event that others can see now. Otherwise the answer is
          INCOMPLETE, with a problem whose code is "hides".
          """
          hideEvent: Boolean
        }

        type CompleteWizardSessionPayload {
          """The completed session."""
          wizardSession: WizardSession!
          """
          The published event. Null if it was deleted since, or if the status was set to completed without publishing.
          """
          event: Event
        }
      `,
      objects: {
        Mutation: {
          plans: {
            completeWizardSession(_: Step, args: FieldArgs) {
              const $input = object({
                id: args.getRaw(["input", "id"]),
                baseRevision: args.getRaw(["input", "baseRevision"]),
                eventRevision: args.getRaw(["input", "eventRevision"]),
                asNewEvent: args.getRaw(["input", "asNewEvent"]),
                hideEvent: args.getRaw(["input", "hideEvent"]),
              });
              const $completed = sideEffectWithPgClientTransaction(sessions.executor, $input, complete);
              return object({ id: access($completed, "id"), eventId: access($completed, "eventId") });
            },
          },
        },
        CompleteWizardSessionPayload: {
          plans: {
            wizardSession: ($payload: ObjectStep) => sessions.get({ id: $payload.get("id") }),
            event: ($payload: ObjectStep) => events.get({ id: $payload.get("eventId") }),
          },
        },
      },
    };
  }, "CompletingPlugin");
