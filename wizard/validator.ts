import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import { FORMATS } from "./formats.ts";
import type { Schema } from "./schema.ts";

/**
 * Compiles a stage's schema.
 * @throws {Error} if the schema is invalid or has an unknown keyword or format.
 * @returns a function that returns all errors of a value, not just the first one
 */
export function compile(schema: Schema): (value: unknown) => readonly ErrorObject[] {
  // `ownProperties`: what an object inherits, such as `constructor`, is not an answer.
  // `strictRequired` would require each `if` to define its fields again.
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, ownProperties: true });
  for (const [name, { isValid }] of Object.entries(FORMATS)) ajv.addFormat(name, { type: "string", validate: isValid });
  const validate = ajv.compile(schema);
  return (value) => (validate(value) ? [] : (validate.errors ?? []));
}
