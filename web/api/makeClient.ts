import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, ServerError } from "@apollo/client";
import { SetContextLink } from "@apollo/client/link/context";
import { ErrorLink } from "@apollo/client/link/error";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { type Client, createClient } from "graphql-ws";
import { currentToken, endToken, goodToken } from "../auth/signedIn.ts";

const GRAPHQL_PATH = "/graphql";
const UNAUTHORIZED = 401;
/** The token is bad, or has ended. */
const SOCKET_UNAUTHENTICATED = 4401;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
// Lists that belong to a session come as a whole: the newer one counts.
const NEWER = { merge: false };
const TYPE_POLICIES = {
  Query: { fields: { wizardSessions: NEWER } },
  WizardSession: { fields: { state: NEWER, progress: NEWER, problems: NEWER, revisions: NEWER } },
};

/** A client for one user: what it has read is nobody else's, so each user gets another one. */
export function makeClient(): ApolloClient {
  const authorize = new SetContextLink(({ headers }) => {
    const token = currentToken();
    return { sentToken: token, headers: token ? { ...headers, authorization: `Bearer ${token}` } : headers };
  });
  const noticeEnd = new ErrorLink(({ error, operation }) => {
    if (isUnauthenticated(error)) endToken(operation.getContext().sentToken);
  });
  return new ApolloClient({
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(makeSocket()),
      ApolloLink.from([authorize, noticeEnd, new HttpLink({ uri: GRAPHQL_PATH })]),
    ),
    cache: new InMemoryCache({ typePolicies: TYPE_POLICIES }),
    defaultOptions: { watchQuery: { fetchPolicy: "cache-and-network" } },
  });
}

/** Opened with the first subscription, and closed after the last one. */
function makeSocket(): Client {
  return createClient({
    url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${GRAPHQL_PATH}`,
    connectionParams: () => {
      const token = goodToken();
      return token ? { authorization: `Bearer ${token}` } : {};
    },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: (event) => !(event instanceof CloseEvent && event.code === SOCKET_UNAUTHENTICATED),
    retryWait: (retries) => {
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** retries);
      return new Promise((resolve) => setTimeout(resolve, pause / 2 + (Math.random() * pause) / 2));
    },
  });
}

function isUnauthenticated(error: unknown): boolean {
  if (ServerError.is(error)) return error.statusCode === UNAUTHORIZED;
  return (
    CombinedGraphQLErrors.is(error) && error.errors.some(({ extensions }) => extensions?.code === "UNAUTHENTICATED")
  );
}
