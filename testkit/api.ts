import { randomUUID } from "node:crypto";
import { afterAll, beforeAll } from "@jest/globals";
import { ClientError, GraphQLClient } from "graphql-request";
import type { Claims } from "../graphql/claims.ts";
import { type App, type AppOptions, startApp } from "../server/app.ts";
import { makeLogger } from "../server/log.ts";
import { signToken } from "../server/tokens.ts";
import { type TestDatabase, useTestDatabase } from "./database.ts";

/** An error as a client receives it, without its locations in the document. */
export interface ApiError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: { readonly code: string; readonly [detail: string]: unknown };
}

/** Calls the API over real HTTP with one set of credentials. */
export interface Caller {
  /** The user's id; undefined for an anonymous caller. */
  readonly id: string | undefined;
  /** The credentials, for requests that a test sends without these methods. */
  readonly headers: Readonly<Record<string, string>>;
  /** Returns the data. Throws graphql-request's ClientError if the response has errors. */
  ask<T = Record<string, never>>(document: string, variables?: Record<string, unknown>): Promise<T>;
  /** Returns the whole body of the response, including errors. */
  answer(document: string, variables?: Record<string, unknown>): Promise<unknown>;
  /** Returns the error. Throws unless the response has exactly one. */
  refused(document: string, variables?: Record<string, unknown>): Promise<ApiError>;
}

export interface TestApi {
  readonly db: TestDatabase;
  /** The address of the server, which is known once the tests run. */
  url(path?: string): string;
  /** The lines that the server has logged so far, each a JSON object. */
  logged(): string[];
  user(id?: string): Promise<Caller>;
  anon(): Caller;
  service(): Promise<Caller>;
  analyst(): Promise<Caller>;
  /** A caller with this Authorization header. */
  withAuthorization(header: string): Caller;
}

export const TEST_TOKENS = { secret: "a secret for tests, with 32 bytes or more", audience: "authenticated" };

/** Starts the real server with its own database for a test file. Call it at the top level. */
export function useTestApi(options: Partial<AppOptions> = {}): TestApi {
  const lines: string[] = [];
  let app: App;
  // Jest runs `afterAll` in the order of registration: the server must stop before its database is dropped.
  afterAll(() => app.stop());
  const db = useTestDatabase();
  beforeAll(async () => {
    app = await startApp({
      authDatabaseUrl: db.authUrl,
      tokens: TEST_TOKENS,
      logger: makeLogger({ logLevel: "debug", production: true }, { write: (line) => lines.push(line) }),
      host: "127.0.0.1",
      port: 0,
      graphiql: false,
      development: false,
      ...options,
    });
  });

  const url = (path = "/graphql") => `${app.url}${path}`;
  const caller = (id: string | undefined, headers: Record<string, string>): Caller => {
    const client = () => new GraphQLClient(url(), { headers });
    return {
      id,
      headers,
      ask: <T>(document: string, variables?: Record<string, unknown>) => client().request<T>(document, variables),
      answer: async (query, variables) => {
        const init = {
          method: "POST",
          headers: { ...headers, "content-type": "application/json" },
          body: JSON.stringify({ query, variables }),
        };
        return (await fetch(url(), init)).json();
      },
      refused: async (document, variables) => {
        const answer = await client()
          .request(document, variables)
          .catch((error: unknown) => error);
        if (!(answer instanceof ClientError)) throw new Error(`Expected an error, but got: ${JSON.stringify(answer)}`);
        const [error, ...others] = answer.response.errors ?? [];
        if (!error || others.length > 0) throw new Error(`Expected exactly one error: ${answer.message}`);
        const { message, path, extensions } = error;
        return { message, path, extensions } as unknown as ApiError;
      },
    };
  };
  const signedIn = async (id: string, role: Claims["role"]) => {
    const token = await signToken(TEST_TOKENS, { sub: id, role, expiresIn: "1h" });
    return caller(id, { authorization: `Bearer ${token}` });
  };
  return {
    db,
    url,
    logged: () => lines,
    user: (id = randomUUID()) => signedIn(id, "authenticated"),
    anon: () => caller(undefined, {}),
    service: () => signedIn(randomUUID(), "service_role"),
    analyst: () => signedIn(randomUUID(), "analyst"),
    withAuthorization: (authorization) => caller(undefined, { authorization }),
  };
}
