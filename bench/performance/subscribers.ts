import { setTimeout as sleep } from "node:timers/promises";
import { type Client, createClient } from "graphql-ws";
import WebSocket from "ws";
import { type Session, WATCH } from "./operations.ts";

export interface Subscribers {
  /** Waits until every subscriber knows the last revision of its session, and disconnects them. */
  finish(): Promise<{ count: number; problem: string | undefined }>;
}

const CONNECTING_AT_ONCE = 50;
const LAST_EVENT_TIMEOUT_MS = 10_000;

/** Opens a websocket for each session, and subscribes to its changes as the client does. */
export async function watchSessions(url: string, sessions: readonly Session[]): Promise<Subscribers> {
  const latest = new Map<Session, number>();
  const clients: Client[] = [];
  let [count, problem] = [0, undefined as string | undefined];

  const watch = (session: Session) =>
    new Promise<void>((resolve) => {
      const client = createClient({
        url: `${url.replace("http", "ws")}/graphql`,
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        connectionParams: { authorization: `Bearer ${session.token}` },
      });
      clients.push(client);
      const fail = (error: unknown) => {
        problem ??= `subscription: ${error instanceof Error ? error.message : JSON.stringify(error)}`;
        resolve();
      };
      client.subscribe<{ wizardSessionChanged: { revision: number } }>(
        { query: WATCH, variables: { id: session.id } },
        {
          next: ({ data, errors }) => {
            if (!data) return fail(errors);
            if (latest.has(session)) count++; // The first event is not a save.
            latest.set(session, data.wizardSessionChanged.revision);
            resolve();
          },
          error: fail,
          complete: resolve,
        },
      );
    });
  for (let first = 0; first < sessions.length; first += CONNECTING_AT_ONCE) {
    await Promise.all(sessions.slice(first, first + CONNECTING_AT_ONCE).map(watch));
  }

  return {
    async finish() {
      const behind = () => sessions.filter((session) => latest.get(session) !== session.revision).length;
      const until = performance.now() + LAST_EVENT_TIMEOUT_MS;
      while (behind() > 0 && performance.now() < until) await sleep(10);
      if (behind() > 0) problem ??= `${behind()} subscribers did not hear of the last save`;
      await Promise.all(clients.map((client) => client.dispose()));
      return { count, problem };
    },
  };
}
