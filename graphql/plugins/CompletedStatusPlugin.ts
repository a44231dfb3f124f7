import type { PgExecutorContext, PgUpdateSingleStep } from "postgraphile/@dataplan/pg";
import { type ObjectStep, SafeError, type Step, sideEffect } from "postgraphile/grafast";
import type {} from "postgraphile/graphile-build";
import type {} from "postgraphile/graphile-build-pg";
import { isObject } from "../../json/equality.ts";
import { type Definition, upgradeState } from "../../wizard/migrations.ts";
import { requireComplete } from "../incomplete.ts";

/** The fields of a new session, or of a patch of one, that the check needs. */
interface Fields {
  readonly status?: string | null;
  readonly state?: unknown;
  readonly revision?: number | null;
  readonly definitionVersion?: number | null;
}

interface StoredSession {
  readonly status: string;
  readonly state: unknown;
  readonly revision: number;
  readonly definitionVersion: number;
}

/**
 * Lets `createWizardSession` and `updateWizardSession` set the status to completed only if the state has no problems. The
 * schemas are checked here, as SQL can't. An input with another status costs no statement.
 */
export const makeCompletedStatusPlugin = (definition: Definition): GraphileConfig.Plugin => {
  function requireCompleteState(state: unknown, version: number) {
    requireComplete(isObject(state) ? upgradeState(state, version, definition.migrations) : state);
  }

  function checkNew(session: Fields) {
    if (session.status !== "completed") return;
    requireCompleteState(session.state, session.definitionVersion ?? definition.version);
  }

  /**
   * Returns the revision that the update must still find, so that a save between this check and the update is a
   * REVISION_CONFLICT. Undefined if the patch names the revision or the whole state, or if there is nothing to check.
   */
  async function checkPatch({ withPgClient, pgSettings }: PgExecutorContext, id: string, patch: Fields) {
    if (patch.status !== "completed") return undefined;
    const { rows } = await withPgClient(pgSettings, (client) =>
      client.query<StoredSession>({
        text: `select status, state, revision, definition_version as "definitionVersion"
                 from public.wizard_sessions where id = $1`,
        values: [id],
      }),
    );
    const [stored] = rows;
    // The update refuses these.
    if (!stored || stored.status === "completed" || patch.revision === null) return undefined;
    const { revision } = stored;
    if (patch.revision !== undefined && patch.revision !== revision) {
      throw new SafeError(
        `This session was saved elsewhere: it is at revision ${revision}, not ${patch.revision}. Read it again, then save.`,
        { code: "REVISION_CONFLICT", currentRevision: revision },
      );
    }
    const { state, definitionVersion } = { ...stored, ...patch };
    requireCompleteState(state, definitionVersion ?? stored.definitionVersion);
    return patch.revision === undefined && patch.state === undefined ? revision : undefined;
  }

  return {
    name: "CompletedStatusPlugin",
    version: "1.0.0",
    schema: {
      hooks: {
        GraphQLObjectType_fields_field(field, _build, { scope }) {
          const { isPgCreateMutation, isPgUpdateMutation, pgFieldResource } = scope;
          const { plan } = field;
          if (pgFieldResource?.name !== "wizard_sessions" || !plan) return field;
          if (isPgCreateMutation) {
            return {
              ...field,
              plan($parent, args, info) {
                sideEffect(args.getRaw(["input", "wizardSession"]) as Step<Fields>, checkNew);
                return plan($parent, args, info);
              },
            };
          }
          if (isPgUpdateMutation) {
            return {
              ...field,
              plan($parent, args, info) {
                const $revision = sideEffect(
                  [
                    pgFieldResource.executor.context(),
                    args.getRaw(["input", "id"]) as Step<string>,
                    args.getRaw(["input", "patch"]) as Step<Fields>,
                  ],
                  ([context, id, patch]) => checkPatch(context, id, patch),
                );
                const $payload = plan($parent, args, info) as ObjectStep;
                const $update = $payload.getStepForKey("result") as PgUpdateSingleStep;
                // The update leaves out a column whose value is undefined.
                $update.set("revision", $revision);
                return $payload;
              },
            };
          }
          return field;
        },
      },
    },
  };
};
