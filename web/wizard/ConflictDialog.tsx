import { Alert, Button, Group, Modal, Radio, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { FieldConflict } from "../../client/index.ts";
import type { Json, JsonObject } from "../../json/equality.ts";
import { describePointer, describeValue } from "../forms/describeField.ts";
import classes from "./ConflictDialog.module.css";

type Side = "yours" | "theirs";

interface ConflictDialogProps {
  readonly state: JsonObject;
  readonly conflicts: readonly FieldConflict[];
  readonly onResolve: (choices: Readonly<Record<string, Side>>) => void;
  /** Called when the dialog has closed and the button that opened it is gone. */
  readonly onClosed: () => void;
}

/**
 * Asks which value to keep for each field that was changed both here and elsewhere. It only opens on a click: the user may
 * be typing, and a dialog that opens on its own would take the focus.
 */
export function ConflictDialog({ state, conflicts, onResolve, onClosed }: ConflictDialogProps) {
  const [choices, setChoices] = useState<Readonly<Record<string, Side>>>({});
  const [opened, setOpened] = useState(false);
  const key = conflicts.map(({ pointer }) => pointer).join(" ");
  const [seen, setSeen] = useState(key);
  if (seen !== key) {
    setSeen(key);
    setChoices({});
    if (conflicts.length === 0) setOpened(false);
  }
  // While there are conflicts, the button is still there and gets the focus back.
  const handleClosed = () => {
    if (conflicts.length === 0) onClosed();
  };
  const all = (side: Side) => setChoices(Object.fromEntries(conflicts.map(({ pointer }) => [pointer, side])));
  const chosen = conflicts.every(({ pointer }) => choices[pointer] !== undefined);

  return (
    <>
      {conflicts.length > 0 && (
        <Alert color="yellow" role="alert" className={classes.alert} title="Some fields were also changed elsewhere">
          <Group justify="space-between">
            <Text size="sm">Your changes are not saved until you choose what to keep.</Text>
            <Button size="xs" onClick={() => setOpened(true)}>
              Choose now
            </Button>
          </Group>
        </Alert>
      )}
      <Modal
        opened={opened}
        onClose={() => setOpened(false)}
        onExitTransitionEnd={handleClosed}
        title="Choose what to keep"
        size="lg"
        closeButtonProps={{ "aria-label": "Decide later" }}
      >
        <Stack gap="md">
          <Text>
            While you were typing, the same fields were changed in another tab or on another device. Choose a value for
            each of them. All other changes from both sides are kept.
          </Text>
          <Group gap="xs">
            <Button variant="default" size="xs" onClick={() => all("yours")}>
              Keep all of mine
            </Button>
            <Button variant="default" size="xs" onClick={() => all("theirs")}>
              Keep all of theirs
            </Button>
          </Group>
          {conflicts.map((conflict) => (
            <Radio.Group
              key={conflict.pointer}
              label={describePointer(state, conflict.pointer)}
              value={choices[conflict.pointer] ?? null}
              onChange={(side) => setChoices({ ...choices, [conflict.pointer]: side as Side })}
            >
              <Stack gap="xs" mt={6}>
                {(["yours", "theirs"] as const).map((side) => (
                  <Radio
                    key={side}
                    value={side}
                    label={side === "yours" ? "Mine" : "Theirs"}
                    description={
                      <span className={classes.value} dir="auto">
                        {describe(state, conflict.pointer, conflict[side])}
                      </span>
                    }
                  />
                ))}
                <Text size="xs" c="dimmed" className={classes.value}>
                  Before: <bdi>{describe(state, conflict.pointer, conflict.base)}</bdi>
                </Text>
              </Stack>
            </Radio.Group>
          ))}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setOpened(false)}>
              Decide later
            </Button>
            <Button disabled={!chosen} onClick={() => onResolve(choices)}>
              Save my choice
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}

function describe(state: JsonObject, pointer: string, value: Json): string {
  return describeValue(state, pointer, value) ?? "Empty";
}
