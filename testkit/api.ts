import { randomUUID } from "node:crypto";
import { afterAll, beforeAll } from "@jest/globals";
import { ClientError, GraphQLClient } from "graphql-request";
import type { Claims } from "../graphql/claims.ts";
import { type App, type AppOptions, startApp } from "../server/app.ts";
import { makeLogger } from "../server/log.ts";
import { signToken } from "../server/tokens.ts";
import { type TestDatabase, useTestDatabase } from "./database.ts";

/** An error as a client sees it, without the places in the document. */
export interface SeenError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: { readonly code: string; readonly [detail: string]: unknown };
}

/** One person's way to speak with the API, over real HTTP. */
export interface Caller {
  /** The user's id; undefined for somebody who is not signed in. */
  readonly id: string | undefined;
  /** What says who is calling, for a request that a test makes by itself. */
  readonly headers: Readonly<Record<string, string>>;
  /** The data of an answer without errors; throws graphql-request's ClientError otherwise. */
  ask<T = Record<string, never>>(document: string, variables?: Record<string, unknown>): Promise<T>;
  /** The body of the answer as it came, errors and all. */
  answer(document: string, variables?: Record<string, unknown>): Promise<unknown>;
  /** The one error of an answer that has exactly one; throws when it was not refused. */
  refused(document: string, variables?: Record<string, unknown>): Promise<SeenError>;
}

export interface TestApi {
  readonly db: TestDatabase;
  /** Where the server listens; only once the tests run. */
  url(path?: string): string;
  /** What the server has logged so far, a JSON object a line. */
  logged(): string[];
  user(id?: string): Promise<Caller>;
  anon(): Caller;
  service(): Promise<Caller>;
  analyst(): Promise<Caller>;
  /** Somebody with exactly this Authorization header. */
  withAuthorization(header: string): Caller;
}

export const TEST_TOKENS = { secret: "a secret of the tests, of 32 bytes or more", audience: "authenticated" };

/** Gives the test file that calls it (at its top level) the real server, on a database of its own. */
export function useTestApi(options: Partial<AppOptions> = {}): TestApi {
  const lines: string[] = [];
  let app: App;
  // Jest runs these in the order in which they are written: the server stops, then its database goes.
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
        if (!(answer instanceof ClientError)) throw new Error(`This was not refused: ${JSON.stringify(answer)}`);
        const [error, ...others] = answer.response.errors ?? [];
        if (!error || others.length > 0) throw new Error(`One error was expected: ${answer.message}`);
        const { message, path, extensions } = error;
        return { message, path, extensions } as unknown as SeenError;
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
