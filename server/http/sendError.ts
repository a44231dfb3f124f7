import type { Response } from "express";
import { type ErrorAnswer, OVERLOADED, OVERLOADED_RETRY_SECONDS } from "../../graphql/errors.ts";

/** Sends an error in the form of a GraphQL response, so that clients parse one format. */
export function sendError(response: Response, status: number, { message, ...extensions }: ErrorAnswer): void {
  response.status(status).json({ errors: [{ message, extensions }] });
}

/** Sends 503 with `Retry-After`. */
export function sendOverloaded(response: Response, message = OVERLOADED.message): void {
  response.set("Retry-After", String(OVERLOADED_RETRY_SECONDS));
  sendError(response, 503, { ...OVERLOADED, message });
}
