import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import express, { type RequestHandler } from "express";
import { findInexactValue } from "../../graphql/exactJson.ts";

/** A refused body. Express reads `status`. */
class BodyError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const isJson = isOfType("application/json");

/**
 * Reads the bodies of GraphQL requests, JSON or plain documents. Refuses a body that could not be stored as it was sent:
 * numbers would be rounded and unpaired surrogates replaced before the database sees them.
 */
export function readBody(limit: number): RequestHandler[] {
  const verify = (_request: IncomingMessage, _response: unknown, body: Buffer, encoding: string) =>
    checkEncoding(body, encoding);
  return [
    express.text({ limit, type: isJson, verify }),
    (request, _response, next) => {
      if (isJson(request) && typeof request.body === "string") request.body = parse(request.body || "{}");
      next();
    },
    express.text({ limit, type: isOfType("application/graphql"), verify }),
  ];
}

function parse(json: string): object {
  const parsed = parseOrRefuse(json);
  if (typeof parsed !== "object" || parsed === null) throw new BodyError(400, "The request is not a JSON object.");
  // Only after JSON.parse, because it relies on valid JSON.
  const problem = findInexactValue(json);
  if (problem !== undefined) throw new BodyError(400, problem);
  return parsed;
}

function parseOrRefuse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new BodyError(400, "The request is not valid JSON.");
  }
}

// Grafserv's test, not express's: a body that only Grafserv takes for JSON would be parsed unchecked.
function isOfType(type: string): (request: IncomingMessage) => boolean {
  return ({ headers }) => headers["content-type"]?.split(";")[0]?.trim() === type;
}

function checkEncoding(body: Buffer, encoding: string): void {
  // https://www.rfc-editor.org/rfc/rfc8259#section-8.1
  if (encoding !== "utf-8") throw new BodyError(415, "Send the request as UTF-8.");
  if (!isUtf8(body)) throw new BodyError(400, "The request is not valid UTF-8.");
}
