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
  /** The event that a new session edits. */
  readonly eventId?: string | undefined;
  /** Whether the client's links support subscriptions. If so, saves made elsewhere are seen at once. */
  readonly live?: boolean | undefined;
  /** Another way to learn of saves made elsewhere. Without either, they are seen when the page gets the focus. */
  readonly watch?: ((onChange: (change: Change) => void) => () => void) | undefined;
}

// A websocket link reconnects on its own. This is for errors that end the subscription, such as an expired token.
const SUBSCRIBE_AGAIN_MS = 10_000;

/** The requests for a session, sent by the app's own Apollo Client with its links and its token. */
export function apolloTransport(options: ApolloTransportOptions): Transport {
  const { client, sessionId: id, eventId, live = false } = options;
  const watch = options.watch ?? (live ? (onChange) => subscribe(client, id, onChange) : undefined);
  const mutate = async <Data, Variables extends OperationVariables>(
    mutation: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    how: RequestOptions,
  ): Promise<Data> => {
    // An error rejects, so there is data.
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
      const { saveId, baseRevision, patch, baseValues, stage } = request;
      const input = { id, saveId, baseRevision, patch, baseValues, stage };
      const { saveWizardSession: answer } = await mutate(SaveWizardSessionDocument, { input }, how);
      if (!answer) throw new SaveError("NETWORK", "The server sent an empty answer.");
      const conflicts = answer.conflicts as readonly FieldConflict[];
      return { outcome: answer.outcome, session: snapshotOf(answer.wizardSession), conflicts };
    },
    restore: async (request, how) => {
      const { restoreWizardSession } = await mutate(RestoreWizardSessionDocument, { id, ...request }, how);
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
        if (!completed.eventId) throw new SaveError("NOT_FOUND", "The event has been deleted.");
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
      // The session was deleted. The next read fails with NOT_FOUND.
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
  // Each save needs its own answer.
  return { queryDeduplication: false, fetchOptions: { signal, ...(keepalive && { keepalive }) } };
}

function snapshotOf(session: SessionSnapshotFragment | null | undefined): Snapshot {
  if (!session) throw new SaveError("NOT_FOUND", "This session does not exist, or it belongs to another user.");
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

/** Throws Apollo's error as a `SaveError`. */
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

/** The code of an answer that is not GraphQL, for example from a proxy. */
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

/** The `Retry-After` header, which is in seconds or a date, in milliseconds. */
function retryAfterMs(header: string | null, now: number): number | undefined {
  if (!header) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function problemsOf({ details }: SaveError): readonly WizardProblem[] {
  return (details.problems ?? []) as readonly WizardProblem[];
}
