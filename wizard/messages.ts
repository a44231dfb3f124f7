import type { ErrorObject } from "ajv/dist/2020.js";
import { isObject } from "../json/equality.ts";
import { allFieldsOf, choicesOf, schemaAt } from "./fields.ts";
import { FORMATS } from "./formats.ts";
import type { Schema } from "./schema.ts";

/** What is wrong: a stable code for programs, and a message for people, which may be reworded. */
export interface ProblemText {
  readonly code: string;
  readonly message: string;
}

/** A message lists the options of a field up to this number. */
const MAX_LISTED_OPTIONS = 6;

/** A message shortens longer names of entries. */
const MAX_NAME_LENGTH = 40;

/** Turns an Ajv error about a field into a message for users. */
export function problemText(field: Schema, { keyword, params }: Pick<ErrorObject, "keyword" | "params">): ProblemText {
  const name = `“${field.title}”`;
  switch (keyword) {
    case "required":
    case "minProperties":
      return { code: "required", message: missing(field, name) };
    case "type":
      return { code: "wrong_type", message: wrongType(field, name) };
    case "const":
      if (field.const === true) return { code: "not_accepted", message: `${name} must be ticked.` };
      return { code: "not_an_option", message: notAnOption(field, name) };
    case "enum":
    case "oneOf":
      return { code: "not_an_option", message: notAnOption(field, name) };
    case "minLength":
      return { code: "too_short", message: `${name} is too short. Use at least ${characters(params.limit)}.` };
    case "maxLength":
      return { code: "too_long", message: `${name} is too long. Use at most ${characters(params.limit)}.` };
    case "minimum":
      return { code: "too_small", message: `${name} must be at least ${number(params.limit)}.` };
    case "exclusiveMinimum":
      return { code: "too_small", message: `${name} must be more than ${number(params.limit)}.` };
    case "maximum":
      return { code: "too_large", message: `${name} must be at most ${number(params.limit)}.` };
    case "exclusiveMaximum":
      return { code: "too_large", message: `${name} must be less than ${number(params.limit)}.` };
    case "maxProperties":
      return { code: "too_many", message: `${name} has too many entries. Keep at most ${number(params.limit)}.` };
    case "pattern":
      return {
        code: "wrong_format",
        message: `${name} has the wrong format.${help(field)}${example(field, " Example: ", ".")}`,
      };
    case "format":
      return {
        code: "wrong_format",
        message: `${name} must be ${FORMATS[params.format]?.expected ?? "different"}${example(field, ", such as ")}.`,
      };
    case "propertyNames":
      return { code: "wrong_key", message: `${name} can't be saved under this key. Remove it and add it again.` };
    default:
      return { code: "invalid", message: `${name} is not valid.${help(field)}` };
  }
}

function missing(field: Schema, name: string): string {
  if (field.additionalProperties) return `${name}: add at least one.`;
  if (field.const === true) return `${name} must be ticked.`;
  return choicesOf(field) ? `${name} is required. Choose an option.` : `${name} is required. Fill it in.`;
}

function wrongType(field: Schema, name: string): string {
  if (choicesOf(field)) return notAnOption(field, name);
  switch (field.type) {
    case "string":
      return `${name} must be text.`;
    case "integer":
      return `${name} must be a whole number.`;
    case "number":
      return `${name} must be a number.`;
    case "boolean":
      return `${name} must be yes or no.`;
    default:
      return `${name} can't be read. Fill it in again.`;
  }
}

function notAnOption(field: Schema, name: string): string {
  const titles = choicesOf(field)?.map(({ title }) => title) ?? [];
  if (titles.length === 0 || titles.length > MAX_LISTED_OPTIONS) return `${name}: choose an option from the list.`;
  return `${name}: choose one of these options: ${titles.join(" · ")}.`;
}

function help(field: Schema): string {
  return field.description === undefined ? "" : ` ${field.description}`;
}

function example(field: Schema, before: string, after = ""): string {
  return field.examples?.[0] === undefined ? "" : `${before}${field.examples[0]}${after}`;
}

function characters(limit: number): string {
  return limit === 1 ? "1 character" : `${number(limit)} characters`;
}

function number(value: number): string {
  return value.toLocaleString("en");
}

/** The prefix `Ticket “Early bird”: ` of a message, which identifies the entry of a collection. */
export function entryName(schema: Schema, value: unknown, segments: readonly string[]): string {
  const [segment = "", ...rest] = segments;
  if (rest.length === 0) return "";
  const inner = isObject(value) ? value[segment] : undefined;
  const entry = schema.additionalProperties;
  return (entry ? `${titleOf(entry, inner)}: ` : "") + entryName(schemaAt(schema, [segment]), inner, rest);
}

/** The first field of an entry is its name, if it holds text. */
function titleOf(entry: Schema, value: unknown): string {
  const name = isObject(value) ? value[allFieldsOf(entry)[0]?.name ?? ""] : undefined;
  if (typeof name !== "string") return `${entry.title}`;
  return `${entry.title} “${name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH).toWellFormed()}…` : name}”`;
}
