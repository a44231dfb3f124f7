import type { Schema } from "./schema.ts";
import { SCHEMAS } from "./schemas.generated.ts";
import type { StageKey, StageNumber } from "./types.generated.ts";

export interface Stage {
  /** From 1 on. */
  readonly number: StageNumber;
  /** Where the stage's answers are in the state. */
  readonly key: StageKey;
  readonly title: string;
  readonly schema: Schema;
}

/** The stages in their order. A file's name says which number and key a stage has, and the file says the rest. */
export const STAGES: readonly Stage[] = SCHEMAS.map(({ number, key, schema }) => {
  // `npm run wizard:types` refuses a file that holds anything else.
  const stage = schema as Schema & { readonly title: string };
  return { number, key, title: stage.title, schema: stage };
});
