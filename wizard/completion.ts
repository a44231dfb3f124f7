import { type Answers, answersIn } from "./answers.ts";
import { type Problem, problemsWith } from "./problems.ts";

export type Completion =
  | { readonly ready: true; readonly answers: Answers }
  | { readonly ready: false; readonly problems: readonly Problem[] };

/**
 * Whether a state can be made an event of. The answers are what was checked and nothing else: hidden, blank and unknown
 * fields are left out, so that a venue's address does not get into an event that is online by now.
 */
export function completionOf(state: unknown): Completion {
  const answers = answersIn(state);
  const problems = problemsWith(answers);
  return problems.length > 0 ? { ready: false, problems } : { ready: true, answers };
}
