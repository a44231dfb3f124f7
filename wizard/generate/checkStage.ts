import { isObject } from "../../json/equality.ts";
import { choicesOf, valuesOf } from "../fields.ts";
import type { Branch, Condition, Fields, Schema, Wanted } from "../schema.ts";
import { compile } from "../validator.ts";

/** A stage file that can't be used. The message tells its author where the error is and how to fix it. */
export class StageFileError extends Error {
  override readonly name = "StageFileError";
}

/**
 * Refuses valid JSON Schema that the forms do not support. Without this check, a stage could require a field that its form
 * never shows.
 * @throws {StageFileError}
 */
export function checkStage(file: string, schema: unknown): asserts schema is Schema & { readonly title: string } {
  try {
    compile(isObject(schema) ? schema : { type: "not a schema" });
  } catch (error) {
    throw new StageFileError(`${file}: ${(error as Error).message}`);
  }
  const stage = schema as Schema;
  check(stage.type === "object" && stage.properties, file, `is not a stage: add "type": "object" and "properties".`);
  checkField(file, stage);
}

const DESCRIPTION = ["title", "description", "type", "examples"];
const GROUP = [...DESCRIPTION, "$schema", "$id", "properties", "required", "allOf"];
const COLLECTION = [...DESCRIPTION, "additionalProperties", "propertyNames", "minProperties", "maxProperties"];
const TEXT = ["enum", "const", "oneOf", "minLength", "maxLength", "pattern", "format"];
const NUMBER = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const LIST = ["items", "minItems", "maxItems", "uniqueItems"];

function checkField(where: string, field: Schema): void {
  check(field.title, where, `needs a "title": it is the label of the field.`);
  check(typeof field.type === "string", where, `needs exactly one "type".`);
  if (field.additionalProperties !== undefined) {
    checkKeywords(where, field, COLLECTION);
    check(field.maxProperties, where, `needs "maxProperties": without it, a client can send any number of entries.`);
    checkField(`${where}/*`, field.additionalProperties);
  } else if (field.type === "object") {
    checkKeywords(where, field, GROUP);
    checkGroup(where, field);
  } else {
    checkKeywords(where, field, [...DESCRIPTION, ...TEXT, ...NUMBER, ...LIST]);
    for (const choice of field.oneOf ?? []) {
      const labelled = Object.hasOwn(choice, "const") && choice.title;
      check(labelled, where, `needs {"const": …, "title": …} for each option in "oneOf".`);
      checkKeywords(where, choice, ["const", "title", "description"]);
    }
  }
}

function checkGroup(where: string, group: Schema): void {
  const branches = group.allOf ?? [];
  const names = new Set<string>();
  /** Checks fields, and that those of `required` are among the shown ones. */
  const checkPart = (part: Branch["then"], shown: Fields) => {
    for (const [name, field] of Object.entries(part.properties ?? {})) {
      check(!names.has(name), `${where}/${name}`, "is defined twice: define each field in one place.");
      names.add(name);
      checkField(`${where}/${name}`, field);
    }
    for (const name of part.required ?? []) {
      check(Object.hasOwn(shown, name), `${where}/${name}`, `is in "required" but not in "properties".`);
    }
  };
  const always = group.properties ?? {};
  checkPart(group, always);
  for (const branch of branches) {
    checkKeywords(where, branch, ["if", "then"]);
    check(branch.if && branch.then, where, `needs {"if": …, "then": …} for each part of "allOf".`);
    const implied = branches.filter((other) => other !== branch && implies(branch.if, other.if));
    const shown: Fields = Object.assign({}, always, ...implied.map(({ then }) => then?.properties));
    checkCondition(where, branch, shown);
    checkPart(branch.then, { ...shown, ...branch.then.properties });
  }
}

/** Whether the second condition holds whenever the first one does. */
function implies(condition: Condition, other: Condition | undefined): boolean {
  return (other?.required ?? [""]).every((name) => {
    const wanted = other?.properties?.[name];
    const given = condition.properties?.[name];
    const narrower =
      !wanted ||
      (given && !given.not && !wanted.not && valuesOf(given).every((value) => valuesOf(wanted).includes(value)));
    return condition.required?.includes(name) && narrower;
  });
}

/** Checks a condition. A field that it uses must be shown whenever the condition holds: hidden answers don't count. */
function checkCondition(where: string, branch: Branch, shown: Fields): void {
  checkKeywords(`${where}: if`, branch.if, ["required", "properties"]);
  checkKeywords(`${where}: then`, branch.then, ["required", "properties"]);
  check(branch.if.required?.length, where, `needs "required" in "if": the fields that the others depend on.`);
  for (const name of branch.if.required) {
    check(
      Object.hasOwn(shown, name),
      `${where}/${name}`,
      `is used in "if" but may be hidden: define it next to "allOf", or repeat the condition that shows it.`,
    );
    const usable = shown[name]?.type !== "object" || branch.if.properties?.[name];
    check(usable, `${where}/${name}`, `is a group or a collection, which "if" can't use.`);
  }
  for (const [name, wanted] of Object.entries(branch.if.properties ?? {})) {
    check(branch.if.required.includes(name), `${where}/${name}`, `must also be in "required" of the same "if".`);
    checkWanted(`${where}/${name}`, shown[name] ?? {}, wanted);
  }
}

function checkWanted(where: string, field: Schema, wanted: Wanted): void {
  if (wanted.not) {
    checkKeywords(`${where}: if`, wanted, ["not"]);
    checkWanted(where, field, wanted.not);
  } else if (field.type === "object") {
    checkKeywords(`${where}: if`, wanted, ["type", field.additionalProperties ? "additionalProperties" : "properties"]);
    check(wanted.type === "object", where, `needs "type": "object" in "if".`);
    if (wanted.additionalProperties)
      checkWanted(`${where}/*`, field.additionalProperties ?? {}, wanted.additionalProperties);
    for (const [name, inner] of Object.entries(wanted.properties ?? {})) {
      check(field.properties?.[name], `${where}/${name}`, `is used in "if" but not in "properties".`);
      checkWanted(`${where}/${name}`, field.properties[name], inner);
    }
  } else {
    checkKeywords(`${where}: if`, wanted, ["const", "enum"]);
    const choices = choicesOf(field)?.map((choice) => choice.const) ?? [];
    for (const value of valuesOf(wanted)) {
      check(choices.includes(value), where, `never has the value ${JSON.stringify(value)} used in "if".`);
    }
  }
}

function checkKeywords(where: string, part: object, allowed: readonly string[]): void {
  const unknown = Object.keys(part).find((keyword) => !allowed.includes(keyword));
  check(unknown === undefined, where, `uses "${unknown}", which is not supported here.`);
}

function check(condition: unknown, where: string, message: string): asserts condition {
  if (!condition) throw new StageFileError(`${where} ${message}`);
}
