import type { Response } from "express";
import { type ErrorAnswer, OVERLOADED, OVERLOADED_RETRY_SECONDS } from "../../graphql/errors.ts";

/** Answers with an error in GraphQL's own form, so that a client has one way to read them all. */
export function sendError(response: Response, status: number, { message, ...extensions }: ErrorAnswer): void {
  response.status(status).json({ errors: [{ message, extensions }] });
}

/** Answers that there is too much to do, and when to come back. */
export function sendOverloaded(response: Response): void {
  response.set("Retry-After", String(OVERLOADED_RETRY_SECONDS));
  sendError(response, 503, OVERLOADED);
}
