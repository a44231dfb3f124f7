import { isObject, type UnknownObject } from "../json/equality.ts";
import { FORMATS } from "./formats.ts";
import type { Branch, Choice, Condition, Schema, Wanted } from "./schema.ts";
import { isBlankText } from "./texts.ts";

// This file does not import Ajv, so that forms in a browser do not load a schema compiler.

export interface Field {
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
}

/**
 * The fields to ask for, given the answers so far, in the order of the form. The fields of a branch follow the field that
 * they depend on.
 */
export function fieldsOf(schema: Schema, value: unknown): Field[] {
  const given = isObject(value) ? value : {};
  return fieldsWhere(schema, (branch) => holds(branch.if, given));
}

/** The fields of all branches, in the order of the form. */
export function allFieldsOf(schema: Schema): readonly Field[] {
  const fields = allFieldsCache.get(schema) ?? fieldsWhere(schema, () => true);
  allFieldsCache.set(schema, fields);
  return fields;
}

// A state can have thousands of problems, and each looks up its fields several times.
const allFieldsCache = new WeakMap<Schema, readonly Field[]>();

/** The schema of a nested field. Any key leads to an entry of a collection. */
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
    return wanted === undefined || matches(wanted, value);
  });
}

/** Whether JSON Schema accepts a value, of which blank parts don't count. */
function matches(wanted: Wanted, value: unknown): boolean {
  if (wanted.not) return !matches(wanted.not, value);
  if (wanted.type === undefined) return valuesOf(wanted).includes(value);
  if (!isObject(value)) return false;
  return Object.keys(value).every((name) => {
    const inner = wanted.properties?.[name] ?? wanted.additionalProperties;
    return inner === undefined || isBlank(value[name]) || matches(inner, value[name]);
  });
}

/** The values that `const` or `enum` list. */
export function valuesOf(wanted: Wanted): readonly unknown[] {
  return wanted.enum ?? [wanted.const];
}

/** The options of a field. Undefined if users type the answer. */
export function choicesOf(field: Schema): readonly Choice[] | undefined {
  if (field.oneOf) return field.oneOf;
  if (field.enum) return field.enum.map((value) => ({ const: value, title: String(value) }));
  return field.format === undefined ? undefined : FORMATS[field.format]?.choices?.();
}

/**
 * The answers that count: without unknown, hidden and blank fields. Some clients store an emptied field as "" or null,
 * others remove it.
 */
export function answersOf(schema: Schema, value: UnknownObject): UnknownObject {
  // Object.fromEntries calls no setter: the key "__proto__" is an ordinary key.
  return Object.fromEntries(
    fieldsOf(schema, value).flatMap((field) => {
      const answer = Object.hasOwn(value, field.name) ? answerOf(field.schema, value[field.name]) : undefined;
      return answer === undefined ? [] : [[field.name, answer]];
    }),
  );
}

// The recursion is as deep as the schema, not as deep as the value.
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

// One entry over the limit is enough to report that there are too many. A state can hold tens of thousands of entries,
// and checking them all would be slow.
function withinLimit({ maxProperties = Number.POSITIVE_INFINITY }: Schema, keys: readonly string[]): readonly string[] {
  return keys.length <= maxProperties ? keys : keys.toSorted().slice(0, maxProperties + 1);
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === "string" && isBlankText(value));
}
