import { afterEach } from "@jest/globals";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import type { ApiError, Caller, TestApi } from "./api.ts";
import type { Session } from "./sessions.ts";
import { until } from "./until.ts";

/** Variables: `id`. */
export const SESSION_CHANGED = `subscription ($id: UUID!) {
  wizardSessionChanged(id: $id) {
    kind revision saveId stage savedBy wizardSession { id userId revision stage status state lastSavedAt }
  }
}`;

export interface Change {
  readonly kind: "SAVED" | "REFETCH";
  readonly revision: number;
  readonly saveId: string | null;
  readonly stage: number;
  readonly savedBy: string | null;
  readonly wizardSession: Session | null;
}

/** A subscription, and what it has received. */
export interface Subscription {
  readonly changes: readonly Change[];
  readonly errors: readonly ApiError[];
  /** Whether the server or `stop` has ended it. */
  readonly ended: boolean;
  /** Waits until it has received this many changes, and returns the last. */
  waitForChanges(count: number): Promise<Change>;
  stop(): void;
}

/** A browser tab with one websocket. */
export interface Tab {
  /** How the websocket was closed; undefined while it is open. */
  readonly closed: { readonly code: number; readonly reason: string } | undefined;
  /** Subscribes without waiting. */
  subscribe(id: string, document?: string): Subscription;
  /** Subscribes to a session, and waits for its first event. */
  watch(id: string): Promise<Subscription>;
  /** Returns the error. Throws unless there is exactly one, and no change. */
  refused(document: string, variables?: Record<string, unknown>): Promise<ApiError>;
  close(): void;
}

/** The credentials of a tab: the headers of a caller, or other connection parameters. */
type Credentials = Pick<Caller, "headers"> | { readonly params: Record<string, unknown> };
type Api = Pick<TestApi, "url">;

/** Opens tabs for a test file, and closes them after each test. Call it at the top level. */
export function useTabs(api: Api): (credentials: Credentials) => Tab {
  const tabs: Tab[] = [];
  afterEach(() => {
    for (const tab of tabs.splice(0)) tab.close();
  });
  return (credentials) => {
    const tab = openTab(api, credentials);
    tabs.push(tab);
    return tab;
  };
}

export function openTab(api: Api, credentials: Credentials): Tab {
  let closed: Tab["closed"];
  const client = createClient({
    url: websocketUrl(api),
    webSocketImpl: WebSocket,
    connectionParams: "params" in credentials ? credentials.params : { ...credentials.headers },
    lazy: false,
    retryAttempts: 0,
    onNonLazyError: () => {},
    on: {
      closed: (event) => {
        const { code, reason } = event as { code: number; reason: string };
        closed = { code, reason };
      },
    },
  });

  const start = (query: string, variables: Record<string, unknown>): Subscription => {
    const changes: Change[] = [];
    const errors: ApiError[] = [];
    let ended = false;
    const stop = client.subscribe<{ wizardSessionChanged: Change }>(
      { query, variables },
      {
        next: (answer) => {
          errors.push(...((answer.errors ?? []) as unknown as ApiError[]));
          if (answer.data) changes.push(answer.data.wizardSessionChanged);
        },
        error: (error) => {
          if (Array.isArray(error)) errors.push(...error);
          ended = true;
        },
        complete: () => {
          ended = true;
        },
      },
    );
    return {
      changes,
      errors,
      get ended() {
        return ended;
      },
      waitForChanges: (count) =>
        until(() => (changes.length >= count ? changes.at(-1) : undefined), `change number ${count}`),
      stop,
    };
  };
  const subscribe: Tab["subscribe"] = (id, document = SESSION_CHANGED) => start(document, { id });
  return {
    get closed() {
      return closed;
    },
    subscribe,
    watch: async (id) => {
      const watching = subscribe(id);
      await watching.waitForChanges(1);
      return watching;
    },
    refused: async (document, variables = {}) => {
      const attempt = start(document, variables);
      await until(() => attempt.ended, "refusal");
      const [error, ...others] = attempt.errors;
      if (!error || others.length > 0 || attempt.changes.length > 0) {
        throw new Error(`Expected exactly one error: ${JSON.stringify(attempt)}`);
      }
      return error;
    },
    close: () => void client.dispose(),
  };
}

export function websocketUrl(api: Api): string {
  return api.url().replace(/^http/, "ws");
}

/** Counts the connections that listen for changes, and the advisory locks that they hold. */
export async function listenerState(api: TestApi): Promise<{ connections: number; locks: number }> {
  const { rows } = await api.db.root.query<{ connections: number; locks: number }>(
    `select count(distinct a.pid)::int as connections,
            count(*) filter (where l.locktype = 'advisory' and l.granted)::int as locks
       from pg_stat_activity a left join pg_locks l on l.pid = a.pid
      where a.datname = current_database() and a.application_name = 'stagekeep live'`,
  );
  return rows[0] ?? { connections: 0, locks: 0 };
}
