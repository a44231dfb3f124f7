import { randomUUID } from "node:crypto";
import { isSafeError } from "postgraphile/grafast";
import { GraphQLError } from "postgraphile/graphql";
import type { ConstraintRule } from "./plugins/ConstraintsPlugin.ts";
import { CONNECTION_LOST, FORBIDDEN_FILTER_VALUE, NO_FREE_CONNECTION, STACK_OVERFLOW } from "./upstreamMessages.ts";

/** An error whose details stay on the server. It is logged under `errorId`. */
export interface MaskedFailure {
  readonly errorId: string;
  readonly error: unknown;
}

export interface MaskErrorOptions {
  readonly constraints: ReadonlyMap<string, ConstraintRule>;
  readonly log: (failure: MaskedFailure) => void;
}

/** The fields of a PostgreSQL error that are used here: https://www.postgresql.org/docs/current/protocol-error-fields.html */
interface PostgresError {
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly column?: string;
  readonly constraint?: string;
}

/** An error as a client sees it: a code from `docs/error-codes.md`, a message for people, and the code's details. */
export interface ErrorAnswer {
  readonly code: string;
  readonly message: string;
  readonly [detail: string]: unknown;
}

const NESTED_TOO_DEEPLY: ErrorAnswer = {
  code: "INVALID_INPUT",
  message: "The value is nested too deeply. Send one with fewer levels.",
};

/** The answer to a request with a body of more than `limit` bytes. */
export function requestTooLarge(limit: number): ErrorAnswer {
  return {
    code: "STATE_TOO_LARGE",
    message: `The request is larger than ${limit} bytes. Store files elsewhere and save their addresses.`,
    limit,
  };
}

/** The SQLSTATEs that our own SQL raises. Their message and their detail, a JSON object, reach the client unchanged. */
const OWN_CODES: Readonly<Record<string, string>> = {
  WZ400: "INVALID_INPUT",
  WZ403: "FORBIDDEN",
  WZ404: "NOT_FOUND",
  WZ408: "TIMEOUT",
  WZ409: "REVISION_CONFLICT",
  WZ410: "EVENT_DELETED",
  WZ412: "SAVE_ID_REUSED",
  WZ414: "EVENT_CONFLICT",
  WZ413: "STATE_TOO_LARGE",
  WZ422: "INCOMPLETE",
  WZ423: "SESSION_COMPLETED",
  WZ424: "EVENT_STATUS",
  WZ426: "UPGRADE_REQUIRED",
  WZ429: "QUOTA_EXCEEDED",
};

/**
 * PostgreSQL's data exceptions (class 22) that a request can cause. Its own messages name SQL types and functions, which
 * mean nothing to a client. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const DATA_EXCEPTIONS: Readonly<Record<string, string>> = {
  "22003": "a number is out of range. Send a smaller one.",
  "22007": "a time can't be read. Send times as ISO 8601 with an offset, such as 2027-06-19T18:00:00+02:00.",
  "22008": "a time is out of range. Send times as ISO 8601 with an offset, such as 2027-06-19T18:00:00+02:00.",
  "22021": "a text contains the character U+0000, which can't be stored. Remove it.",
  "2201X": "the offset is negative. Send 0 or more.",
  "22P02": "a value does not have the form that its type requires. Compare it with the schema.",
  "22P05": "a text contains the character U+0000, which can't be stored. Remove it.",
};
const OTHER_DATA_EXCEPTION = "a value can't be used. Compare it with the schema.";

export const OVERLOADED: ErrorAnswer = {
  code: "OVERLOADED",
  message: "The server is overloaded. Try again in a moment.",
};
export const OVERLOADED_RETRY_SECONDS = 1;

/**
 * Makes Grafserv's `maskError`, which every error passes before it is sent. Errors that `docs/error-codes.md` lists get
 * their code. Any other error is logged, and the client only gets the id under which it is logged.
 */
export function makeMaskError({ constraints, log }: MaskErrorOptions): (error: GraphQLError) => GraphQLError {
  const replace = (error: GraphQLError, { message, ...extensions }: ErrorAnswer) =>
    new GraphQLError(message, {
      nodes: error.nodes,
      source: error.source,
      positions: error.positions,
      path: error.path,
      extensions,
    });

  return (error) => {
    const original = error.originalError;
    if (isPostgresError(original)) {
      const answer = answerTo(original, constraints, fieldOf(error));
      if (answer) return replace(error, answer);
    } else if (original != null && isSafeError(original)) {
      // `statusCode` is for Grafserv, not for clients.
      const { statusCode: _, ...extensions } = original.extensions ?? {};
      return replace(error, { code: "INVALID_INPUT", message: original.message, ...extensions });
    } else if (isUnreachable(original)) {
      return replace(error, OVERLOADED);
    } else if (original instanceof RangeError && STACK_OVERFLOW.test(original.message)) {
      // JSON with thousands of levels can be parsed, but serializing it overflows the stack.
      return replace(error, NESTED_TOO_DEEPLY);
    } else if (original && FORBIDDEN_FILTER_VALUE.test(original.message)) {
      return replace(error, { code: "INVALID_INPUT", message: `${original.message} Leave the field out instead.` });
    } else if (isInvalidRequest(error)) {
      return replace(error, { code: "INVALID_INPUT", message: error.message });
    }
    const errorId = randomUUID();
    log({ errorId, error: original ?? error });
    return replace(error, {
      code: "INTERNAL_SERVER_ERROR",
      message: `Something went wrong on the server. Quote this id when you report it: ${errorId}`,
      errorId,
    });
  };
}

/** The GraphQL field in which an error occurred. */
function fieldOf({ path }: GraphQLError): string {
  const name = path?.findLast((key) => typeof key === "string");
  return name === undefined ? "the request" : `\`${name}\``;
}

function answerTo(
  error: PostgresError,
  constraints: ReadonlyMap<string, ConstraintRule>,
  place: string,
): ErrorAnswer | undefined {
  const ownCode = OWN_CODES[error.code];
  if (ownCode) return { code: ownCode, message: error.message, ...parseDetail(error.detail) };

  const constraint = constraints.get(error.constraint ?? "");
  const field = error.column ? camelCase(error.column) : constraint?.fields[0];
  const subject = field ? `\`${field}\`` : "A value";
  switch (error.code) {
    case "42501":
      return {
        code: "FORBIDDEN",
        message:
          "Permission denied: you can only use your own sessions and events. If you are not signed in, sign in to continue.",
      };
    case "23502":
      return { code: "INVALID_INPUT", message: `${subject} is missing. Send a value for it.`, field };
    case "23514":
      return {
        code: "INVALID_INPUT",
        message: constraint?.rule ?? `${subject} is not allowed. Send another value.`,
        field,
      };
    case "23503":
      return {
        code: "UNKNOWN_REFERENCE",
        message: `${subject} refers to a row that does not exist. Send the id of one that does.`,
        field,
      };
    case "23505":
      return {
        code: "ALREADY_EXISTS",
        message: `${subject} is in use already. Send another value, or read the row that has it.`,
        field,
      };
    case "57014":
      return { code: "TIMEOUT", message: "This took too long and was stopped. Nothing was saved. Try again." };
    // A deadlock, a serialization failure, a lock timeout.
    case "40P01":
    case "40001":
    case "55P03":
      return {
        code: "TIMEOUT",
        message: "Another request is changing the same data. Nothing was saved. Try again in a moment.",
      };
    // PostgreSQL is out of connections, memory or disk space, or is shutting down or starting.
    case "53300":
    case "53200":
    case "53100":
    case "57P01":
    case "57P02":
    case "57P03":
    case "08006":
      return OVERLOADED;
    case "54001":
      return NESTED_TOO_DEEPLY;
    default:
      if (!error.code.startsWith("22")) return undefined;
      return { code: "INVALID_INPUT", message: `In ${place}, ${DATA_EXCEPTIONS[error.code] ?? OTHER_DATA_EXCEPTION}` };
  }
}

/** Whether the document or its variables are invalid, so that nothing was executed. Such an error has no path. */
function isInvalidRequest(error: GraphQLError): boolean {
  return error.path === undefined && (error.originalError == null || error.originalError instanceof GraphQLError);
}

function isPostgresError(error: unknown): error is PostgresError {
  return error instanceof Error && "code" in error && /^[0-9A-Z]{5}$/.test(String(error.code)) && "severity" in error;
}

const NETWORK_ERRORS = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EHOSTUNREACH"];

/** Whether the database is down, is restarting, or has no free connection. */
function isUnreachable(error: unknown): boolean {
  // Don't check the class: under Jest, Node's own errors come from another realm.
  const { code, message = "" } = (error ?? {}) as { code?: unknown; message?: string };
  return NETWORK_ERRORS.includes(String(code)) || NO_FREE_CONNECTION.test(message) || CONNECTION_LOST.test(message);
}

/** Whether the same operation is likely to succeed a little later. */
export function isTransient(error: unknown): boolean {
  if (isUnreachable(error)) return true;
  const code = isPostgresError(error) ? answerTo(error, new Map(), "")?.code : undefined;
  return code === OVERLOADED.code || code === "TIMEOUT";
}

function parseDetail(detail = "{}"): Record<string, unknown> {
  try {
    return JSON.parse(detail);
  } catch {
    // Not a JSON object, so not for the client.
    return {};
  }
}

function camelCase(column: string): string {
  return column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
