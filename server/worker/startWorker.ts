import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type Runner, run, type WorkerEvents } from "graphile-worker";
import type { Logger } from "pino";
import { openPool } from "../database/pool.ts";
import { UserError } from "../userError.ts";
import { workerLogger } from "./log.ts";
import type { SweepSettings } from "./sweep.ts";
import { makeSchedule, makeTasks } from "./tasks.ts";

export interface WorkerOptions {
  /** Connects as the owner. */
  readonly databaseUrl: string;
  readonly sweep: SweepSettings;
  readonly logger: Logger;
}

export interface Worker {
  /**
   * Waits for the current batch, then closes every connection. Safe to call twice. Returns false after a timeout, usually
   * because the database is gone: then open handles keep the process running.
   */
  stop(): Promise<boolean>;
}

// To listen, to get and complete jobs, for the job itself, and for the schedule.
const CONNECTIONS = 4;
const RESTART_DELAY_MS = 5_000;
const STOP_TIMEOUT_MS = 5_000;

/**
 * Starts a worker that schedules and runs jobs. It survives the loss of its database. graphile-worker creates its tables
 * in the schema graphile_worker.
 * @throws {UserError} if the database can't be used.
 */
export async function startWorker({ databaseUrl, sweep, logger }: WorkerOptions): Promise<Worker> {
  const pool = await openPool({
    connectionString: databaseUrl,
    variable: "DATABASE_URL",
    max: CONNECTIONS,
    application_name: "stagekeep worker",
    logger,
  });
  const stopping = new AbortController();
  const { signal } = stopping;
  /** Resolves after the first look for jobs. graphile-worker does not recover from an error before that. */
  const start = async () => {
    const events: WorkerEvents = new EventEmitter();
    const hasLooked = new Promise<void>((resolve, reject) => {
      events.once("worker:getJob:empty", () => resolve());
      events.once("job:start", () => resolve());
      events.once("worker:getJob:error", ({ error }) => reject(error));
    });
    hasLooked.catch(() => {});
    const runner = await run({
      pgPool: pool,
      schema: "graphile_worker",
      concurrency: 1,
      taskList: makeTasks({ pool, sweep, logger, stopping: signal }),
      parsedCronItems: makeSchedule(),
      // main.ts handles signals.
      noHandleSignals: true,
      logger: workerLogger(logger),
      events,
      // Only with batches does graphile-worker catch the error when the database is lost while a job ends. Otherwise that
      // error would end the process.
      preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    });
    try {
      await hasLooked;
      return runner;
    } catch (error) {
      await runner.stop().catch(() => {});
      throw error;
    }
  };

  const first = await start().catch(async (error: Error) => {
    await pool.end();
    throw new UserError(`The worker can't start: ${error.message}`, { cause: error });
  });
  /** Restarts the runner, which stops if it can't store the result of a job. */
  const keepRunning = async () => {
    let runner: Runner | undefined = first;
    while (runner) {
      await untilEnded(runner, signal).catch((error: unknown) =>
        logger.error({ err: error }, "the worker failed; restarting"),
      );
      runner = undefined;
      while (!runner && !signal.aborted) {
        await sleep(RESTART_DELAY_MS, undefined, { signal }).catch(() => {});
        if (signal.aborted) break;
        runner = await start().catch((error: unknown) => {
          logger.error({ err: error }, "cannot restart the worker yet");
          return undefined;
        });
      }
    }
    await pool.end();
    return true;
  };
  const finished = keepRunning();
  return {
    stop: () => {
      stopping.abort();
      return Promise.race([finished, sleep(STOP_TIMEOUT_MS, false, { ref: false })]);
    },
  };
}

/** Waits until the runner ends. Stops it when `signal` is aborted. */
async function untilEnded(runner: Runner, signal: AbortSignal): Promise<void> {
  // Rejects if the runner is already stopping.
  const stop = () => runner.stop().catch(() => {});
  if (signal.aborted) await stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await runner.promise;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
