import { compile, type JSONSchema } from "json-schema-to-typescript";
import { allFieldsOf, choicesOf, type Field, fieldsOf } from "../fields.ts";
import type { Schema } from "../schema.ts";

/** The types of states: one of drafts, where everything may be missing, and one of what can be completed. */
export async function typesOf(stages: readonly { readonly key: string; readonly schema: Schema }[]): Promise<string> {
  const draft = stages.map(({ key, schema }) => [key, draftOf(schema, `Draft${pascalCase(key)}`)] as const);
  const complete = stages.map(({ key, schema }) => [key, completeOf(schema, `Complete${pascalCase(key)}`)] as const);
  return [
    await print({
      title: "WizardState",
      description:
        "What a client writes. A state that is read may hold anything: people save what is half done, or wrong.",
      ...group(draft, []),
    }),
    await print({
      title: "CompleteWizardState",
      description: "The answers of a state without problems, less those that are not asked for.",
      ...group(
        complete,
        complete.map(([key]) => key),
      ),
    }),
  ].join("\n");
}

function print(schema: JSONSchema): Promise<string> {
  const style = { printWidth: 120 };
  return compile(schema, "", { bannerComment: "", additionalProperties: false, format: true, style });
}

function draftOf(schema: Schema, name: string): JSONSchema {
  if (schema.type !== "object") return leafOf(schema);
  const { description } = schema;
  if (schema.additionalProperties) return { description, ...collection(schema.additionalProperties, draftOf, "Draft") };
  const fields = allFieldsOf(schema).map(
    (field) => [field.name, draftOf(field.schema, name + pascalCase(field.name))] as const,
  );
  return { title: name, description, ...group(fields, []) };
}

function completeOf(schema: Schema, name: string): JSONSchema {
  if (schema.type !== "object") return leafOf(schema);
  const { description } = schema;
  if (schema.additionalProperties)
    return { description, ...collection(schema.additionalProperties, completeOf, "Complete") };
  const situations = situationsOf(schema);
  const types = allFieldsOf(schema).map((field) => {
    // The type of drafts has said already what a field is for. In several variants it would be said again and again.
    const described = situations.length > 1 ? { ...field.schema, description: undefined } : field.schema;
    return [field.name, completeOf(described, name + pascalCase(field.name))] as const;
  });
  const variants = situations.map((situation) => variantOf(schema, new Map(types), situation));
  return { title: name, description, ...(variants.length === 1 ? variants[0] : { anyOf: variants }) };
}

/** A value for each field that others depend on; undefined for no answer. */
type Situation = Readonly<Record<string, unknown>>;

const ANY_ANSWER = Symbol("any answer");

function situationsOf(schema: Schema): Situation[] {
  const conditions = (schema.allOf ?? []).map((branch) => branch.if);
  const deciding = allFieldsOf(schema).filter(({ name }) => conditions.some(({ required }) => required.includes(name)));
  return deciding.reduce<Situation[]>(
    (situations, field) => {
      const byValue = conditions.some(({ properties }) => properties?.[field.name]);
      const answers = byValue ? (choicesOf(field.schema) ?? []).map((choice) => choice.const) : [ANY_ANSWER];
      const possible = field.required ? answers : [...answers, undefined];
      return situations.flatMap((situation) => possible.map((answer) => ({ ...situation, [field.name]: answer })));
    },
    [{}],
  );
}

// A field that is not asked for stays in the type as one that is never there: it can then be read without first asking
// which of the variants it is.
function variantOf(schema: Schema, types: ReadonlyMap<string, JSONSchema>, situation: Situation): JSONSchema {
  const shown = new Map(fieldsOf(schema, situation).map((field) => [field.name, field]));
  const isDeciding = (field: Field) => Object.hasOwn(situation, field.name);
  const isLeftOut = (field: Field) =>
    !shown.has(field.name) || (isDeciding(field) && situation[field.name] === undefined);
  const fields = allFieldsOf(schema);
  return group(
    fields.map((field) => {
      if (isLeftOut(field)) return [field.name, { tsType: "undefined" }];
      const answer = situation[field.name];
      if (isDeciding(field) && answer !== ANY_ANSWER)
        return [field.name, leafOf({ type: field.schema.type, const: answer })];
      return [field.name, types.get(field.name) ?? {}];
    }),
    fields
      .filter((field) => !isLeftOut(field) && (isDeciding(field) || shown.get(field.name)?.required))
      .map(({ name }) => name),
  );
}

function group(fields: readonly (readonly [string, JSONSchema])[], required: string[]): JSONSchema {
  return { type: "object", properties: Object.fromEntries(fields), required };
}

function collection(entry: Schema, typeOf: (schema: Schema, name: string) => JSONSchema, prefix: string): JSONSchema {
  return { type: "object", additionalProperties: typeOf(entry, prefix + pascalCase(entry.title ?? "")) };
}

// Titles are left out: they would become names of types.
function leafOf({ title, oneOf, const: only, ...schema }: Schema): JSONSchema {
  const values = oneOf ? oneOf.map((choice) => choice.const) : only === undefined ? undefined : [only];
  return { ...schema, ...(values && { enum: values }) } as JSONSchema;
}

function pascalCase(words: string): string {
  return words
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
