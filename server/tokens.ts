import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { type Claims, TOKEN_ROLES } from "../graphql/claims.ts";

/** Tokens are verified with a shared secret, or with the issuer's published keys. */
export interface TokenSettings {
  /** HS256 secret, at least 32 bytes. Either `secret` or `jwksUrl` is set. */
  readonly secret?: string | undefined;
  readonly jwksUrl?: URL | undefined;
  readonly issuer?: string | undefined;
  readonly audience: string;
  /** Names of further claims to pass to SQL, besides `sub` and `role`. */
  readonly claims?: readonly string[];
}

/**
 * A token was refused. `reason` is only for the log, because it would help an attacker.
 */
export class TokenError extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super("The token is missing, expired or invalid. Sign in again.");
    this.name = "TokenError";
    this.reason = reason;
  }
}

/** The issuer's keys can't be fetched. The client did nothing wrong, and should try again. */
export class KeysUnavailableError extends Error {
  override readonly name = "KeysUnavailableError";
}

export type VerifyToken = (token: string) => Promise<Claims>;

const SECRET_ALGORITHMS = ["HS256"];
const KEY_SET_ALGORITHMS = ["RS256", "ES256", "EdDSA"];
const CLOCK_TOLERANCE_SECONDS = 5;
/** How long a verified token is not verified again. A key that the issuer has withdrawn is refused after this time. */
const VERIFIED_MS = 60_000;
const MAXIMUM_VERIFIED = 10_000;

// Any UUID that PostgreSQL accepts, which is more than the RFC allows.
const claimsSchema = z.looseObject({ sub: z.guid(), role: z.enum(TOKEN_ROLES), exp: z.number() });

/**
 * Makes a function that verifies a token's signature (with fixed algorithms), `exp`, `sub` (a UUID), `role` (one of
 * TOKEN_ROLES), `aud`, and `iss` if one is configured. It returns `sub`, `role`, `exp` and the claims that the settings
 * name. It rejects with TokenError or KeysUnavailableError.
 *
 * A token is verified once a minute, because verifying costs a fifth of a save. Its expiry is checked each time.
 */
export function makeVerifyToken({ secret, jwksUrl, issuer, audience, claims: names = [] }: TokenSettings): VerifyToken {
  const options = {
    audience,
    issuer,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ["exp", "sub", "role"],
  };
  const verify = jwksUrl
    ? verifyByKeySet(jwksUrl, { ...options, algorithms: KEY_SET_ALGORITHMS })
    : verifyBySecret(secret, { ...options, algorithms: SECRET_ALGORITHMS });
  const verified = new LRUCache<string, Claims>({ max: MAXIMUM_VERIFIED, ttl: VERIFIED_MS, perf: Date });
  const verifyClaims = async (token: string): Promise<Claims> => {
    const claims = claimsSchema.safeParse(await verify(token));
    if (!claims.success) throw new TokenError(z.prettifyError(claims.error));
    const { sub, role, exp } = claims.data;
    return { ...Object.fromEntries(names.map((name) => [name, storable(name, claims.data[name])])), sub, role, exp };
  };
  return async (token) => {
    const known = verified.get(token);
    if (known && Date.now() / 1000 < known.exp + CLOCK_TOLERANCE_SECONDS) return known;
    const claims = await verifyClaims(token);
    verified.set(token, claims);
    return claims;
  };
}

/** The claim, if jsonb can hold it: strings with U+0000 or unpaired surrogates are valid JSON, but not valid jsonb. */
function storable(name: string, claim: unknown): unknown {
  if (/\\u(?:0000|d[89a-f])/i.test(JSON.stringify(claim) ?? "")) {
    throw new TokenError(`The claim ${name} has a character that PostgreSQL can't store.`);
  }
  return claim;
}

/** Signs a token that `makeVerifyToken` with the same secret accepts. `expiresIn` is a duration such as `1h`. */
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
  // Fetches the keys again when a token names an unknown one, so the issuer can rotate them.
  const keys = createRemoteJWKSet(url);
  return async (token: string): Promise<JWTPayload> => {
    try {
      return (await jwtVerify(token, keys, options)).payload;
    } catch (error) {
      throw asTokenError(error);
    }
  };
}

// jose's errors about the token. All others come from fetching the keys.
const TOKEN_ERRORS = [
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
  if (TOKEN_ERRORS.some((kind) => error instanceof kind)) return new TokenError(message);
  return new KeysUnavailableError(`The issuer's keys could not be fetched: ${message}`, { cause: error });
}

function keyOf(secret: string | undefined): Uint8Array {
  if (secret === undefined) throw new TypeError("Either a secret or a JWKS URL is required.");
  return new TextEncoder().encode(secret);
}
