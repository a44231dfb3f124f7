import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import express, { type RequestHandler } from "express";
import { lossIn } from "../../graphql/exactJson.ts";

/** A body that is refused before it is read; express takes the status from it. */
class BodyError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Reads the bodies of GraphQL requests: JSON, and bare documents. What would not be read as it was sent is refused.
 * Otherwise a number would be rounded, and half a character replaced, before any rule could look at it.
 */
export function readBody(limit: number): RequestHandler[] {
  return [
    express.json({
      limit,
      type: isOfType("application/json"),
      verify(_request, _response, body, encoding) {
        checkEncoding(body, encoding);
        const loss = lossIn(body);
        if (loss !== undefined) throw new BodyError(400, loss);
      },
    }),
    express.text({
      limit,
      type: isOfType("application/graphql"),
      verify: (_request, _response, body, encoding) => checkEncoding(body, encoding),
    }),
  ];
}

// By the words that Grafserv goes by, and not by express's own reading of the header: where only Grafserv took a body
// for JSON, it would read it by itself, unchecked.
function isOfType(type: string): (request: IncomingMessage) => boolean {
  return ({ headers }) => headers["content-type"]?.split(";")[0]?.trim() === type;
}

function checkEncoding(body: Buffer, encoding: string): void {
  // https://www.rfc-editor.org/rfc/rfc8259#section-8.1
  if (encoding !== "utf-8") throw new BodyError(415, "Send the request as UTF-8.");
  if (!isUtf8(body)) throw new BodyError(400, "The request is not valid UTF-8.");
}
