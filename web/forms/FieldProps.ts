import type { Json, JsonObject } from "../../json/equality.ts";
import type { Schema } from "../../wizard/schema.ts";

export interface FieldProps {
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
  /** Where the value is in the state, as a JSON pointer. */
  readonly pointer: string;
  readonly value: unknown;
  /** What is wrong with it, in words. */
  readonly error: string | undefined;
  readonly state: JsonObject;
  readonly readOnly: boolean;
  /** `undefined` takes the value away. */
  readonly onChange: (pointer: string, value: Json | undefined) => void;
}

/** Names the element of a field, for labels and for links that lead to it. */
export function fieldId(pointer: string): string {
  return `field${encodeURI(pointer)}`;
}

/** What the inputs of the component library have in common. It ties label, help and error to the input by itself. */
export function inputProps({ schema, name, pointer, required, error, readOnly }: FieldProps) {
  return {
    id: fieldId(pointer),
    label: schema.title ?? name,
    description: schema.description,
    required,
    error,
    disabled: readOnly,
  };
}

/** A value as it stands in a text field, whatever somebody has saved there. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
