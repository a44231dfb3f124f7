import type { RequestHandler } from "express";
import type { Pool } from "pg";
import { sendOverloaded } from "./sendError.ts";

/** Whether `maximumWaiting` requests already wait for a database connection. */
export function isOverloaded(pool: Pool, maximumWaiting: number): boolean {
  return pool.waitingCount >= maximumWaiting;
}

/**
 * Refuses requests with 503 while `maximumWaiting` others wait for a database connection. An autosave can retry after a
 * quick refusal, but not while it waits.
 */
export function shedLoad(pool: Pool, maximumWaiting: number): RequestHandler {
  return (_request, response, next) => {
    if (isOverloaded(pool, maximumWaiting)) sendOverloaded(response);
    else next();
  };
}
