import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { type Claims, TOKEN_ROLES } from "../graphql/claims.ts";

/** How tokens are recognised: a shared secret, or the issuer's published keys. */
export interface TokenSettings {
  /** HS256 secret, at least 32 bytes. One of `secret` and `jwksUrl` is given. */
  readonly secret?: string | undefined;
  readonly jwksUrl?: URL | undefined;
  readonly issuer?: string | undefined;
  readonly audience: string;
}

/**
 * A token that is not accepted. `reason` is for the log alone: a caller learns only that the token is bad, and
 * nothing that would help to make a better one.
 */
export class TokenError extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super("The token is missing, expired or not valid here. Sign in again.");
    this.name = "TokenError";
    this.reason = reason;
  }
}

/** The issuer's keys can't be fetched: nobody's fault who calls, and worth trying again. */
export class KeysUnavailableError extends Error {
  override readonly name = "KeysUnavailableError";
}

export type VerifyToken = (token: string) => Promise<Claims>;

const SECRET_ALGORITHMS = ["HS256"];
const KEY_SET_ALGORITHMS = ["RS256", "ES256", "EdDSA"];
const CLOCK_TOLERANCE_SECONDS = 5;

// PostgreSQL's idea of a UUID, which is wider than the RFC's: issuers and seeds use such ids.
const claimsSchema = z.looseObject({ sub: z.guid(), role: z.enum(TOKEN_ROLES), exp: z.number() });

/**
 * Makes the function that checks a token: signature by a fixed algorithm, `exp`, `sub` (a UUID), `role` (one of
 * TOKEN_ROLES), `aud`, and `iss` where one is configured. It rejects with TokenError, or KeysUnavailableError.
 */
export function makeVerifyToken({ secret, jwksUrl, issuer, audience }: TokenSettings): VerifyToken {
  const options = {
    audience,
    issuer,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ["exp", "sub", "role"],
  };
  const verify = jwksUrl
    ? verifyByKeySet(jwksUrl, { ...options, algorithms: KEY_SET_ALGORITHMS })
    : verifyBySecret(secret, { ...options, algorithms: SECRET_ALGORITHMS });
  return async (token) => {
    const claims = claimsSchema.safeParse(await verify(token));
    if (!claims.success) throw new TokenError(z.prettifyError(claims.error));
    return claims.data;
  };
}

/** Signs a token that `makeVerifyToken` with the same secret accepts. `expiresIn` is a span such as `1h`. */
export function signToken(
  { secret, audience, issuer }: TokenSettings,
  { sub, role, expiresIn }: { sub: string; role: Claims["role"]; expiresIn: string },
): Promise<string> {
  const token = new SignJWT({ role })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(sub)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(expiresIn);
  if (issuer !== undefined) token.setIssuer(issuer);
  return token.sign(keyOf(secret));
}

type VerifyOptions = Parameters<typeof jwtVerify>[2];

function verifyBySecret(secret: string | undefined, options: VerifyOptions) {
  const key = keyOf(secret);
  return async (token: string): Promise<JWTPayload> => {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      throw asTokenError(error);
    }
  };
}

function verifyByKeySet(url: URL, options: VerifyOptions) {
  // Fetches the set when it meets a key that it does not know, so that the issuer may rotate its keys.
  const keys = createRemoteJWKSet(url);
  return async (token: string): Promise<JWTPayload> => {
    try {
      return (await jwtVerify(token, keys, options)).payload;
    } catch (error) {
      throw asTokenError(error);
    }
  };
}

// Which of jose's errors are about the token. The others come from fetching the keys.
const ABOUT_THE_TOKEN = [
  errors.JWTExpired,
  errors.JWTClaimValidationFailed,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
];

function asTokenError(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  if (ABOUT_THE_TOKEN.some((kind) => error instanceof kind)) return new TokenError(message);
  return new KeysUnavailableError(`The issuer's keys could not be fetched: ${message}`, { cause: error });
}

function keyOf(secret: string | undefined): Uint8Array {
  if (secret === undefined) throw new TypeError("A secret is needed where there is no key set.");
  return new TextEncoder().encode(secret);
}
