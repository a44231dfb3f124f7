import type { JsonObject } from "../../json/equality.ts";
import { isObject } from "../../json/equality.ts";
import { pointerTo, valueAt } from "../../json/pointer.ts";
import { currencyDigits } from "../../wizard/currencies.ts";
import { allFieldsOf } from "../../wizard/fields.ts";
import type { Schema } from "../../wizard/schema.ts";
import { STAGES } from "../../wizard/stages.ts";
import { decimalOf, minorOf, rescale } from "../format/money.ts";
import { browserTimeZone, isTimeZone, sameWallTimeIn } from "../format/zonedTime.ts";
import { widgetOf } from "./widgetOf.ts";

const ZONE_POINTER = "/schedule/timezone";
export const CURRENCY_POINTER = "/tickets/currency";

export interface Change {
  readonly pointer: string;
  readonly value: string | number;
}

/** The time zone of the form: that of the event, or that of the browser if none is chosen. */
export function timeZoneOf(state: unknown): string {
  const chosen = valueAt(state, ZONE_POINTER);
  return isTimeZone(chosen) ? chosen : browserTimeZone();
}

/**
 * The changes that follow from a change of a field. A new time zone keeps all local times, and a new currency keeps all
 * amounts.
 */
export function dependentChanges(state: JsonObject, pointer: string, value: unknown): Change[] {
  if (pointer === ZONE_POINTER && isTimeZone(value)) {
    const from = timeZoneOf(state);
    return changesOf(state, "dateTime", (moment) => sameWallTimeIn(moment, from, value));
  }
  if (pointer === CURRENCY_POINTER && typeof value === "string") {
    const before = valueAt(state, CURRENCY_POINTER);
    const from = currencyDigits(typeof before === "string" ? before : undefined);
    const to = currencyDigits(value);
    return changesOf(state, "money", (amount) => sameAmount(amount, from, to));
  }
  return [];
}

/**
 * Trying another currency must not change a price. An amount with too many decimals for the new currency becomes text, which
 * the server reports as a problem. In a currency with enough decimals, the text becomes an amount again.
 */
function sameAmount(amount: unknown, from: number, to: number): string | number | undefined {
  if (typeof amount === "string") return /^-?\d+\.\d+$/.test(amount) ? minorOf(amount, to) : undefined;
  if (!Number.isSafeInteger(amount)) return undefined;
  return rescale(Number(amount), from, to) ?? decimalOf(Number(amount), from);
}

function changesOf(
  state: JsonObject,
  widget: "dateTime" | "money",
  convert: (value: unknown) => string | number | undefined,
): Change[] {
  return STAGES.flatMap(({ key, schema }) => valuesIn(schema, state[key], widget, [key])).flatMap(({ path, value }) => {
    const converted = convert(value);
    return converted === undefined || converted === value ? [] : [{ pointer: pointerTo(path), value: converted }];
  });
}

function valuesIn(
  schema: Schema,
  value: unknown,
  widget: string,
  path: readonly string[],
): { path: readonly string[]; value: unknown }[] {
  if (!isObject(value)) return [];
  const entry = schema.additionalProperties;
  if (entry) return Object.keys(value).flatMap((key) => valuesIn(entry, value[key], widget, [...path, key]));
  // Includes hidden fields, because they can be shown again.
  return allFieldsOf(schema).flatMap((field) => {
    const inner = [...path, field.name];
    if (field.schema.type === "object") return valuesIn(field.schema, value[field.name], widget, inner);
    return widgetOf(field.name, field.schema) === widget ? [{ path: inner, value: value[field.name] }] : [];
  });
}
