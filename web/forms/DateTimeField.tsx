import { Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { momentAt, offsetName, wallTimeOf } from "../format/zonedTime.ts";
import { timeZoneOf } from "./dependentChanges.ts";
import { type FieldProps, inputProps, textOf } from "./FieldProps.ts";

// While the digits of a year are being typed, the browser reports years such as 0002.
const MIN_YEAR = "1000";

/** A local time in the time zone of the event, stored with its offset. */
export function DateTimeField(props: FieldProps) {
  const { state, pointer, value, onChange } = props;
  const [typed, setTyped] = useState<string>();
  const zone = timeZoneOf(state);
  const wall = wallTimeOf(value, zone);
  const { description, ...common } = inputProps(props);
  const inZone = `${zone.replaceAll("_", " ")}${wall !== undefined ? ` (${offsetName(String(value), zone)})` : ""}`;
  const unreadable = wall === undefined && textOf(value) !== "";
  return (
    <TextInput
      {...common}
      type="datetime-local"
      description={
        <>
          {description} Time zone: {inZone}.
          {unreadable && (
            <Text component="span" size="xs" fw={600}>
              {" "}
              The saved value is “{textOf(value)}”.
            </Text>
          )}
        </>
      }
      styles={{ wrapper: { maxWidth: 320 } }}
      max="9999-12-31T23:59"
      value={typed ?? wall ?? ""}
      onChange={({ currentTarget: { value: text } }) => {
        setTyped(text);
        if (text >= MIN_YEAR) onChange(pointer, momentAt(text, zone));
      }}
      onBlur={({ currentTarget }) => {
        setTyped(undefined);
        // An incomplete date has the value "" too, but the user has not cleared the field.
        const emptied = typed === "" && !currentTarget.validity.badInput;
        if (emptied && value !== undefined) onChange(pointer, undefined);
      }}
    />
  );
}
