import { type Answers, answersIn } from "./answers.ts";
import { type Problem, problemsInAnswers } from "./problems.ts";

export type Completion =
  | { readonly ready: true; readonly answers: Answers }
  | { readonly ready: false; readonly problems: readonly Problem[] };

/**
 * Checks whether a state can be published as an event. Each stage's schema lists the required fields, and `rules.ts` has
 * the rules that compare fields. The answers contain only checked fields, without hidden, blank and unknown ones: an event
 * that is now online does not get the address of its former venue.
 */
export function completionOf(state: unknown): Completion {
  const answers = answersIn(state);
  const problems = problemsInAnswers(answers);
  return problems.length > 0 ? { ready: false, problems } : { ready: true, answers };
}
