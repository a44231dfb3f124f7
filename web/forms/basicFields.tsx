import {
  Button,
  Checkbox,
  type ComboboxParsedItem,
  Group,
  NativeSelect,
  Radio,
  Select,
  Stack,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useState } from "react";
import { choicesOf } from "../../wizard/fields.ts";
import type { Schema } from "../../wizard/schema.ts";
import { browserTimeZone, isTimeZone } from "../format/zonedTime.ts";
import { type FieldProps, inputProps, OWN_DIRECTION, textOf } from "./FieldProps.ts";
import { rankOf, type SearchWords, searchWordsOf } from "./searchWords.ts";
import { widgetOf } from "./widgetOf.ts";

const MAX_SUGGESTIONS = 100;
// Browsers list these time zones under outdated names only.
const NEWER_ZONE_NAMES = [
  "America/Nuuk",
  "Asia/Ho_Chi_Minh",
  "Asia/Kathmandu",
  "Asia/Kolkata",
  "Asia/Yangon",
  "Atlantic/Faroe",
  "Europe/Kyiv",
  "Pacific/Chuuk",
  "Pacific/Pohnpei",
];

/** An empty field is removed from the state, because "" means no answer. */
export function emptyToUndefined(text: string): string | undefined {
  return text === "" ? undefined : text;
}

export function TextField(props: FieldProps) {
  const { name, schema, pointer, value, onChange } = props;
  const widget = widgetOf(name, schema);
  return (
    <TextInput
      {...inputProps(props)}
      attributes={OWN_DIRECTION}
      // Not type="email": Chromium rewrites domains of other scripts, and browsers refuse such names.
      type={widget === "url" ? "url" : "text"}
      inputMode={widget === "email" ? "email" : undefined}
      placeholder={typeof schema.examples?.[0] === "string" ? `e.g. ${schema.examples[0]}` : undefined}
      autoComplete={widget === "email" ? "email" : "off"}
      value={textOf(value)}
      onChange={(event) => onChange(pointer, emptyToUndefined(event.currentTarget.value))}
    />
  );
}

export function RadioField(props: FieldProps) {
  const { schema, pointer, value, readOnly, onChange } = props;
  const { disabled, ...common } = inputProps(props);
  const choices = choicesOf(schema) ?? [];
  return (
    <Radio.Group
      {...common}
      value={value === undefined ? null : textOf(value)}
      onChange={(chosen) => onChange(pointer, valueFor(schema, chosen))}
    >
      <Stack gap="sm" mt="xs">
        {choices.map((choice) => (
          <Radio
            key={String(choice.const)}
            value={String(choice.const)}
            label={choice.title}
            description={choice.description}
            disabled={readOnly}
          />
        ))}
        {!props.required && value !== undefined && !readOnly && (
          <Group>
            <Button variant="subtle" size="compact-xs" onClick={() => onChange(pointer, undefined)}>
              Clear “{schema.title}”
            </Button>
          </Group>
        )}
      </Stack>
    </Radio.Group>
  );
}

export function SelectField(props: FieldProps) {
  const { schema, pointer, value, onChange } = props;
  const choices = choicesOf(schema) ?? [];
  const shown = textOf(value);
  const known = choices.some((choice) => String(choice.const) === shown);
  return (
    <NativeSelect
      {...inputProps(props)}
      value={shown}
      onChange={(event) => {
        const chosen = emptyToUndefined(event.currentTarget.value);
        onChange(pointer, chosen === undefined ? undefined : valueFor(schema, chosen));
      }}
    >
      <option value="">Choose…</option>
      {/* A saved value stays visible even if it is not an option. */}
      {shown !== "" && !known && <option value={shown}>{shown}</option>}
      {choices.map((choice) => (
        <option key={String(choice.const)} value={String(choice.const)}>
          {choice.title}
        </option>
      ))}
    </NativeSelect>
  );
}

/** A searchable list, for time zones, currencies and countries. */
export function SearchField(props: FieldProps) {
  const { schema, pointer, value, readOnly, onChange } = props;
  const [opened, setOpened] = useState(false);
  const shown = emptyToUndefined(textOf(value)) ?? null;
  const own = schema.format === "iana-timezone" ? browserTimeZone() : undefined;
  const words = searchWordsOf(schema);
  return (
    <Stack gap={6} align="stretch">
      <Select
        {...inputProps(props)}
        placeholder="Type to search"
        searchable
        clearable={!props.required}
        limit={MAX_SUGGESTIONS}
        filter={({ options, search, limit }) => filterOptions(options, search, limit, words)}
        comboboxProps={{ withinPortal: false }}
        dropdownOpened={opened}
        onDropdownOpen={() => setOpened(true)}
        onDropdownClose={() => setOpened(false)}
        // An open list would be the next tab stop, and the focus would be lost when it closes.
        onKeyDown={({ key }) => key === "Tab" && setOpened(false)}
        nothingFoundMessage="No matches"
        data={optionsOf(schema, shown)}
        value={shown}
        onChange={(chosen) => onChange(pointer, chosen ?? undefined)}
      />
      {own !== undefined && shown === null && !readOnly && (
        <Group>
          <Button variant="light" size="compact-sm" onClick={() => onChange(pointer, own)}>
            Use {own.replaceAll("_", " ")}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

export function CheckboxField(props: FieldProps) {
  const { pointer, value, schema, required, onChange } = props;
  const { label, ...common } = inputProps(props);
  return (
    <Checkbox
      {...common}
      label={
        <>
          {label}
          {required && (
            <span aria-hidden="true" className="asterisk">
              {" "}
              *
            </span>
          )}
        </>
      }
      checked={value === true}
      onChange={(event) =>
        onChange(
          pointer,
          event.currentTarget.checked || schema.const === undefined ? event.currentTarget.checked : undefined,
        )
      }
    />
  );
}

/** An array of strings, one per line. */
export function LinesField(props: FieldProps) {
  const { pointer, value, onChange } = props;
  const lines = Array.isArray(value) ? value.map(textOf).join("\n") : textOf(value);
  return (
    <Textarea
      {...inputProps(props)}
      attributes={OWN_DIRECTION}
      autosize
      minRows={3}
      value={lines}
      onChange={({ currentTarget }) =>
        onChange(pointer, currentTarget.value === "" ? undefined : currentTarget.value.split("\n"))
      }
    />
  );
}

/** Inputs only have strings, but the value of an option may be a number. */
function valueFor(schema: Schema, chosen: string) {
  const value = choicesOf(schema)?.find((choice) => String(choice.const) === chosen)?.const;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : chosen;
}

/** Finds options by their label and other words. The best ones come first. */
function filterOptions(options: readonly ComboboxParsedItem[], search: string, limit: number, words: SearchWords) {
  const ranked = options.flatMap((option) => {
    if ("group" in option) return [];
    const rank = search.trim() === "" ? 0 : rankOf(option.label, words(String(option.value)), search);
    return rank === undefined ? [] : [{ option, rank }];
  });
  return ranked
    .toSorted((one, other) => one.rank - other.rank)
    .slice(0, limit)
    .map(({ option }) => option);
}

interface Option {
  readonly value: string;
  readonly label: string;
}

// Each list has hundreds of names, so it is built only once.
const cache = new Map<string | undefined, readonly Option[]>();

function optionsOf(schema: Schema, chosen: string | null): readonly Option[] {
  const options = cache.get(schema.format) ?? listOptions(schema);
  cache.set(schema.format, options);
  if (chosen === null || options.some(({ value }) => value === chosen)) return options;
  // A time zone may have several names of which only one is listed.
  return [{ value: chosen, label: chosen }, ...options];
}

function listOptions(schema: Schema): readonly Option[] {
  const newer = schema.format === "iana-timezone" ? NEWER_ZONE_NAMES.filter(isTimeZone) : [];
  const more = newer.map((name) => ({ const: name, title: name.replaceAll("_", " ") }));
  const choices = [...(choicesOf(schema) ?? []), ...more];
  return [...new Map(choices.map((choice) => [choice.const, choice])).values()].map((choice) => {
    const value = String(choice.const);
    const isCode = schema.format === "iso-4217" || schema.format === "iso-3166-1-alpha-2";
    return { value, label: isCode ? `${choice.title} (${value})` : choice.title };
  });
}
