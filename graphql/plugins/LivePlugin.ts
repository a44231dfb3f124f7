import {
  access,
  context,
  type FieldArgs,
  type GrafastSubscriber,
  lambda,
  listen,
  SafeError,
  type Step,
} from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";
import { extendSchema, gql } from "postgraphile/utils";
import type { SessionChange, WatchSession } from "../live.ts";

/** Adds the subscription `wizardSessionChanged`. Each event reads the session again, as the subscriber under RLS. */
export const LivePlugin: GraphileConfig.Plugin = extendSchema((build) => {
  const { wizard_sessions: sessions } = build.pgResources;
  if (!sessions) throw new Error("The table wizard_sessions is missing: migrate the database.");

  return {
    typeDefs: gql`
      extend type Subscription {
        """
        Sends an event for every save of a session, by any client, and first an event with its present revision. Ends when
        the session is deleted. NOT_FOUND if the session does not exist or is not yours.
        """
        wizardSessionChanged(id: UUID!): WizardSessionChange!
      }

      """A save of a session, or a note that saves may have been missed."""
      type WizardSessionChange {
        """Whether the event is one save, or saves may have been missed."""
        kind: WizardSessionChangeKind!
        """The revision of the save; for REFETCH, the session's present revision."""
        revision: Int!
        """The key of the save, by which a tab recognises its own; null if it had none."""
        saveId: UUID
        """The stage that the user was at."""
        stage: Int!
        """The id of the user who saved; null if there was none, as with the sweep."""
        savedBy: UUID
        """The session now, possibly after later saves; null if it was deleted."""
        wizardSession: WizardSession
      }

      """The kind of an event."""
      enum WizardSessionChangeKind {
        """A save."""
        SAVED
        """The session's present revision. Saves before it may have been missed: the first event, and after an interruption."""
        REFETCH
      }
    `,
    objects: {
      Subscription: {
        plans: {
          wizardSessionChanged: {
            subscribePlan: (_: Step, args: FieldArgs) =>
              listen(
                lambda(context().get("watchSession"), asPubsub) as Step<Subscriber>,
                args.getRaw("id") as Step<string>,
              ),
            plan: ($change: Step) => $change,
          },
        },
      },
      WizardSessionChange: {
        plans: {
          wizardSession: ($change: Step) => sessions.get({ id: access($change, "sessionId") }),
        },
      },
    },
  };
}, "LivePlugin");

type Subscriber = GrafastSubscriber<Record<string, SessionChange>>;

function asPubsub(watch: WatchSession | undefined): Subscriber {
  if (watch) return { subscribe: ((sessionId) => watch(String(sessionId))) as Subscriber["subscribe"] };
  throw new SafeError("Subscriptions need a websocket with the protocol graphql-transport-ws.", {
    code: "INVALID_INPUT",
  });
}
