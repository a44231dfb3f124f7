/**
 * Whether a token belongs to a user: the `sub` of a JWT has to be the user's id. Any other token is accepted here, and
 * left for the server to check.
 */
export function isTokenOf(token: string, userId: string): boolean {
  const subject = subjectOf(token);
  return subject === undefined || subject.toLowerCase() === userId.toLowerCase();
}

function subjectOf(token: string): string | undefined {
  try {
    const claims = token.split(".")[1] ?? "";
    const subject: unknown = JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/"))).sub;
    return typeof subject === "string" ? subject : undefined;
  } catch {
    return undefined;
  }
}
