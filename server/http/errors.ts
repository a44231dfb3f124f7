import type { ErrorRequestHandler, RequestHandler } from "express";
import { requestTooLarge } from "../../graphql/errors.ts";
import { KeysUnavailableError } from "../tokens.ts";
import { sendError, sendOverloaded } from "./sendError.ts";

export const notFound: RequestHandler = (_request, response) => {
  sendError(response, 404, { code: "NOT_FOUND", message: "Nothing is served at this path." });
};

/** Answers errors that the handlers before it throw or pass to `next`. `maximumBytes` is the limit of a request's body. */
export function handleErrors(maximumBytes: number): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (response.headersSent) return next(error);
    if (error instanceof KeysUnavailableError) {
      request.log.error({ err: error }, "cannot verify tokens");
      return sendOverloaded(response, "Tokens can't be verified right now. Try again in a moment.");
    }
    const status: unknown = error.status ?? error.statusCode;
    if (status === 413) return sendError(response, 413, requestTooLarge(maximumBytes));
    if (typeof status === "number" && status >= 400 && status < 500) {
      return sendError(response, status, { code: "INVALID_INPUT", message: String(error.message) });
    }
    request.log.error({ err: error }, "request failed");
    sendError(response, 500, {
      code: "INTERNAL_SERVER_ERROR",
      message: `Something went wrong on the server. Quote this id when you report it: ${String(request.id)}`,
      errorId: request.id,
    });
  };
}
