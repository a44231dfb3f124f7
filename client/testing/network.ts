/** What happens to a request. */
export type Fault =
  /** The server never receives it. */
  | "request lost"
  /** The server has processed it, but its answer does not arrive. */
  | "answer lost"
  /** The server answers 503. */
  | "overloaded"
  /** It is sent, and answered, when the test releases it. */
  | "held";

/** A network between a client and the real server, in which a test makes requests fail. */
export interface Network {
  readonly fetch: typeof fetch;
  /** Sets the faults of the next requests with that operation name, one for each. */
  fail(operation: string, ...faults: Fault[]): void;
  /** Removes the faults that have not occurred yet. */
  heal(): void;
  /** Sends the requests that are held. Resolves when they are answered. */
  release(): Promise<void>;
  /** The requests that were made, including those that failed. */
  readonly sent: SentRequest[];
}

export interface SentRequest {
  readonly operation: string;
  readonly variables: {
    readonly input?: {
      readonly saveId?: string;
      readonly baseRevision?: number;
      readonly patch?: unknown;
      readonly baseValues?: unknown;
    };
  };
  readonly authorization: string | null;
  readonly keepalive: boolean;
}

export function makeNetwork(): Network {
  const faults = new Map<string, Fault[]>();
  const sent: SentRequest[] = [];
  let held: (() => Promise<unknown>)[] = [];

  const faultyFetch = async (url: Parameters<typeof fetch>[0], init: RequestInit = {}): Promise<Response> => {
    const { operationName: operation, variables } = JSON.parse(String(init.body));
    const authorization = new Headers(init.headers).get("authorization");
    sent.push({ operation, variables, authorization, keepalive: init.keepalive === true });
    const fault = faults.get(operation)?.shift();
    if (fault === "request lost") throw new TypeError("fetch failed");
    if (fault === "overloaded") return overloaded();
    if (fault === "held") {
      return new Promise((resolve, reject) => {
        // A request that is already on its way arrives, even if the client no longer waits.
        held.push(() => fetch(url, { ...init, signal: null }).then(resolve, reject));
      });
    }
    const response = await fetch(url, init);
    if (fault === "answer lost") {
      await response.text();
      throw new TypeError("fetch failed");
    }
    return response;
  };
  return {
    fetch: faultyFetch,
    fail: (operation, ...more) => faults.set(operation, [...(faults.get(operation) ?? []), ...more]),
    heal: () => faults.clear(),
    release: async () => {
      const all = held;
      held = [];
      await Promise.all(all.map((go) => go()));
    },
    sent,
  };
}

/** As server/http/sendError.ts answers. */
function overloaded(): Response {
  const error = {
    message: "The server is overloaded. Try again in a moment.",
    extensions: { code: "OVERLOADED" },
  };
  const headers = { "content-type": "application/json", "retry-after": "0" };
  return new Response(JSON.stringify({ errors: [error] }), { status: 503, headers });
}
