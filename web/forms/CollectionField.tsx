import { Button, Group, Stack, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { isObject } from "../../json/equality.ts";
import { pointerTo } from "../../json/pointer.ts";
import { entryTitle } from "./describeField.ts";
import { entryKeys, movedPositions, newEntryKey, POSITION_FIELD } from "./entryKeys.ts";
import { type FieldProps, fieldId } from "./FieldProps.ts";
import classes from "./fields.module.css";
import { focusField } from "./focusField.ts";
import { InnerFields } from "./GroupField.tsx";
import { useProblem } from "./problemsContext.ts";

/** A collection of entries, such as tickets: an object whose keys are generated here. */
export function CollectionField(props: FieldProps) {
  const { schema, name, pointer, value, error, required, readOnly, onChange } = props;
  const [moved, setMoved] = useState<{ readonly pointer: string }>();
  const addButton = useRef<HTMLButtonElement>(null);
  const keys = entryKeys(value);
  const id = fieldId(pointer);
  const entryName = schema.additionalProperties?.title ?? "Entry";

  // Focus the first field of an entry that is new or at another place.
  useEffect(() => {
    if (moved) focusField(moved.pointer);
  }, [moved]);

  const add = () => {
    const entryPointer = `${pointer}${pointerTo([newEntryKey()])}`;
    onChange(entryPointer, {});
    setMoved({ pointer: entryPointer });
  };
  const remove = (key: string) => {
    onChange(`${pointer}${pointerTo([key])}`, undefined);
    addButton.current?.focus();
  };
  const canMove = schema.additionalProperties?.properties?.[POSITION_FIELD] !== undefined;
  const move = (key: string, by: -1 | 1) => {
    for (const { key: other, position } of movedPositions(value, key, by)) {
      onChange(`${pointer}${pointerTo([other, POSITION_FIELD])}`, position);
    }
    setMoved({ pointer: `${pointer}${pointerTo([key])}` });
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
      {keys.map((key, index) => (
        <Entry
          key={key}
          {...props}
          name={key}
          schema={schema.additionalProperties ?? {}}
          pointer={`${pointer}${pointerTo([key])}`}
          value={isObject(value) ? value[key] : undefined}
          onRemove={() => remove(key)}
          onMoveUp={canMove && index > 0 ? () => move(key, -1) : undefined}
          onMoveDown={canMove && index < keys.length - 1 ? () => move(key, 1) : undefined}
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

interface EntryProps extends FieldProps {
  readonly onRemove: () => void;
  /** Undefined for the first entry. */
  readonly onMoveUp: (() => void) | undefined;
  /** Undefined for the last entry. */
  readonly onMoveDown: (() => void) | undefined;
}

function Entry({ onRemove, onMoveUp, onMoveDown, ...props }: EntryProps) {
  const { schema, name, pointer, value, readOnly } = props;
  const title = entryTitle(schema, value, name);
  return (
    <fieldset className={classes.entry} data-pointer={pointer}>
      <legend className={classes.legend}>{title}</legend>
      <InnerFields {...props} error={useProblem(pointer)} />
      {!readOnly && (
        <Group justify="flex-end" mt="md" gap="xs">
          {onMoveUp && (
            <Button variant="subtle" size="compact-sm" onClick={onMoveUp} aria-label={`Move up ${title}`}>
              Move up
            </Button>
          )}
          {onMoveDown && (
            <Button variant="subtle" size="compact-sm" onClick={onMoveDown} aria-label={`Move down ${title}`}>
              Move down
            </Button>
          )}
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
