/**
 * Whether a token may send what this user has typed. A token that tells whose it is (a JWT's `sub`) has to be the
 * user's; of any other the server is the judge.
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
