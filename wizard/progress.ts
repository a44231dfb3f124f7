import { isObject } from "../json/equality.ts";
import { answersIn } from "./answers.ts";
import { type Problem, problemsInAnswers } from "./problems.ts";
import { STAGES } from "./stages.ts";
import type { StageKey, StageNumber } from "./types.generated.ts";

/** The progress of a stage, for a progress bar. */
export interface StageProgress {
  readonly number: StageNumber;
  readonly key: StageKey;
  readonly title: string;
  /** Whether the stage has any answer. */
  readonly started: boolean;
  readonly complete: boolean;
  readonly problems: readonly Problem[];
}

export function progressOf(state: unknown): StageProgress[] {
  const answers = answersIn(state);
  const problems = Map.groupBy(problemsInAnswers(answers), ({ stage }) => stage);
  return STAGES.map(({ number, key, title }) => {
    const own = problems.get(number) ?? [];
    const answered = answers[key];
    const started = isObject(answered) && Object.keys(answered).length > 0;
    return { number, key, title, started, complete: own.length === 0, problems: own };
  });
}
