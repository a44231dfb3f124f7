import { CombinedGraphQLErrors } from "@apollo/client";

/** An error in words for whoever looks at the page. The server's own messages say what to do. */
export function errorText(error: unknown): string {
  if (CombinedGraphQLErrors.is(error)) return error.errors.map(({ message }) => message).join(" ");
  return "The server can't be reached just now. Check your connection, then try again.";
}
