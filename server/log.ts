import { randomUUID } from "node:crypto";
import { type DestinationStream, type Logger, pino } from "pino";
import { pinoHttp } from "pino-http";
import pretty from "pino-pretty";

// Load balancers request these every few seconds.
const QUIET_PATHS = ["/healthz", "/readyz"];

export interface LogOptions {
  readonly logLevel: string;
  readonly production: boolean;
}

/**
 * The log on standard output: JSON lines, or readable lines in a developer's terminal. It contains no user data: of a
 * request it has method, path, status, time and id; of an error it leaves out PostgreSQL's `detail` and `where`, which
 * quote rows.
 */
export function makeLogger(
  { logLevel, production }: LogOptions,
  destination: DestinationStream = standardOutput(production),
): Logger {
  return pino({ level: logLevel, serializers: { err: describeError } }, destination);
}

function standardOutput(production: boolean): DestinationStream {
  if (production || !process.stdout.isTTY) return pino.destination({ sync: true });
  return pretty({ sync: true, singleLine: true, ignore: "pid,hostname", translateTime: "SYS:HH:MM:ss" });
}

export function logRequests(logger: Logger) {
  return pinoHttp({
    logger,
    genReqId: (request, response) => {
      const given = request.headers["x-request-id"];
      const id = typeof given === "string" && /^[\w-]{1,64}$/.test(given) ? given : randomUUID();
      response.setHeader("X-Request-Id", id);
      return id;
    },
    serializers: {
      req: ({ id, method, url }: { id: string; method: string; url: string }) => ({
        id,
        method,
        path: url.split("?")[0],
      }),
      res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
      err: describeError,
    },
    customLogLevel: (request, response, error) => {
      if (error || response.statusCode >= 500) return "error";
      return QUIET_PATHS.includes(request.url ?? "") ? "debug" : "info";
    },
  });
}

interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

function describeError(given: unknown): DescribedError {
  // pino-http passes a copy of the error, with the original as `raw`.
  const error = (given as { raw?: unknown } | null | undefined)?.raw ?? given;
  if (!(error instanceof Error)) return { type: typeof error, message: "a value that is not an Error was thrown" };
  const { code, constraint, table, column, routine } = error as Error & Record<string, unknown>;
  return { type: error.name, message: error.message, stack: error.stack, code, constraint, table, column, routine };
}
