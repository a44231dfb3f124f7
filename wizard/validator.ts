import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import { FORMATS } from "./formats.ts";
import type { Schema } from "./schema.ts";

/**
 * Compiles a stage's schema.
 * @throws {Error} where the schema is none, or has a keyword or a format that nobody knows.
 * @returns what finds everything that is wrong with a value, not only the first thing
 */
export function compile(schema: Schema): (value: unknown) => readonly ErrorObject[] {
  // `ownProperties`: {"constructor": …} is a key like any other, and nobody's answer if it isn't there.
  // `strictRequired` would want fields defined again where an `if` asks for them.
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, ownProperties: true });
  for (const [name, { isValid }] of Object.entries(FORMATS)) ajv.addFormat(name, { type: "string", validate: isValid });
  const validate = ajv.compile(schema);
  return (value) => (validate(value) ? [] : (validate.errors ?? []));
}
