import type { JSONValue, Result } from "postgraphile/grafserv";
import { OVERLOADED, OVERLOADED_RETRY_SECONDS, requestTooLarge } from "../errors.ts";

interface AnswerError {
  readonly message: string;
  readonly extensions?: { readonly code?: string };
}

/**
 * Adds a code to errors that never reach `maskError`: a document that is invalid, a request that is not GraphQL. Adds the
 * HTTP status 503 and Retry-After to an overload.
 */
export function makeHttpErrorsPlugin(maximumRequestBytes: number): GraphileConfig.Plugin {
  const withCode = (error: AnswerError, statusCode: number): AnswerError => {
    if (error.extensions?.code) return error;
    const { message, ...extensions } =
      statusCode === 413 ? requestTooLarge(maximumRequestBytes) : { code: "INVALID_INPUT", message: error.message };
    return { ...error, message, extensions };
  };

  const complete = (result: Result | null): Result | null => {
    if (result?.type !== "json") return result;
    const payload = result.json as { readonly errors?: readonly AnswerError[] };
    if (!payload.errors) return result;
    const errors = payload.errors.map((error) => withCode(error, result.statusCode));
    const json = { ...payload, errors } as unknown as JSONValue;
    // https://www.rfc-editor.org/rfc/rfc9110#status.405
    if (result.statusCode === 405) return { ...result, json, headers: { ...result.headers, Allow: "POST" } };
    if (!errors.some(({ extensions }) => extensions?.code === OVERLOADED.code)) return { ...result, json };
    const headers = { ...result.headers, "Retry-After": String(OVERLOADED_RETRY_SECONDS) };
    return { ...result, json, headers, statusCode: 503 };
  };

  return {
    name: "HttpErrorsPlugin",
    version: "1.0.0",
    grafserv: {
      middleware: {
        async processRequest(next, event) {
          event.requestDigest.preferJSON = true;
          return complete((await next()) as Result | null);
        },
      },
    },
  };
}
