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
  /** When the dialog has gone, and the button that opened it too. */
  readonly onLeft: () => void;
}

/**
 * Asks, for each field that was changed here and elsewhere, which value is to stay. It opens by a click alone: somebody
 * may be typing, and the keys would go to it.
 */
export function ConflictDialog({ state, conflicts, onResolve, onLeft }: ConflictDialogProps) {
  const [choices, setChoices] = useState<Readonly<Record<string, Side>>>({});
  const [opened, setOpened] = useState(false);
  const key = conflicts.map(({ pointer }) => pointer).join(" ");
  const [seen, setSeen] = useState(key);
  if (seen !== key) {
    setSeen(key);
    setChoices({});
    if (conflicts.length === 0) setOpened(false);
  }
  // As long as there is something to choose, the button is there and gets the focus back.
  const leave = () => {
    if (conflicts.length === 0) onLeft();
  };
  const all = (side: Side) => setChoices(Object.fromEntries(conflicts.map(({ pointer }) => [pointer, side])));
  const chosen = conflicts.every(({ pointer }) => choices[pointer] !== undefined);

  return (
    <>
      {conflicts.length > 0 && (
        <Alert color="yellow" role="alert" className={classes.alert} title="Some fields were changed elsewhere too">
          <Group justify="space-between">
            <Text size="sm">Nothing is saved until you choose what to keep.</Text>
            <Button size="xs" onClick={() => setOpened(true)}>
              Choose now
            </Button>
          </Group>
        </Alert>
      )}
      <Modal
        opened={opened}
        onClose={() => setOpened(false)}
        onExitTransitionEnd={leave}
        title="Changed here and elsewhere"
        size="lg"
        closeButtonProps={{ "aria-label": "Decide later" }}
      >
        <Stack gap="md">
          <Text>
            While you were typing, the same fields were changed in another tab or on another device. Choose what to
            keep; everything else is kept from both sides.
          </Text>
          <Group gap="xs">
            <Button variant="default" size="xs" onClick={() => all("yours")}>
              Keep all of mine
            </Button>
            <Button variant="default" size="xs" onClick={() => all("theirs")}>
              Take all of theirs
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
                      <span className={classes.value}>{words(state, conflict.pointer, conflict[side])}</span>
                    }
                  />
                ))}
                <Text size="xs" c="dimmed" className={classes.value}>
                  Before: {words(state, conflict.pointer, conflict.base)}
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

function words(state: JsonObject, pointer: string, value: Json): string {
  return describeValue(state, pointer, value) ?? "Nothing";
}
