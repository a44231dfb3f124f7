import type { Schema } from "./schema.ts";
import { SCHEMAS } from "./schemas.generated.ts";
import type { StageKey, StageNumber } from "./types.generated.ts";

export interface Stage {
  /** Starts at 1. */
  readonly number: StageNumber;
  /** The key of the stage's answers in the state. */
  readonly key: StageKey;
  readonly title: string;
  readonly schema: Schema;
}

/** All stages in order. The number and the key come from the file name, the rest from the file. */
export const STAGES: readonly Stage[] = SCHEMAS.map(({ number, key, schema }) => {
  // `npm run wizard:types` has checked this with `checkStage`.
  const stage = schema as Schema & { readonly title: string };
  return { number, key, title: stage.title, schema: stage };
});
