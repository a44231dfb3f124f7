import { isObject } from "../../json/equality.ts";
import { pointerTo, segmentsOf, valueAt } from "../../json/pointer.ts";
import { allFieldsOf, choicesOf, schemaAt } from "../../wizard/fields.ts";
import type { Schema } from "../../wizard/schema.ts";
import { STAGES } from "../../wizard/stages.ts";
import { isBlankText } from "../../wizard/texts.ts";
import { formatMoney } from "../format/money.ts";
import { formatMoment } from "../format/zonedTime.ts";
import { CURRENCY_POINTER, timeZoneOf } from "./dependentChanges.ts";
import { widgetOf } from "./widgetOf.ts";

/** The labels on the path to a field: "Tickets › Ticket “Early bird” › Price". */
export function describePointer(state: unknown, pointer: string): string {
  const [stageKey = "", ...path] = segmentsOf(pointer);
  const stage = STAGES.find(({ key }) => key === stageKey);
  if (!stage) return pointer === "" ? "The whole draft" : pointer;
  const names = [stage.title];
  let schema: Schema = stage.schema;
  let value = isObject(state) ? state[stageKey] : undefined;
  for (const segment of path) {
    const entry = schema.additionalProperties;
    const field = allFieldsOf(schema).find(({ name }) => name === segment);
    value = valueAt(value, pointerTo([segment]));
    // The name of an entry replaces the label of its collection.
    if (entry) names.splice(-1, 1, entryTitle(entry, value, segment));
    else names.push(field?.schema.title ?? segment);
    schema = field?.schema ?? entry ?? {};
  }
  return names.join(" › ");
}

/** The name of an entry: "Ticket “Early bird”", from its first field. */
export function entryTitle(entry: Schema, value: unknown, key: string): string {
  if (!isObject(value)) return entry.title ?? key;
  const name = value[allFieldsOf(entry)[0]?.name ?? ""];
  const known = typeof name === "string" && !isBlankText(name) ? `“${name}”` : "without a name";
  return `${entry.title ?? key} ${known}`;
}

/** A value as readable text. Undefined if there is no value. */
export function describeValue(state: unknown, pointer: string, value: unknown): string | undefined {
  const [stageKey = "", ...path] = segmentsOf(pointer);
  const stage = STAGES.find(({ key }) => key === stageKey);
  const schema = stage ? schemaAt(stage.schema, path) : {};
  return describe(state, path.at(-1) ?? "", schema, value);
}

function describe(state: unknown, name: string, schema: Schema, value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (isObject(value)) return describeObject(state, schema, value);
  if (Array.isArray(value)) return value.map((item) => describe(state, "", schema.items ?? {}, item)).join(", ");
  const widget = schema.type === undefined ? "text" : widgetOf(name, schema);
  if (widget === "dateTime") return formatMoment(value, timeZoneOf(state)) ?? String(value);
  if (widget === "money" && typeof value === "number") {
    const currency = valueAt(state, CURRENCY_POINTER);
    return formatMoney(value, typeof currency === "string" ? currency : undefined);
  }
  if (widget === "radio" || widget === "select" || widget === "search") return choiceTitle(schema, value);
  return String(value);
}

function describeObject(state: unknown, schema: Schema, value: Readonly<Record<string, unknown>>): string | undefined {
  const fields = allFieldsOf(schema);
  // In the order of the form, with unknown fields last.
  const known = fields.map(({ name }) => name).filter((name) => Object.hasOwn(value, name));
  const keys = [...new Set([...known, ...Object.keys(value)])];
  const parts = keys.flatMap((key) => {
    const field = fields.find(({ name }) => name === key);
    const text = describe(state, key, field?.schema ?? schema.additionalProperties ?? {}, value[key]);
    return text === undefined ? [] : [`${field?.schema.title ?? schema.additionalProperties?.title ?? key}: ${text}`];
  });
  return parts.length === 0 ? undefined : parts.join("; ");
}

function choiceTitle(schema: Schema, value: unknown): string {
  return titlesOf(schema).get(value) ?? String(value);
}

// The lists of countries and currencies are slow to build.
const titles = new WeakMap<Schema, ReadonlyMap<unknown, string>>();

function titlesOf(schema: Schema): ReadonlyMap<unknown, string> {
  const known = titles.get(schema) ?? new Map(choicesOf(schema)?.map((choice) => [choice.const, choice.title]));
  titles.set(schema, known);
  return known;
}
