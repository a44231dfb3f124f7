import type { ApolloClient, OperationVariables, TypedDocumentNode } from "@apollo/client";
import { CombinedGraphQLErrors, ServerError } from "@apollo/client/errors";
import type { JsonObject } from "../json/equality.ts";
import type { FieldConflict } from "./autosave/pending.ts";
import {
  type Change,
  type RequestOptions,
  SaveError,
  type Snapshot,
  type Transport,
  type WizardProblem,
} from "./autosave/transport.ts";
import {
  CompleteWizardSessionDocument,
  ReadWizardSessionDocument,
  RestoreWizardSessionDocument,
  SaveWizardSessionDocument,
  type SessionSnapshotFragment,
  StartWizardSessionDocument,
  WizardSessionChangedDocument,
} from "./generated/operations.ts";

export interface ApolloTransportOptions {
  readonly client: ApolloClient;
  readonly sessionId: string;
  /** The event that a new session is to edit. */
  readonly eventId?: string | undefined;
  /** Whether the client's links take subscriptions: then saves elsewhere are heard of at once. */
  readonly live?: boolean | undefined;
  /** Another way to hear of saves elsewhere. Without either, only the tabs of this browser and the focus tell. */
  readonly watch?: ((onChange: (change: Change) => void) => () => void) | undefined;
}

// A link for websockets connects again by itself; this is for what it gives up at, a token that has ended, say.
const SUBSCRIBE_AGAIN_MS = 10_000;

/** The ways to a session through an app's own Apollo Client: its links, its token, its cache. */
export function apolloTransport(options: ApolloTransportOptions): Transport {
  const { client, sessionId: id, eventId, live = false } = options;
  const watch = options.watch ?? (live ? (onChange) => subscribe(client, id, onChange) : undefined);
  const mutate = async <Data, Variables extends OperationVariables>(
    mutation: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    how: RequestOptions,
  ): Promise<Data> => {
    // An error rejects, so there is an answer.
    const { data } = await client
      .mutate<Data, OperationVariables>({ mutation, variables, context: contextOf(how) })
      .catch(refuse);
    return data as Data;
  };
  return {
    start: async (how) => {
      const { startWizardSession } = await mutate(StartWizardSessionDocument, { id, eventId }, how);
      return snapshotOf(startWizardSession?.wizardSession);
    },
    read: async (how) => {
      const { data } = await client
        .query({
          query: ReadWizardSessionDocument,
          variables: { id },
          fetchPolicy: "network-only",
          context: contextOf(how),
        })
        .catch(refuse);
      return snapshotOf(data?.wizardSession);
    },
    save: async (request, how) => {
      const { saveId, baseRevision, patch, stage } = request;
      const input = { id, saveId, baseRevision, patch, stage };
      const { saveWizardSession: answer } = await mutate(SaveWizardSessionDocument, { input }, how);
      if (!answer) throw new SaveError("NETWORK", "The answer holds nothing.");
      const conflicts = answer.conflicts as readonly FieldConflict[];
      return { outcome: answer.outcome, session: snapshotOf(answer.wizardSession), conflicts };
    },
    restore: async (revision, how) => {
      const { restoreWizardSession } = await mutate(RestoreWizardSessionDocument, { id, revision }, how);
      return snapshotOf(restoreWizardSession?.wizardSession);
    },
    complete: async (baseRevision, how) => {
      try {
        const { completeWizardSession: answer } = await mutate(
          CompleteWizardSessionDocument,
          { id, baseRevision },
          how,
        );
        const completed = snapshotOf(answer?.wizardSession);
        if (!completed.eventId) throw new SaveError("NOT_FOUND", "The event has been deleted since.");
        return { ok: true, eventId: completed.eventId, slug: answer?.event?.slug ?? null };
      } catch (error) {
        if (error instanceof SaveError && error.code === "INCOMPLETE")
          return { ok: false, problems: problemsOf(error) };
        throw error;
      }
    },
    ...(watch && { watch }),
  };
}

function subscribe(client: ApolloClient, id: string, onChange: (change: Change) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let subscription: { unsubscribe(): void } | undefined;
  const listen = () => {
    const again = () => {
      timer = setTimeout(listen, SUBSCRIBE_AGAIN_MS);
    };
    subscription = client.subscribe({ query: WizardSessionChangedDocument, variables: { id } }).subscribe({
      next: ({ data, error }) => {
        if (data) onChange(data.wizardSessionChanged);
        else if (error) again();
      },
      error: again,
      // The session was deleted: reading it says so.
      complete: () => onChange({}),
    });
  };
  listen();
  return () => {
    clearTimeout(timer);
    subscription?.unsubscribe();
  };
}

function contextOf({ signal, keepalive }: RequestOptions) {
  // Saves go out one by one, and each answer counts: Apollo must not answer one with the other.
  return { queryDeduplication: false, fetchOptions: { signal, ...(keepalive && { keepalive }) } };
}

function snapshotOf(session: SessionSnapshotFragment | null | undefined): Snapshot {
  if (!session) throw new SaveError("NOT_FOUND", "There is no such session, or it is not yours.");
  const { revision, stage, state, status, eventId, lastSavedAt, problems, progress } = session;
  return {
    revision,
    stage,
    state: state as JsonObject,
    completed: status === "COMPLETED",
    eventId,
    lastSavedAt,
    problems: problems.map(({ stage, pointer, code, message }) => ({ stage, pointer, code, message })),
    progress: progress.map(({ number, key, title, started, complete }) => ({ number, key, title, started, complete })),
  };
}

interface AnsweredError {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** Throws what Apollo rejected with as the saver understands it. */
function refuse(error: unknown): never {
  if (CombinedGraphQLErrors.is(error)) throw saveError(error.errors[0], "NETWORK", error);
  if (!ServerError.is(error)) throw new SaveError("NETWORK", error instanceof Error ? error.message : String(error));
  const { statusCode, response, bodyText } = error;
  const retryAfter = retryAfterMs(response.headers.get("retry-after"), Date.now());
  throw saveError(firstErrorOf(bodyText), codeOfStatus(statusCode), error, retryAfter);
}

function saveError(first: AnsweredError | undefined, usual: string, cause: Error, retryAfterMs?: number): SaveError {
  const { code, ...details } = first?.extensions ?? {};
  const message = first?.message ?? cause.message;
  return new SaveError(typeof code === "string" ? code : usual, message, { retryAfterMs, details, cause });
}

/** What an answer means that is no GraphQL: that of a proxy in between, say. */
function codeOfStatus(status: number): string {
  if (status === 401) return "UNAUTHENTICATED";
  if (status === 403) return "FORBIDDEN";
  if (status === 413) return "STATE_TOO_LARGE";
  if (status === 429 || status === 503) return "OVERLOADED";
  return "NETWORK";
}

function firstErrorOf(bodyText: string): AnsweredError | undefined {
  try {
    return JSON.parse(bodyText).errors?.[0];
  } catch {
    return undefined;
  }
}

/** The header's seconds, or the time until its date, in milliseconds. */
function retryAfterMs(header: string | null, now: number): number | undefined {
  if (!header) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function problemsOf({ details }: SaveError): readonly WizardProblem[] {
  return (details.problems ?? []) as readonly WizardProblem[];
}
