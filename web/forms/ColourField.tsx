import { TextInput } from "@mantine/core";
import { emptyToUndefined } from "./basicFields.tsx";
import { type FieldProps, inputProps, textOf } from "./FieldProps.ts";
import classes from "./fields.module.css";

const HEX = /^#[0-9a-f]{6}$/i;
const GREY = "#868e96";

export function ColourField(props: FieldProps) {
  const { pointer, value, schema, readOnly, onChange } = props;
  const text = textOf(value);
  return (
    <TextInput
      {...inputProps(props)}
      styles={{ wrapper: { maxWidth: 260 } }}
      autoComplete="off"
      placeholder={`e.g. ${textOf(schema.examples?.[0])}`}
      value={text}
      onChange={(event) => onChange(pointer, emptyToUndefined(event.currentTarget.value))}
      leftSection={
        <input
          type="color"
          className={classes.swatch}
          aria-label={`Colour picker: ${schema.title}`}
          disabled={readOnly}
          value={HEX.test(text) ? text.toLowerCase() : GREY}
          onChange={(event) => onChange(pointer, event.currentTarget.value)}
        />
      }
      leftSectionPointerEvents="all"
    />
  );
}
