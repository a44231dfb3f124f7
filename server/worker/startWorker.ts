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
  /** The owner's connection. */
  readonly databaseUrl: string;
  readonly sweep: SweepSettings;
  readonly logger: Logger;
}

export interface Worker {
  /**
   * Lets the batch under way end, then closes every connection. Safe to call twice. False: something goes on waiting,
   * as a rule for a database that is gone, and would keep the process from ending by itself.
   */
  stop(): Promise<boolean>;
}

// One to listen, one to take and to finish jobs, one for the job, one for the schedule.
const CONNECTIONS = 4;
const RESTART_DELAY_MS = 5_000;
const STOP_TIMEOUT_MS = 5_000;

/**
 * Starts a worker, which makes jobs by its schedule and does them, until it is stopped. It survives the loss of its
 * database. The tables of its queue are made where they are missing, in the schema graphile_worker.
 * @throws {UserError} when the database can't be used.
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
  /** Resolves once it has looked for jobs. Before it has done that once, an error is one that it would keep for good. */
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
      // The process has one place that takes signals, and stops things in their order.
      noHandleSignals: true,
      logger: workerLogger(logger),
      events,
      // In batches, even if of one: only then it catches the error when the database is lost just as a job ends. The
      // process would end with it.
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
  /** A runner ends by itself too, when it can't tell the database how a job has ended. */
  const keepRunning = async () => {
    let runner: Runner | undefined = first;
    while (runner) {
      await ending(runner, signal).catch((error: unknown) => logger.error({ err: error }, "the worker has failed"));
      runner = undefined;
      while (!runner && !signal.aborted) {
        await sleep(RESTART_DELAY_MS, undefined, { signal }).catch(() => {});
        if (signal.aborted) break;
        runner = await start().catch((error: unknown) => {
          logger.error({ err: error }, "the worker can't start again yet");
          return undefined;
        });
      }
    }
    await pool.end();
    return true;
  };
  const over = keepRunning();
  return {
    stop: () => {
      stopping.abort();
      return Promise.race([over, sleep(STOP_TIMEOUT_MS, false, { ref: false })]);
    },
  };
}

/** Stops the runner on that signal, and waits until it has ended, whatever the reason. */
async function ending(runner: Runner, signal: AbortSignal): Promise<void> {
  // It refuses when it is ending already.
  const stop = () => runner.stop().catch(() => {});
  if (signal.aborted) await stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await runner.promise;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
