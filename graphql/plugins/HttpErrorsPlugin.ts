import type { JSONResult, JSONValue, Result } from "postgraphile/grafserv";
import { OVERLOADED, OVERLOADED_RETRY_SECONDS } from "../errors.ts";

interface ErrorLike {
  readonly message: string;
  readonly extensions?: Record<string, unknown>;
}

/**
 * Puts errors that never reach `maskError` into the same form: a document that can't be parsed or does not fit the
 * schema gets a code, a request that is no GraphQL gets JSON, and an overload the HTTP status that proxies know.
 */
export const HttpErrorsPlugin: GraphileConfig.Plugin = {
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

function complete(result: Result | null): Result | null {
  if (result?.type === "error") {
    const { error, statusCode } = result;
    const errors = [{ message: error.message, extensions: { code: "INVALID_INPUT" } }];
    return statusCode < 500 ? { type: "json", statusCode, headers: jsonHeaders(), json: { errors } } : result;
  }
  if (result?.type !== "json") return result;
  const errors = errorsOf(result);
  if (!errors) return result;
  const coded = errors.map((error) =>
    error.extensions?.code ? error : { ...toJson(error), extensions: { ...error.extensions, code: "INVALID_INPUT" } },
  );
  const json = { ...(result.json as object), errors: coded } as unknown as JSONValue;
  if (!coded.some(({ extensions }) => extensions?.code === OVERLOADED.code)) return { ...result, json };
  const headers = { ...result.headers, "Retry-After": String(OVERLOADED_RETRY_SECONDS) };
  return { ...result, json, statusCode: 503, headers };
}

function errorsOf({ json }: JSONResult): readonly ErrorLike[] | undefined {
  return (json as { errors?: readonly ErrorLike[] }).errors;
}

function toJson(error: ErrorLike): object {
  return JSON.parse(JSON.stringify(error));
}

function jsonHeaders(): Record<string, string> {
  return { "content-type": "application/json; charset=utf-8" };
}
