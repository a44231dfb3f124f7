import { isObject, type UnknownObject } from "../json/equality.ts";
import { FORMATS } from "./formats.ts";
import type { Branch, Choice, Condition, Schema } from "./schema.ts";

// No Ajv here: a form in a browser can use these without bringing a compiler of schemas along.

export interface Field {
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
}

/**
 * The fields to ask for, in the order in which a form shows them, given what was answered so far. Those of a branch
 * follow the field that they depend on.
 */
export function fieldsOf(schema: Schema, value: unknown): Field[] {
  const given = isObject(value) ? value : {};
  return fieldsWhere(schema, (branch) => holds(branch.if, given));
}

/** Every field that there can be, in the same order. */
export function allFieldsOf(schema: Schema): readonly Field[] {
  const fields = allFields.get(schema) ?? fieldsWhere(schema, () => true);
  allFields.set(schema, fields);
  return fields;
}

// Asked for at each step to each of thousands of problems.
const allFields = new WeakMap<Schema, readonly Field[]>();

/** What is said of a field further in. An entry of a collection has any name. */
export function schemaAt(schema: Schema, segments: readonly string[]): Schema {
  return segments.reduce((parent, name) => {
    const field = allFieldsOf(parent).find((field) => field.name === name);
    return field?.schema ?? parent.additionalProperties ?? parent;
  }, schema);
}

function fieldsWhere(schema: Schema, applies: (branch: Branch) => boolean): Field[] {
  const branches = (schema.allOf ?? []).filter(applies);
  const required = new Set([schema, ...branches.map((branch) => branch.then)].flatMap((part) => part.required ?? []));
  return Object.entries(schema.properties ?? {})
    .flatMap(([name, field]) => [
      { name, schema: field },
      ...branches
        .filter((branch) => branch.if.required.at(-1) === name)
        .flatMap((branch) => Object.entries(branch.then.properties ?? {}))
        .map(([name, schema]) => ({ name, schema })),
    ])
    .map((field) => ({ ...field, required: required.has(field.name) }));
}

function holds(condition: Condition, given: UnknownObject): boolean {
  return condition.required.every((name) => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (isBlank(value)) return false;
    const wanted = condition.properties?.[name];
    return wanted === undefined || valuesOf(wanted).includes(value);
  });
}

/** The values that a condition is about. */
export function valuesOf(wanted: { readonly const?: unknown; readonly enum?: readonly unknown[] }): readonly unknown[] {
  return wanted.enum ?? [wanted.const];
}

/** What to offer in a list; undefined for a field whose answer is typed in. */
export function choicesOf(field: Schema): readonly Choice[] | undefined {
  if (field.oneOf) return field.oneOf;
  if (field.enum) return field.enum.map((value) => ({ const: value, title: String(value) }));
  return field.format === undefined ? undefined : FORMATS[field.format]?.choices?.();
}

/**
 * What counts of what was filled in: no fields that the wizard does not know, none that it does not ask for at present,
 * and no blank ones. An emptied field is stored as "" or null by some clients and left out by others.
 */
export function answersOf(schema: Schema, value: UnknownObject): UnknownObject {
  // Object.fromEntries never runs a setter, so that a key "__proto__" is a key like any other.
  return Object.fromEntries(
    fieldsOf(schema, value).flatMap((field) => {
      const answer = Object.hasOwn(value, field.name) ? answerOf(field.schema, value[field.name]) : undefined;
      return answer === undefined ? [] : [[field.name, answer]];
    }),
  );
}

// It goes as deep as the schema, not as deep as the value.
function answerOf(schema: Schema, value: unknown): unknown {
  if (isBlank(value)) return undefined;
  if (schema.type !== "object" || !isObject(value)) return value;
  const entry = schema.additionalProperties;
  if (!entry) return answersOf(schema, value);
  const entries = withinLimit(
    schema,
    Object.keys(value).filter((key) => !isBlank(value[key])),
  )
    .map((key) => [key, answerOf(entry, value[key])] as const)
    .filter(([, answer]) => answer !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

// One more than the limit is enough to know that there are too many. To look into all of them could take long: the state
// may hold tens of thousands.
function withinLimit({ maxProperties = Number.POSITIVE_INFINITY }: Schema, keys: readonly string[]): readonly string[] {
  return keys.length <= maxProperties ? keys : keys.toSorted().slice(0, maxProperties + 1);
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === "string" && !/\S/.test(value));
}
