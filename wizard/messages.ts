import type { ErrorObject } from "ajv/dist/2020.js";
import { isObject } from "../json/equality.ts";
import { allFieldsOf, choicesOf, schemaAt } from "./fields.ts";
import { FORMATS } from "./formats.ts";
import type { Schema } from "./schema.ts";

/** What is wrong: a code for programs, which stays as it is, and a sentence for people, which may be reworded. */
export interface Complaint {
  readonly code: string;
  readonly message: string;
}

/** From a list of more choices than this, nobody would want to read them all in a sentence. */
const CHOICES_IN_A_MESSAGE = 6;

/** Of a longer name, a message quotes the beginning. */
const LONG_NAME = 40;

/** Says in a user's words what Ajv has found out about a field. */
export function complaintAbout(field: Schema, { keyword, params }: Pick<ErrorObject, "keyword" | "params">): Complaint {
  const name = `“${field.title}”`;
  switch (keyword) {
    case "required":
    case "minProperties":
      return { code: "required", message: missing(field, name) };
    case "type":
      return { code: "wrong_type", message: wrongType(field, name) };
    case "const":
      if (field.const === true) return { code: "not_accepted", message: `${name} has to be ticked.` };
      return { code: "not_an_option", message: notAnOption(field, name) };
    case "enum":
    case "oneOf":
      return { code: "not_an_option", message: notAnOption(field, name) };
    case "minLength":
      return { code: "too_short", message: `${name} is too short: it needs ${characters(params.limit)} or more.` };
    case "maxLength":
      return { code: "too_long", message: `${name} is too long: shorten it to ${characters(params.limit)} or fewer.` };
    case "minimum":
      return { code: "too_small", message: `${name} has to be ${number(params.limit)} or more.` };
    case "exclusiveMinimum":
      return { code: "too_small", message: `${name} has to be more than ${number(params.limit)}.` };
    case "maximum":
      return { code: "too_large", message: `${name} has to be ${number(params.limit)} or less.` };
    case "exclusiveMaximum":
      return { code: "too_large", message: `${name} has to be less than ${number(params.limit)}.` };
    case "maxProperties":
      return { code: "too_many", message: `${name}: remove some, at most ${number(params.limit)} are possible.` };
    case "pattern":
      return {
        code: "wrong_format",
        message: `${name} can't be written like this${example(field, ", but like ")}${help(field)}`,
      };
    case "format":
      return {
        code: "wrong_format",
        message: `${name} has to be ${FORMATS[params.format]?.wanted ?? "different"}${example(field, ", such as ")}.`,
      };
    case "propertyNames":
      return { code: "wrong_key", message: `${name} can't be kept under this name: remove it and add it again.` };
    default:
      return { code: "invalid", message: `${name} is not right${help(field)}` };
  }
}

function missing(field: Schema, name: string): string {
  if (field.additionalProperties) return `${name}: add at least one.`;
  if (field.const === true) return `${name} has to be ticked.`;
  return choicesOf(field) ? `${name} is missing: choose one.` : `${name} is missing: fill it in.`;
}

function wrongType(field: Schema, name: string): string {
  if (choicesOf(field)) return notAnOption(field, name);
  switch (field.type) {
    case "string":
      return `${name} has to be a text.`;
    case "integer":
      return `${name} has to be a whole number.`;
    case "number":
      return `${name} has to be a number.`;
    case "boolean":
      return `${name} has to be yes or no.`;
    default:
      return `${name} can't be read: fill it in again.`;
  }
}

function notAnOption(field: Schema, name: string): string {
  const titles = choicesOf(field)?.map(({ title }) => title) ?? [];
  if (titles.length === 0 || titles.length > CHOICES_IN_A_MESSAGE) return `${name}: choose one from the list.`;
  return `${name}: choose one of these: ${titles.join(" · ")}.`;
}

function help(field: Schema): string {
  return field.description === undefined ? "." : `. ${field.description}`;
}

function example(field: Schema, before: string): string {
  return field.examples?.[0] === undefined ? "" : `${before}${field.examples[0]}`;
}

function characters(limit: number): string {
  return limit === 1 ? "1 character" : `${number(limit)} characters`;
}

function number(value: number): string {
  return value.toLocaleString("en");
}

/** «Ticket “Early bird”: », so that a list of problems tells which of several tickets is meant. */
export function entryName(schema: Schema, value: unknown, segments: readonly string[]): string {
  const [segment = "", ...rest] = segments;
  if (rest.length === 0) return "";
  const inner = isObject(value) ? value[segment] : undefined;
  const entry = schema.additionalProperties;
  return (entry ? `${titleOf(entry, inner)}: ` : "") + entryName(schemaAt(schema, [segment]), inner, rest);
}

/** An entry is known by the first of its fields, where that is a text that somebody has typed in. */
function titleOf(entry: Schema, value: unknown): string {
  const name = isObject(value) ? value[allFieldsOf(entry)[0]?.name ?? ""] : undefined;
  if (typeof name !== "string") return `${entry.title}`;
  return `${entry.title} “${name.length > LONG_NAME ? `${name.slice(0, LONG_NAME).toWellFormed()}…` : name}”`;
}
