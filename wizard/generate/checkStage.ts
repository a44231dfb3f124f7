import { isObject } from "../../json/equality.ts";
import { choicesOf, valuesOf } from "../fields.ts";
import type { Branch, Fields, Schema } from "../schema.ts";
import { compile } from "../validator.ts";

/** A stage file that can't be used. The message says where and what, for whoever writes the file. */
export class StageFileError extends Error {
  override readonly name = "StageFileError";
}

/**
 * Refuses what would be valid JSON Schema, but is not understood by everything that reads the stages: a field that only
 * Ajv knows of would be demanded, and never shown in the form.
 * @throws {StageFileError}
 */
export function checkStage(file: string, schema: unknown): asserts schema is Schema & { readonly title: string } {
  try {
    compile(isObject(schema) ? schema : { type: "no schema" });
  } catch (error) {
    throw new StageFileError(`${file}: ${(error as Error).message}`);
  }
  const stage = schema as Schema;
  demand(stage.type === "object" && stage.properties, file, `is no stage: give it "type": "object" and "properties".`);
  checkField(file, stage);
}

const DESCRIPTION = ["title", "description", "type", "examples"];
const GROUP = [...DESCRIPTION, "$schema", "$id", "properties", "required", "allOf"];
const COLLECTION = [...DESCRIPTION, "additionalProperties", "propertyNames", "minProperties", "maxProperties"];
const TEXT = ["enum", "const", "oneOf", "minLength", "maxLength", "pattern", "format"];
const NUMBER = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const LIST = ["items", "minItems", "maxItems", "uniqueItems"];

function checkField(where: string, field: Schema): void {
  demand(field.title, where, `needs a "title": it is the label.`);
  demand(typeof field.type === "string", where, `needs one "type".`);
  if (field.additionalProperties !== undefined) {
    knows(where, field, COLLECTION);
    demand(field.maxProperties, where, `needs "maxProperties": somebody may send a collection of any size.`);
    checkField(`${where}/*`, field.additionalProperties);
  } else if (field.type === "object") {
    knows(where, field, GROUP);
    checkGroup(where, field);
  } else {
    knows(where, field, [...DESCRIPTION, ...TEXT, ...NUMBER, ...LIST]);
    for (const choice of field.oneOf ?? []) {
      const labelled = Object.hasOwn(choice, "const") && choice.title;
      demand(labelled, where, `may have only {"const": …, "title": …} in "oneOf".`);
      knows(where, choice, ["const", "title", "description"]);
    }
  }
}

function checkGroup(where: string, group: Schema): void {
  const always = group.properties ?? {};
  const names = new Set<string>();
  const checkPart = (part: Branch["then"]) => {
    for (const [name, field] of Object.entries(part.properties ?? {})) {
      demand(!names.has(name), `${where}/${name}`, "is there twice: a field is defined in one place.");
      names.add(name);
      checkField(`${where}/${name}`, field);
    }
    for (const name of part.required ?? []) {
      const known = Object.hasOwn({ ...always, ...part.properties }, name);
      demand(known, `${where}/${name}`, "is required, and no field.");
    }
  };
  checkPart(group);
  for (const branch of group.allOf ?? []) {
    checkCondition(where, branch, always);
    checkPart(branch.then);
  }
}

function checkCondition(where: string, branch: Branch, always: Fields): void {
  knows(where, branch, ["if", "then"]);
  demand(branch.if && branch.then, where, `may have only {"if": …, "then": …} in "allOf".`);
  knows(`${where}: if`, branch.if, ["required", "properties"]);
  knows(`${where}: then`, branch.then, ["required", "properties"]);
  demand(branch.if.required?.length, where, `needs "required" in "if": the fields that the others depend on.`);
  for (const name of branch.if.required) {
    demand(
      Object.hasOwn(always, name),
      `${where}/${name}`,
      `is asked for in "if", and not among the "properties" beside it.`,
    );
    demand(always[name]?.type !== "object", `${where}/${name}`, `is no single answer, as an "if" needs.`);
  }
  for (const [name, wanted] of Object.entries(branch.if.properties ?? {})) {
    knows(`${where}/${name}: if`, wanted, ["const", "enum"]);
    demand(branch.if.required.includes(name), `${where}/${name}`, `has to be "required" in the same "if".`);
    const choices = (always[name] && choicesOf(always[name]))?.map((choice) => choice.const) ?? [];
    for (const value of valuesOf(wanted)) {
      demand(choices.includes(value), `${where}/${name}`, `can't be ${JSON.stringify(value)}, as an "if" expects.`);
    }
  }
}

function knows(where: string, part: object, keywords: readonly string[]): void {
  const unknown = Object.keys(part).find((keyword) => !keywords.includes(keyword));
  demand(unknown === undefined, where, `uses "${unknown}", which nothing here understands in this place.`);
}

function demand(fulfilled: unknown, where: string, otherwise: string): asserts fulfilled {
  if (!fulfilled) throw new StageFileError(`${where} ${otherwise}`);
}
