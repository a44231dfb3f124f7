import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { Claims } from "../../graphql/claims.ts";
import { TokenError, type VerifyToken } from "../tokens.ts";
import { sendError } from "./sendError.ts";

const verified = new WeakMap<object, Claims>();

/** The verified claims of a request, or undefined if it has no token. */
export function claimsOf(request: object | undefined): Claims | undefined {
  return request && verified.get(request);
}

/** Verifies the value of an `Authorization` header, and stores its claims for `claimsOf(request)`. */
export async function verifyBearer(verifyToken: VerifyToken, request: object, header: unknown): Promise<Claims> {
  const token = typeof header === "string" ? /^Bearer +([^ ]+)$/i.exec(header)?.[1] : undefined;
  if (token === undefined) throw new TokenError('Expected exactly one authorization of the form "Bearer TOKEN".');
  const claims = await verifyToken(token);
  verified.set(request, claims);
  return claims;
}

/**
 * Verifies the bearer token. Without an Authorization header, the request is anonymous. Any invalid header gets the same
 * 401.
 */
export function authenticate(verifyToken: VerifyToken): RequestHandler {
  return async (request: Request, response: Response, next: NextFunction) => {
    const [header, ...others] = request.headersDistinct.authorization ?? [];
    if (header === undefined) return next();
    try {
      await verifyBearer(verifyToken, request, others.length === 0 ? header : undefined);
    } catch (error) {
      if (!(error instanceof TokenError)) return next(error);
      request.log.info({ reason: error.reason }, "token refused");
      response.set("WWW-Authenticate", "Bearer");
      return sendError(response, 401, { code: "UNAUTHENTICATED", message: error.message });
    }
    next();
  };
}
