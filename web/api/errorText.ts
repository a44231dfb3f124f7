import { CombinedGraphQLErrors } from "@apollo/client";

/** The message of an error for users. Messages of the server say what to do. */
export function errorText(error: unknown): string {
  if (CombinedGraphQLErrors.is(error)) return error.errors.map(({ message }) => message).join(" ");
  return "The server can't be reached. Check your connection and try again.";
}
