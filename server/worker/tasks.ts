import { type ParsedCronItem, parseCronItems, type TaskList } from "graphile-worker";
import type pg from "pg";
import type { Logger } from "pino";
import { type SweepSettings, sweep } from "./sweep.ts";

export interface TaskContext {
  readonly pool: pg.Pool;
  readonly sweep: SweepSettings;
  readonly logger: Logger;
  /** Stops a sweep after the current batch. */
  readonly stopping: AbortSignal;
}

const HOUR_MS = 60 * 60 * 1000;

export function makeTasks({ pool, sweep: settings, logger, stopping }: TaskContext): TaskList {
  return {
    sweep: async () => {
      const swept = await sweep(pool, settings, stopping);
      const isIdle = Object.values(swept).every((count) => count === 0);
      logger[isIdle ? "debug" : "info"](swept, "sweep finished");
    },
  };
}

/** The schedule. Each task has one job at a time, for any number of workers. */
export function makeSchedule(): ParsedCronItem[] {
  return parseCronItems([
    {
      task: "sweep",
      match: "7 * * * *",
      // Runs once after the machine was off or asleep at that minute.
      options: { backfillPeriod: HOUR_MS, jobKey: "sweep", maxAttempts: 5 },
    },
  ]);
}
