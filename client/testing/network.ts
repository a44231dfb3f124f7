/** What becomes of one request. */
export type Fault =
  /** The server never hears of it. */
  | "request lost"
  /** The server has done what it was asked, and nobody hears of that. */
  | "answer lost"
  /** The server has too much to do. */
  | "overloaded"
  /** It arrives only when the test lets it, and its answer comes back then. */
  | "held";

/** A network between a client and the real server, in which requests go wrong as a test says. */
export interface Network {
  readonly fetch: typeof fetch;
  /** What happens to the next requests whose operation has that name, one after the other. */
  fail(operation: string, ...faults: Fault[]): void;
  /** Forgets the faults that have not happened yet. */
  heal(): void;
  /** Lets the requests that were held go on; resolves when they are answered. */
  release(): Promise<void>;
  /** The requests that were made, faults and all. */
  readonly sent: SentRequest[];
}

export interface SentRequest {
  readonly operation: string;
  readonly variables: {
    readonly input?: { readonly saveId?: string; readonly baseRevision?: number; readonly patch?: unknown };
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
        // What is on its way already arrives, whether somebody waits for it or not.
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
