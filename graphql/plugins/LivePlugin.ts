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

/** `wizardSessionChanged`: each event reads the session again, as the subscriber and under the policies. */
export const LivePlugin: GraphileConfig.Plugin = extendSchema((build) => {
  const { wizard_sessions: sessions } = build.pgResources;
  if (!sessions) throw new Error("The table wizard_sessions is missing: migrate the database.");

  return {
    typeDefs: gql`
      extend type Subscription {
        """
        Tells of every save of a session, whoever makes it, and first of all where the session is now. It ends when the
        session is deleted. Refused with NOT_FOUND when there is no such session, or it is not yours.
        """
        wizardSessionChanged(id: UUID!): WizardSessionChange!
      }

      """A save of a session, or word that saves may have been missed."""
      type WizardSessionChange {
        """Whether this is one save, or whether there may have been others before it."""
        kind: WizardSessionChangeKind!
        """The revision that the save made; with REFETCH, the session's present one."""
        revision: Int!
        """The key that the save was sent with; null where it had none. A tab knows its own."""
        saveId: UUID
        """The stage that the user was at."""
        stage: Int!
        """The user who saved; null where something without a user did."""
        savedBy: UUID
        """The session as it is now, which may be later than this save; null when it is gone."""
        wizardSession: WizardSession
      }

      """What an event of a session says."""
      enum WizardSessionChangeKind {
        """One save was written."""
        SAVED
        """This is where the session is. Saves may have been missed before it: the first event, and after an interruption."""
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
  throw new SafeError("Subscriptions are sent over a websocket, with the protocol graphql-transport-ws.", {
    code: "INVALID_INPUT",
  });
}
