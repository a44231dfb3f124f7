import { type ParsedCronItem, parseCronItems, type TaskList } from "graphile-worker";
import type pg from "pg";
import type { Logger } from "pino";
import { type SweepSettings, sweep } from "./sweep.ts";

export interface TaskContext {
  readonly pool: pg.Pool;
  readonly sweep: SweepSettings;
  readonly logger: Logger;
  /** Ends what is under way at the next place where that can be done. */
  readonly stopping: AbortSignal;
}

const HOUR_MS = 60 * 60 * 1000;

export function makeTasks({ pool, sweep: settings, logger, stopping }: TaskContext): TaskList {
  return {
    sweep: async () => {
      const swept = await sweep(pool, settings, stopping);
      const isIdle = Object.values(swept).every((count) => count === 0);
      logger[isIdle ? "debug" : "info"](swept, "swept");
    },
  };
}

/** What runs when. Of each there is one job at a time, however many workers, and however long none of them ran. */
export function makeSchedule(): ParsedCronItem[] {
  return parseCronItems([
    {
      task: "sweep",
      match: "7 * * * *",
      // A machine that was off or asleep at that minute makes up for it once.
      options: { backfillPeriod: HOUR_MS, jobKey: "sweep", maxAttempts: 5 },
    },
  ]);
}
