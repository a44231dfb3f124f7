/** The roles that a token can name. A token with another role is refused. */
export const TOKEN_ROLES = ["anon", "authenticated", "service_role", "analyst"] as const;

/** The verified claims of a token that SQL may read, and when it expires. */
export interface Claims {
  readonly sub: string;
  readonly role: (typeof TOKEN_ROLES)[number];
  /** Seconds since 1970. */
  readonly exp: number;
  readonly [claim: string]: unknown;
}

const claimsAsJson = new WeakMap<Claims, string>();

/** The settings of a request's transaction: its role, and the claims that `auth.uid()` reads. */
export function pgSettingsFor(claims: Claims | undefined): Record<string, string> {
  return { role: claims?.role ?? "anon", "request.jwt.claims": claims ? jsonOf(claims) : "" };
}

function jsonOf(claims: Claims): string {
  const json = claimsAsJson.get(claims) ?? JSON.stringify({ ...claims, exp: undefined });
  claimsAsJson.set(claims, json);
  return json;
}
