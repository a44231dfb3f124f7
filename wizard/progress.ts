import { isObject } from "../json/equality.ts";
import { answersIn } from "./answers.ts";
import { type Problem, problemsWith } from "./problems.ts";
import { STAGES } from "./stages.ts";
import type { StageKey, StageNumber } from "./types.generated.ts";

/** What a progress bar shows of a stage. */
export interface StageProgress {
  readonly number: StageNumber;
  readonly key: StageKey;
  readonly title: string;
  /** Somebody has answered something: its problems are worth showing. */
  readonly started: boolean;
  readonly complete: boolean;
  readonly problems: readonly Problem[];
}

export function progressOf(state: unknown): StageProgress[] {
  const answers = answersIn(state);
  const problems = Map.groupBy(problemsWith(answers), ({ stage }) => stage);
  return STAGES.map(({ number, key, title }) => {
    const own = problems.get(number) ?? [];
    const answered = answers[key];
    const started = isObject(answered) && Object.keys(answered).length > 0;
    return { number, key, title, started, complete: own.length === 0, problems: own };
  });
}

/** The stages without problems, by number. */
export function completeStages(state: unknown): StageNumber[] {
  return progressOf(state)
    .filter(({ complete }) => complete)
    .map(({ number }) => number);
}
