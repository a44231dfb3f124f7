import { VisuallyHidden } from "@mantine/core";
import type { StageProgress, WizardProblem } from "../../client/index.ts";
import { STAGES } from "../../wizard/stages.ts";
import classes from "./StageList.module.css";

interface StageListProps {
  readonly current: number;
  readonly progress: readonly StageProgress[];
  readonly problems: readonly WizardProblem[];
  /** Whether the problems of a stage are shown yet. */
  readonly showsProblemsOf: (stage: number) => boolean;
  readonly onChoose: (stage: number) => void;
}

/** A navigation with the progress of each stage. */
export function StageList({ current, progress, problems, showsProblemsOf, onChoose }: StageListProps) {
  return (
    <nav aria-label="Stages">
      <ol className={classes.list}>
        {STAGES.map(({ number, title }) => {
          const { complete = false, started = false } = progress.find((stage) => stage.number === number) ?? {};
          const count = showsProblemsOf(number) ? problems.filter(({ stage }) => stage === number).length : 0;
          const [mark, text] = complete
            ? ["done", "Done"]
            : count > 0
              ? ["problems", problemCount(count)]
              : started
                ? ["started", "Started"]
                : ["new", "Not started"];
          return (
            <li key={number}>
              <button
                type="button"
                className={classes.stage}
                aria-current={number === current ? "step" : undefined}
                onClick={() => onChoose(number)}
              >
                <span className={classes.number} data-mark={mark} aria-hidden="true">
                  {mark === "done" ? "✓" : mark === "problems" ? "!" : number}
                </span>
                <span className={classes.words}>
                  <span className={classes.title}>
                    <VisuallyHidden>Stage {number}: </VisuallyHidden>
                    {title}
                  </span>
                  <VisuallyHidden>, </VisuallyHidden>
                  <span className={classes.state}>{text}</span>
                </span>
              </button>
            </li>
          );
        })}
      </ol>
      <p className={classes.where} aria-hidden="true">
        Stage {current} of {STAGES.length}
      </p>
    </nav>
  );
}

function problemCount(count: number): string {
  return count === 1 ? "1 problem" : `${count} problems`;
}
