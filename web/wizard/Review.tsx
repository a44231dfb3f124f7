import { Stack, Text, Title } from "@mantine/core";
import type { WizardProblem } from "../../client/index.ts";
import type { JsonObject } from "../../json/equality.ts";
import { isObject } from "../../json/equality.ts";
import { pointerTo } from "../../json/pointer.ts";
import { fieldsOf } from "../../wizard/fields.ts";
import { STAGES, type Stage } from "../../wizard/stages.ts";
import { describeValue } from "../forms/describeField.ts";
import { entryKeys } from "../forms/entryKeys.ts";
import { type GoTo, ProblemLinks } from "./ProblemLinks.tsx";
import classes from "./Review.module.css";

interface ReviewProps {
  readonly state: JsonObject;
  readonly problems: readonly WizardProblem[];
  readonly onGoTo: GoTo;
}

/** A summary of all stages before the last one, with their problems. */
export function Review({ state, problems, onGoTo }: ReviewProps) {
  return (
    <Stack gap="md" mb="xl">
      {STAGES.slice(0, -1).map((stage) => (
        <StageSummary
          key={stage.key}
          stage={stage}
          state={state}
          problems={problems.filter((problem) => problem.stage === stage.number)}
          onGoTo={onGoTo}
        />
      ))}
    </Stack>
  );
}

function StageSummary({ stage, state, problems, onGoTo }: ReviewProps & { readonly stage: Stage }) {
  const value = state[stage.key];
  const rows = fieldsOf(stage.schema, value).flatMap(({ name, schema }) => {
    const pointer = pointerTo([stage.key, name]);
    const given = isObject(value) ? value[name] : undefined;
    const label = schema.title ?? name;
    const entry = schema.additionalProperties;
    if (!entry) return [{ pointer, label, text: describeValue(state, pointer, given) }];
    return entryKeys(given).map((key) => ({
      pointer: `${pointer}${pointerTo([key])}`,
      label: entry.title ?? label,
      text: describeValue(state, `${pointer}${pointerTo([key])}`, isObject(given) ? given[key] : undefined),
    }));
  });
  const given = rows.filter(({ text }) => text !== undefined);
  return (
    <section aria-label={stage.title} className={classes.stage}>
      <Title order={3} size="h5" mb={4}>
        {stage.title}
      </Title>
      {given.length === 0 && (
        <Text size="sm" c="dimmed">
          Nothing yet.
        </Text>
      )}
      <dl className={classes.rows}>
        {given.map(({ pointer, label, text }) => (
          <div key={pointer} className={classes.row}>
            <dt>{label}</dt>
            <dd dir="auto">{text}</dd>
          </div>
        ))}
      </dl>
      {problems.length > 0 && <ProblemLinks problems={problems} onGoTo={onGoTo} />}
    </section>
  );
}
