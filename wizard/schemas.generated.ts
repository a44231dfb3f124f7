// Made of the files *.schema.json beside this one by `npm run wizard:types`. Change those instead.

import stage1 from "./1-basics.schema.json" with { type: "json" };
import stage2 from "./2-schedule.schema.json" with { type: "json" };
import stage3 from "./3-location.schema.json" with { type: "json" };
import stage4 from "./4-tickets.schema.json" with { type: "json" };
import stage5 from "./5-page.schema.json" with { type: "json" };
import stage6 from "./6-publish.schema.json" with { type: "json" };
import type { StageKey, StageNumber } from "./types.generated.ts";

export const SCHEMAS: readonly { number: StageNumber; key: StageKey; schema: unknown }[] = [
  { number: 1, key: "basics", schema: stage1 },
  { number: 2, key: "schedule", schema: stage2 },
  { number: 3, key: "location", schema: stage3 },
  { number: 4, key: "tickets", schema: stage4 },
  { number: 5, key: "page", schema: stage5 },
  { number: 6, key: "publish", schema: stage6 },
];
