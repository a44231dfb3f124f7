import { compile, type JSONSchema } from "json-schema-to-typescript";
import { allFieldsOf } from "../fields.ts";
import type { Schema } from "../schema.ts";

/** The TypeScript source of `WizardState`, in which every field of every stage is optional. */
export function stateTypeOf(stages: readonly { readonly key: string; readonly schema: Schema }[]): Promise<string> {
  const state: JSONSchema = {
    title: "WizardState",
    description:
      "The state of a session as a client writes it. A state that you read may hold anything: users also save answers that are incomplete or wrong.",
    type: "object",
    properties: Object.fromEntries(stages.map(({ key, schema }) => [key, withOptionalFields(schema)])),
  };
  const style = { printWidth: 120 };
  return compile(state, "", { bannerComment: "", additionalProperties: false, format: true, style });
}

/** Leaves out titles, which would become the names of types, and conditions: the type has the fields of every case. */
function withOptionalFields({ title, oneOf, const: only, ...schema }: Schema): JSONSchema {
  if (schema.type !== "object") {
    const values = oneOf ? oneOf.map((choice) => choice.const) : only === undefined ? undefined : [only];
    return { ...schema, ...(values && { enum: values }) } as JSONSchema;
  }
  const { description, additionalProperties: entry } = schema;
  if (entry) return { description, type: "object", additionalProperties: withOptionalFields(entry) };
  const fields = allFieldsOf(schema).map((field) => [field.name, withOptionalFields(field.schema)]);
  return { description, type: "object", properties: Object.fromEntries(fields) };
}
