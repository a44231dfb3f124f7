import { Logger as WorkerLogger } from "graphile-worker";
import type { Logger } from "pino";

/** Passes graphile-worker's log messages to ours. Its `info` messages are routine, so they become `debug`. */
export function workerLogger(logger: Logger): WorkerLogger {
  const levels = { error: "error", warning: "warn", info: "debug", debug: "trace" } as const;
  return new WorkerLogger(() => (level, message, meta) => {
    const error = meta?.error;
    // The stack follows the message.
    const [line] = message.split("\n");
    logger[levels[level]](error instanceof Error ? { err: error } : {}, `worker: ${line}`);
  });
}
