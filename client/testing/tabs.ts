import "fake-indexeddb/auto";
import { randomUUID } from "node:crypto";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { afterEach } from "@jest/globals";
import { OperationTypeNode } from "graphql";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import type { TestApi } from "../../testkit/api.ts";
import { storedSession } from "../../testkit/rows.ts";
import { until } from "../../testkit/until.ts";
import { apolloTransport } from "../apolloTransport.ts";
import { type AutosaveOptions, type Autosaver, createAutosaver } from "../autosave/createAutosaver.ts";
import { openJournal } from "../autosave/journal.ts";
import type { Timing } from "../autosave/timing.ts";
import { makeNetwork, type Network } from "./network.ts";
import { type Browser, makeBrowser, makePage, type Page } from "./page.ts";

/** Short delays, so that tests need not wait for time. */
export const QUICK: Timing = { debounceMs: 5, maxWaitMs: 40, firstRetryMs: 5, maxRetryMs: 20, requestTimeoutMs: 2_000 };

/** One tab with its autosaver, on the real server. */
export interface Tab {
  readonly saver: Autosaver;
  readonly page: Page;
  readonly network: Network;
  readonly browser: Browser;
  /** Ends as a killed process does: it sends nothing, and its locks are released. */
  crash(): Promise<void>;
  phase(phase: string): Promise<void>;
  saved(): Promise<void>;
}

export interface TabOptions extends Partial<Omit<AutosaveOptions, "transport" | "environment">> {
  readonly userId: string;
  readonly sessionId: string;
  readonly browser?: Browser;
  /** The `Authorization` header. */
  readonly authorization: () => string | undefined;
  readonly network?: Network;
  /** Whether it subscribes to other saves by a websocket. */
  readonly live?: boolean;
}

export interface TabOpener {
  open(options: TabOptions): Tab;
  /** A signed-in user, with the id of a session that is not started yet. */
  newUser(): Promise<Pick<TabOptions, "userId" | "sessionId" | "authorization">>;
  stored(sessionId: string): Promise<{ state: unknown; revision: number; stage: number; status: string }>;
}

/** Opens tabs for the test file that calls it, and stops them after each test. */
export function useTabs(api: TestApi): TabOpener {
  const savers: Autosaver[] = [];
  afterEach(() => {
    for (const saver of savers.splice(0)) saver.stop();
  });

  const open = (options: TabOptions): Tab => {
    const { browser = makeBrowser(), authorization, network = makeNetwork(), live = false, ...others } = options;
    const page = makePage(browser);
    const gone = new AbortController();
    const client = makeClient(api.url(), network, authorization);
    const saver = createAutosaver({
      ...QUICK,
      journal: openJournal(browser.name),
      ...others,
      transport: apolloTransport({ client, sessionId: options.sessionId, live }),
      environment: { ...page, isOnline: () => !gone.signal.aborted && page.isOnline() },
    });
    savers.push(saver);
    const phase = async (wanted: string) => {
      await until(
        () => saver.getView().status.phase === wanted,
        () => `${wanted} (but ${JSON.stringify(saver.getView().status)})`,
      );
    };
    return {
      saver,
      page,
      network,
      browser,
      crash: async () => {
        // Offline first, so that `stop` sends nothing.
        gone.abort();
        saver.stop();
      },
      phase,
      saved: () => phase("saved"),
    };
  };
  return {
    open,
    newUser: async () => {
      const { id, headers } = await api.user();
      return { userId: String(id), sessionId: randomUUID(), authorization: () => headers.authorization };
    },
    stored: async (id) => {
      const row = await storedSession(api.db, id);
      if (!row) throw new Error("There is no session with this id.");
      return row;
    },
  };
}

export function makeClient(uri: string, network: Network, authorization: () => string | undefined): ApolloClient {
  const signIn = new ApolloLink((operation, forward) => {
    const header = authorization();
    operation.setContext({ headers: header ? { authorization: header } : {} });
    return forward(operation);
  });
  const http = ApolloLink.from([signIn, new HttpLink({ uri, fetch: network.fetch })]);
  const socket = new GraphQLWsLink(
    createClient({
      url: uri.replace("http", "ws"),
      webSocketImpl: WebSocket,
      connectionParams: () => ({ authorization: authorization() }),
    }),
  );
  const link = ApolloLink.split(({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION, socket, http);
  return new ApolloClient({ link, cache: new InMemoryCache() });
}
