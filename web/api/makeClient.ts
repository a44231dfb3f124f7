import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, ServerError } from "@apollo/client";
import { SetContextLink } from "@apollo/client/link/context";
import { ErrorLink } from "@apollo/client/link/error";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { type Client, createClient } from "graphql-ws";
import { currentToken, expireToken, validToken } from "../auth/signedIn.ts";

const GRAPHQL_PATH = "/graphql";
const UNAUTHORIZED = 401;
/** The close code of the websocket if the token is invalid or has expired. */
const SOCKET_UNAUTHENTICATED = 4401;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
// These values always arrive complete, so the newer one replaces the older one.
const REPLACE = { merge: false };
const TYPE_POLICIES = {
  Query: { fields: { wizardSessions: REPLACE } },
  WizardSession: { fields: { state: REPLACE, progress: REPLACE, problems: REPLACE, revisions: REPLACE } },
};

/** A client for one user. Its cache must not be shown to another user, so each user gets a new client. */
export function makeClient(): ApolloClient {
  const authLink = new SetContextLink(({ headers }) => {
    const token = currentToken();
    return { sentToken: token, headers: token ? { ...headers, authorization: `Bearer ${token}` } : headers };
  });
  const expiryLink = new ErrorLink(({ error, operation }) => {
    if (isUnauthenticated(error)) expireToken(operation.getContext().sentToken);
  });
  return new ApolloClient({
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(makeSocket()),
      ApolloLink.from([authLink, expiryLink, new HttpLink({ uri: GRAPHQL_PATH })]),
    ),
    cache: new InMemoryCache({ typePolicies: TYPE_POLICIES }),
    defaultOptions: { watchQuery: { fetchPolicy: "cache-and-network" } },
  });
}

/** The websocket opens with the first subscription and closes after the last one. */
function makeSocket(): Client {
  return createClient({
    url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${GRAPHQL_PATH}`,
    connectionParams: () => {
      const token = validToken();
      return token ? { authorization: `Bearer ${token}` } : {};
    },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: (event) => !(event instanceof CloseEvent && event.code === SOCKET_UNAUTHENTICATED),
    retryWait: (retries) => {
      const pause = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** retries);
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
