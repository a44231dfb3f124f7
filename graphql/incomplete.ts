import { SafeError } from "postgraphile/grafast";
import type { Answers } from "../wizard/answers.ts";
import { completionOf } from "../wizard/completion.ts";

/**
 * Returns the checked answers of a state that can be completed.
 * @throws {SafeError} INCOMPLETE, with the problems, if it can't
 */
export function requireComplete(state: unknown): Answers {
  const completion = completionOf(state);
  if (completion.ready) return completion.answers;
  const { problems } = completion;
  throw new SafeError(
    `The session can't be completed yet: ${problems.length === 1 ? "1 answer is" : `${problems.length} answers are`} missing or wrong.`,
    { code: "INCOMPLETE", problems },
  );
}
