import type { Json, JsonObject } from "../../json/equality.ts";
import type { Schema } from "../../wizard/schema.ts";

export interface FieldProps {
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
  /** The JSON pointer of the value in the state. */
  readonly pointer: string;
  readonly value: unknown;
  /** The message of the problem. */
  readonly error: string | undefined;
  readonly state: JsonObject;
  readonly readOnly: boolean;
  /** `undefined` removes the value. */
  readonly onChange: (pointer: string, value: Json | undefined) => void;
}

/** The element id of a field, for labels and links. */
export function fieldId(pointer: string): string {
  return `field${encodeURI(pointer)}`;
}

/** The props that all Mantine inputs share. Mantine connects label, description and error to the input. */
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

/** Lets the text decide the direction of its input. Mantine would set the prop `dir` on an element around the input. */
export const OWN_DIRECTION = { input: { dir: "auto" } };

/** The text of a saved value, which may have any type. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
