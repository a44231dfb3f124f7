import { Alert, Stack } from "@mantine/core";
import type { Json, JsonObject } from "../../json/equality.ts";
import { isObject } from "../../json/equality.ts";
import { pointerTo } from "../../json/pointer.ts";
import { fieldsOf } from "../../wizard/fields.ts";
import type { Stage } from "../../wizard/stages.ts";
import { FieldInput } from "./FieldInput.tsx";
import { ProblemsContext } from "./problemsContext.ts";

interface StageFormProps {
  readonly stage: Stage;
  readonly state: JsonObject;
  /** Messages for fields, by JSON pointer. */
  readonly problems: ReadonlyMap<string, string>;
  readonly readOnly?: boolean;
  readonly onChange: (pointer: string, value: Json | undefined) => void;
}

/** The form of a stage: the fields that its JSON Schema shows, given the answers so far. */
export function StageForm({ stage, state, problems, readOnly = false, onChange }: StageFormProps) {
  const value = state[stage.key];
  const wholeStage = problems.get(pointerTo([stage.key]));
  return (
    <ProblemsContext value={problems}>
      <Stack gap="lg">
        {wholeStage !== undefined && <Alert color="red" children={wholeStage} />}
        {fieldsOf(stage.schema, value).map(({ name, schema, required }) => {
          const pointer = pointerTo([stage.key, name]);
          return (
            <FieldInput
              key={name}
              {...{ name, schema, required, pointer, state, readOnly, onChange }}
              value={isObject(value) ? value[name] : undefined}
              error={problems.get(pointer)}
            />
          );
        })}
      </Stack>
    </ProblemsContext>
  );
}
