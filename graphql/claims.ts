/** The roles that a token may name; anything else is refused before GraphQL. */
export const TOKEN_ROLES = ["anon", "authenticated", "service_role", "analyst"] as const;

/** The verified claims of a token, as far as anything here reads them. */
export interface Claims {
  readonly sub: string;
  readonly role: (typeof TOKEN_ROLES)[number];
  /** Seconds since 1970. */
  readonly exp: number;
  readonly [claim: string]: unknown;
}

/** The settings of a request's transaction: who it runs as, and what `auth.uid()` and its like read. */
export function pgSettingsFor(claims: Claims | undefined): Record<string, string> {
  return {
    role: claims?.role ?? "anon",
    "request.jwt.claims": claims ? JSON.stringify(claims) : "",
  };
}
