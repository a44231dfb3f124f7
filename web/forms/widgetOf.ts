import { FORMATS } from "../../wizard/formats.ts";
import type { Schema } from "../../wizard/schema.ts";

export type Widget =
  | "text"
  | "markdown"
  | "email"
  | "url"
  | "image"
  | "dateTime"
  | "radio"
  | "select"
  | "search"
  | "money"
  | "number"
  | "checkbox"
  | "colour"
  | "slug"
  | "lines"
  | "collection"
  | "group";

const MAX_RADIO_BUTTONS = 5;
const LONG_TEXT = 1000;

/** The widget of a field. It depends on the schema, and on the name if the schema allows two widgets. */
export function widgetOf(name: string, schema: Schema): Widget {
  if (schema.type === "object") return schema.additionalProperties ? "collection" : "group";
  if (schema.type === "array") return "lines";
  if (schema.type === "boolean") return "checkbox";
  const options = schema.oneOf ?? schema.enum;
  if (options) return options.length > MAX_RADIO_BUTTONS ? "select" : "radio";
  if (schema.type === "integer" || schema.type === "number") return name.endsWith("Minor") ? "money" : "number";
  if (schema.format !== undefined) return widgetOfFormat(name, schema.format);
  if (schema.pattern !== undefined) return widgetOfPattern(new RegExp(schema.pattern, "u"));
  return (schema.maxLength ?? 0) > LONG_TEXT ? "markdown" : "text";
}

function widgetOfFormat(name: string, format: string): Widget {
  if (format === "date-time") return "dateTime";
  if (format === "email") return "email";
  if (format === "https-url") return /image|picture|photo/i.test(name) ? "image" : "url";
  return FORMATS[format]?.choices ? "search" : "text";
}

function widgetOfPattern(pattern: RegExp): Widget {
  const takes = (...texts: string[]) => texts.every((text) => pattern.test(text));
  if (takes("#1a73e8", "#FFFFFF") && !takes("1a73e8")) return "colour";
  return takes("an-address-2", "abc") && !takes("An address") ? "slug" : "text";
}
