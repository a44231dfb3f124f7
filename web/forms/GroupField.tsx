import { Stack, Text } from "@mantine/core";
import { isObject } from "../../json/equality.ts";
import { pointerTo } from "../../json/pointer.ts";
import { fieldsOf } from "../../wizard/fields.ts";
import { POSITION_FIELD } from "./entryKeys.ts";
import { FieldInput } from "./FieldInput.tsx";
import type { FieldProps } from "./FieldProps.ts";
import classes from "./fields.module.css";
import { useProblem } from "./problemsContext.ts";

/** A group of fields: an object in the state. */
export function GroupField(props: FieldProps) {
  return (
    <fieldset className={classes.entry}>
      <legend className={classes.legend}>{props.schema.title ?? props.name}</legend>
      <InnerFields {...props} />
    </fieldset>
  );
}

export function InnerFields(props: FieldProps) {
  const { schema, pointer, value, error } = props;
  return (
    <Stack gap="md">
      {error !== undefined && (
        <Text c="var(--mantine-color-error)" size="sm">
          {error}
        </Text>
      )}
      {fieldsOf(schema, value)
        .filter(({ name }) => name !== POSITION_FIELD)
        .map((field) => (
          <InnerField
            key={field.name}
            {...props}
            {...field}
            pointer={`${pointer}${pointerTo([field.name])}`}
            value={isObject(value) ? value[field.name] : undefined}
          />
        ))}
    </Stack>
  );
}

function InnerField(props: FieldProps) {
  return <FieldInput {...props} error={useProblem(props.pointer)} />;
}
