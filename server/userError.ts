/**
 * An error that the user has to fix, such as a wrong setting or a port in use. Its message says what is wrong and what
 * to do; `runCommand` prints it without a stack.
 */
export class UserError extends Error {
  override readonly name: string = "UserError";
}
