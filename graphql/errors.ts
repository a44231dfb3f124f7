import { randomUUID } from "node:crypto";
import { isSafeError } from "postgraphile/grafast";
import { GraphQLError } from "postgraphile/graphql";
import type { ConstraintRule } from "./plugins/ConstraintsPlugin.ts";

/** A failure that a client may not see the inside of; goes to the log under `errorId`. */
export interface MaskedFailure {
  readonly errorId: string;
  readonly error: unknown;
}

export interface MaskErrorOptions {
  readonly constraints: ReadonlyMap<string, ConstraintRule>;
  readonly log: (failure: MaskedFailure) => void;
}

/** The parts of PostgreSQL's error report that are read here (https://www.postgresql.org/docs/current/protocol-error-fields.html). */
interface PostgresError {
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly column?: string;
  readonly constraint?: string;
}

/** What a client is told: a code that `docs/error-codes.md` lists, words for people, and what belongs to the code. */
export interface ErrorAnswer {
  readonly code: string;
  readonly message: string;
  readonly [detail: string]: unknown;
}

const NESTED_TOO_DEEPLY: ErrorAnswer = { code: "INVALID_INPUT", message: "The value is nested too deeply." };
export const OVERLOADED_RETRY_SECONDS = 1;

/** The answer to a request whose body is larger than `limit` bytes. */
export function requestTooLarge(limit: number): ErrorAnswer {
  return {
    code: "STATE_TOO_LARGE",
    message: `The request is larger than ${limit} bytes. Keep files elsewhere and save their addresses.`,
    limit,
  };
}

/** Raised by our own SQL. Message and detail (a JSON object) are written there, to be read by people and clients. */
const OWN_CODES: Readonly<Record<string, string>> = {
  WZ404: "NOT_FOUND",
  WZ409: "REVISION_CONFLICT",
  WZ413: "STATE_TOO_LARGE",
  WZ422: "INCOMPLETE",
  WZ423: "SESSION_COMPLETED",
};

export const OVERLOADED: ErrorAnswer = {
  code: "OVERLOADED",
  message: "The server has too much to do. Try again in a moment.",
};

/**
 * Makes what Grafserv calls with every error on its way out: an error with a code that `docs/error-codes.md` lists
 * passes, everything else is replaced by an id and logged.
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
      const answer = answerTo(original, constraints);
      if (answer) return replace(error, answer);
    } else if (original != null && isSafeError(original)) {
      // `statusCode` is Grafserv's note to itself.
      const { statusCode: _, ...extensions } = original.extensions ?? {};
      return replace(error, { code: "INVALID_INPUT", message: original.message, ...extensions });
    } else if (isOutOfReach(original)) {
      return replace(error, OVERLOADED);
    } else if (isStackOverflow(original)) {
      return replace(error, NESTED_TOO_DEEPLY);
    } else if (isFilterFault(original)) {
      return replace(error, { code: "INVALID_INPUT", message: `${original.message} Leave the field out instead.` });
    } else if (isRequestFault(error)) {
      return replace(error, { code: "INVALID_INPUT", message: error.message });
    }
    const errorId = randomUUID();
    log({ errorId, error: original ?? error });
    return replace(error, {
      code: "INTERNAL_SERVER_ERROR",
      message: `Something went wrong on the server. Its log has it under ${errorId}.`,
      errorId,
    });
  };
}

function answerTo(error: PostgresError, constraints: ReadonlyMap<string, ConstraintRule>): ErrorAnswer | undefined {
  const own = OWN_CODES[error.code];
  if (own) return { code: own, message: error.message, ...parseDetail(error.detail) };

  const known = constraints.get(error.constraint ?? "");
  const field = error.column ? camelCase(error.column) : known?.fields[0];
  const named = field ? `\`${field}\`` : "A value";
  switch (error.code) {
    case "42501":
      return {
        code: "FORBIDDEN",
        message: "You may not do this. Sign in as somebody who may, or name only what is yours.",
      };
    case "23502":
      return { code: "INVALID_INPUT", message: `${named} is missing.`, field };
    case "23514":
      return { code: "INVALID_INPUT", message: known?.rule ?? `${named} is not allowed.`, field };
    case "23503":
      return { code: "UNKNOWN_REFERENCE", message: `${named} refers to something that is not there.`, field };
    case "23505":
      return {
        code: "ALREADY_EXISTS",
        message: `There is one with this ${field ? `\`${field}\`` : "value"} already.`,
        field,
      };
    case "57014":
      return { code: "TIMEOUT", message: "This took too long and was stopped. Nothing was saved; try again." };
    // A deadlock, or a conflict of serializable transactions: one of those who met has to step back.
    case "40P01":
    case "40001":
    case "55P03":
      return {
        code: "TIMEOUT",
        message: "Something else is at work on the same data. Nothing was saved; try again in a moment.",
      };
    // Out of connections, memory or disk; shutting down or starting.
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
      // Class 22 is about the data alone, and speaks of the value that was sent.
      return error.code.startsWith("22")
        ? { code: "INVALID_INPUT", message: `A value can't be read: ${error.message}.` }
        : undefined;
  }
}

/** Whether it is the request itself that can't be run: a variable of the wrong type, say. Those never have a path. */
function isRequestFault(error: GraphQLError): boolean {
  return error.path === undefined && (error.originalError == null || error.originalError instanceof GraphQLError);
}

function isPostgresError(error: unknown): error is PostgresError {
  return error instanceof Error && "code" in error && /^[0-9A-Z]{5}$/.test(String(error.code)) && "severity" in error;
}

const NETWORK_FAULTS = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EHOSTUNREACH"];

// The database is down, restarting or has no connection to spare: trying again is the right thing. node-postgres gives
// the last two no code: https://github.com/brianc/node-postgres/tree/master/packages
function isOutOfReach(error: unknown): boolean {
  // By its parts: Node's own errors need not be of this realm's class.
  const { code, message = "" } = (error ?? {}) as { code?: unknown; message?: string };
  return (
    NETWORK_FAULTS.includes(String(code)) ||
    message === "timeout exceeded when trying to connect" ||
    message.startsWith("Connection terminated")
  );
}

// A plain Error in the filter plugin: node_modules/postgraphile-plugin-connection-filter/dist/utils.js
function isFilterFault(error: unknown): error is Error {
  return error instanceof Error && error.message.endsWith("are forbidden in filter argument input.");
}

// JSON of many thousand levels can be parsed, but not written again.
function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message === "Maximum call stack size exceeded";
}

/** Whether trying again a little later is likely to help. */
export function isPassing(error: unknown): boolean {
  if (isOutOfReach(error)) return true;
  const code = isPostgresError(error) ? answerTo(error, new Map())?.code : undefined;
  return code === OVERLOADED.code || code === "TIMEOUT";
}

function parseDetail(detail = "{}"): Record<string, unknown> {
  try {
    return JSON.parse(detail);
  } catch {
    // Words, then: they are for the log.
    return {};
  }
}

function camelCase(column: string): string {
  return column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
