import type { RequestHandler } from "express";
import type { Pool } from "pg";
import { sendOverloaded } from "./sendError.ts";

/** Whether `maximumWaiting` requests wait for a connection already. */
export function isOverloaded(pool: Pool, maximumWaiting: number): boolean {
  return pool.waitingCount >= maximumWaiting;
}

/**
 * Turns requests away while `maximumWaiting` others already wait for a connection: a quick «try again» is worth more
 * to an autosave than an answer that comes when its user has left.
 */
export function shedLoad(pool: Pool, maximumWaiting: number): RequestHandler {
  return (_request, response, next) => {
    if (isOverloaded(pool, maximumWaiting)) sendOverloaded(response);
    else next();
  };
}
