import { Button, Group, Stack, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { isObject } from "../../json/equality.ts";
import { pointerTo } from "../../json/pointer.ts";
import { entryTitle } from "./describeField.ts";
import { entryKeys, newEntryKey } from "./entryKeys.ts";
import { type FieldProps, fieldId } from "./FieldProps.ts";
import classes from "./fields.module.css";
import { focusField } from "./focusField.ts";
import { InnerFields } from "./GroupField.tsx";
import { useProblem } from "./problemsContext.ts";

/** A collection of entries, such as tickets: an object whose keys are generated here. */
export function CollectionField(props: FieldProps) {
  const { schema, name, pointer, value, error, required, readOnly, onChange } = props;
  const [added, setAdded] = useState<string>();
  const addButton = useRef<HTMLButtonElement>(null);
  const keys = entryKeys(value);
  const id = fieldId(pointer);
  const entryName = schema.additionalProperties?.title ?? "Entry";

  // Focus the first field of a new entry.
  useEffect(() => {
    if (added !== undefined) focusField(added);
  }, [added]);

  const add = () => {
    const entryPointer = `${pointer}${pointerTo([newEntryKey()])}`;
    onChange(entryPointer, {});
    setAdded(entryPointer);
  };
  const remove = (key: string) => {
    onChange(`${pointer}${pointerTo([key])}`, undefined);
    addButton.current?.focus();
  };

  return (
    <Stack gap="md" role="group" aria-labelledby={`${id}-label`} aria-describedby={error ? `${id}-error` : undefined}>
      <div>
        <Text id={`${id}-label`} size="sm" fw={600}>
          {schema.title ?? name}
          {required && (
            <span aria-hidden="true" className="asterisk">
              {" "}
              *
            </span>
          )}
        </Text>
        <Text size="xs" c="dimmed">
          {schema.description}
        </Text>
        {error !== undefined && (
          <Text id={`${id}-error`} c="var(--mantine-color-error)" size="xs" mt={4}>
            {error}
          </Text>
        )}
      </div>
      {keys.map((key) => (
        <Entry
          key={key}
          {...props}
          name={key}
          schema={schema.additionalProperties ?? {}}
          pointer={`${pointer}${pointerTo([key])}`}
          value={isObject(value) ? value[key] : undefined}
          onRemove={() => remove(key)}
        />
      ))}
      {!readOnly && (
        <Group>
          <Button ref={addButton} variant="light" onClick={add}>
            Add {entryName.toLowerCase()}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function Entry({ onRemove, ...props }: FieldProps & { readonly onRemove: () => void }) {
  const { schema, name, pointer, value, readOnly } = props;
  const title = entryTitle(schema, value, name);
  return (
    <fieldset className={classes.entry} data-pointer={pointer}>
      <legend className={classes.legend}>{title}</legend>
      <InnerFields {...props} error={useProblem(pointer)} />
      {!readOnly && (
        <Group justify="flex-end" mt="md">
          <Button
            variant="subtle"
            color="red"
            size="compact-sm"
            className="readable"
            onClick={onRemove}
            aria-label={`Remove ${title}`}
          >
            Remove
          </Button>
        </Group>
      )}
    </fieldset>
  );
}
