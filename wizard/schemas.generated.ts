// Made of the files *.schema.json beside this one by `npm run wizard:types`. Change those instead.

import basics from "./1-basics.schema.json" with { type: "json" };
import schedule from "./2-schedule.schema.json" with { type: "json" };
import location from "./3-location.schema.json" with { type: "json" };
import tickets from "./4-tickets.schema.json" with { type: "json" };
import page from "./5-page.schema.json" with { type: "json" };
import publish from "./6-publish.schema.json" with { type: "json" };
import type { StageKey, StageNumber } from "./types.generated.ts";

export const SCHEMAS: readonly { number: StageNumber; key: StageKey; schema: unknown }[] = [
  { number: 1, key: "basics", schema: basics },
  { number: 2, key: "schedule", schema: schedule },
  { number: 3, key: "location", schema: location },
  { number: 4, key: "tickets", schema: tickets },
  { number: 5, key: "page", schema: page },
  { number: 6, key: "publish", schema: publish },
];
