import { Radio, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { isSkipped, localValue, momentsAt, offsetName, secondsOf, wallTimeOf } from "../format/zonedTime.ts";
import { timeZoneOf } from "./dependentChanges.ts";
import { type FieldProps, inputProps, textOf } from "./FieldProps.ts";

// While the digits of a year are being typed, the browser reports years such as 0002.
const MIN_YEAR = "1000";

/** A local time in the time zone of the event, stored with its offset. */
export function DateTimeField(props: FieldProps) {
  const { state, pointer, value, onChange } = props;
  const [typed, setTyped] = useState<string>();
  const zone = timeZoneOf(state);
  const zoneName = zone.replaceAll("_", " ");
  const seconds = secondsOf(value).slice(0, 2);
  const skipped = isSkipped(value, zone);
  const minutes = wallTimeOf(value, zone);
  const wall = skipped ? value : minutes && seconds ? `${minutes}:${seconds}` : minutes;
  const { description, error, ...common } = inputProps(props);
  const inZone = `${zoneName}${minutes !== undefined ? ` (${offsetName(String(value), zone)})` : ""}`;
  const unreadable = wall === undefined && textOf(value) !== "";
  return (
    <Stack gap="xs">
      <TextInput
        {...common}
        type="datetime-local"
        // Browsers show seconds only for such a step.
        step={seconds === "" ? undefined : 1}
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
        error={skipped ? `This time does not exist in ${zoneName}: the clocks skip it. Choose another time.` : error}
        styles={{ wrapper: { maxWidth: 320 } }}
        max="9999-12-31T23:59"
        value={typed ?? wall ?? ""}
        onChange={({ currentTarget: { value: text } }) => {
          setTyped(text);
          if (text >= MIN_YEAR) onChange(pointer, localValue(text, zone, value));
        }}
        onBlur={({ currentTarget }) => {
          setTyped(undefined);
          // An incomplete date has the value "" too, but the user has not cleared the field.
          const emptied = typed === "" && !currentTarget.validity.badInput;
          if (emptied && value !== undefined) onChange(pointer, undefined);
        }}
      />
      {wall !== undefined && <Repeated {...props} moments={momentsAt(wall, zone)} zone={zone} />}
    </Stack>
  );
}

interface RepeatedProps extends FieldProps {
  readonly moments: readonly string[];
  readonly zone: string;
}

/** Asks which of two date-times is meant, for a local time that happens twice. */
function Repeated({ moments, zone, pointer, value, schema, readOnly, onChange }: RepeatedProps) {
  if (moments.length < 2) return null;
  const names = ["Before the clocks go back", "After the clocks go back"];
  return (
    <Radio.Group
      label={`${schema.title}: this time happens twice`}
      value={moments.find((moment) => offsetName(moment, zone) === offsetName(textOf(value), zone)) ?? null}
      onChange={(chosen) => onChange(pointer, chosen)}
    >
      <Stack gap="xs" mt="xs">
        {moments.map((moment, index) => (
          <Radio
            key={moment}
            value={moment}
            label={`${names[index]} (${offsetName(moment, zone)})`}
            disabled={readOnly}
          />
        ))}
      </Stack>
    </Radio.Group>
  );
}
