import { Anchor, List } from "@mantine/core";
import type { MouseEvent } from "react";
import type { WizardProblem } from "../../client/index.ts";
import { fieldId } from "../forms/FieldProps.ts";

export type GoTo = (stage: number, pointer: string) => void;

interface ProblemLinksProps {
  readonly problems: readonly WizardProblem[];
  readonly onGoTo: GoTo;
}

/** A list of problems with links to their fields. */
export function ProblemLinks({ problems, onGoTo }: ProblemLinksProps) {
  return (
    <List size="sm" spacing={4}>
      {problems.map(({ stage, pointer, message }) => (
        <List.Item key={pointer}>
          <Anchor
            href={`#${fieldId(pointer)}`}
            c="var(--mantine-color-error)"
            underline="always"
            size="sm"
            style={{ overflowWrap: "anywhere" }}
            onClick={(event: MouseEvent) => {
              event.preventDefault();
              onGoTo(stage, pointer);
            }}
          >
            {message}
          </Anchor>
        </List.Item>
      ))}
    </List>
  );
}
