import type { ComponentType } from "react";
import { CheckboxField, LinesField, RadioField, SearchField, SelectField, TextField } from "./basicFields.tsx";
import { CollectionField } from "./CollectionField.tsx";
import { ColourField } from "./ColourField.tsx";
import { DateTimeField } from "./DateTimeField.tsx";
import type { FieldProps } from "./FieldProps.ts";
import { GroupField } from "./GroupField.tsx";
import { ImageField } from "./ImageField.tsx";
import { MarkdownField } from "./MarkdownField.tsx";
import { MoneyField, NumberField } from "./numberFields.tsx";
import { SlugField } from "./SlugField.tsx";
import { type Widget, widgetOf } from "./widgetOf.ts";

const INPUTS: Readonly<Record<Widget, ComponentType<FieldProps>>> = {
  text: TextField,
  email: TextField,
  url: TextField,
  markdown: MarkdownField,
  image: ImageField,
  dateTime: DateTimeField,
  radio: RadioField,
  select: SelectField,
  search: SearchField,
  money: MoneyField,
  number: NumberField,
  checkbox: CheckboxField,
  colour: ColourField,
  slug: SlugField,
  lines: LinesField,
  collection: CollectionField,
  group: GroupField,
};

/** The input of a field. Links to the field lead to its wrapper. */
export function FieldInput(props: FieldProps) {
  const Input = INPUTS[widgetOf(props.name, props.schema)];
  return (
    <div data-pointer={props.pointer}>
      <Input {...props} />
    </div>
  );
}
