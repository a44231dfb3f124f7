import { isObject, type UnknownObject } from "../json/equality.ts";
import { answersOf } from "./fields.ts";
import { STAGES } from "./stages.ts";
import type { StageKey } from "./types.generated.ts";

/** The answers that count, by stage. A missing stage is `{}`. A stage that is not an object is kept, so that it is reported. */
export type Answers = Readonly<Record<StageKey, unknown>>;

export function answersIn(state: unknown): Answers {
  const given: UnknownObject = isObject(state) ? state : {};
  return Object.fromEntries(
    STAGES.map(({ key, schema }) => {
      const value = (Object.hasOwn(given, key) ? given[key] : undefined) ?? {};
      return [key, isObject(value) ? answersOf(schema, value) : value];
    }),
  ) as Answers;
}
