import { Logger as WorkerLogger } from "graphile-worker";
import type { Logger } from "pino";

/** Hands on what graphile-worker says to our log. What it does as a rule is of interest only to who looks for a fault. */
export function workerLogger(logger: Logger): WorkerLogger {
  const levels = { error: "error", warning: "warn", info: "debug", debug: "trace" } as const;
  return new WorkerLogger(() => (level, message, meta) => {
    const error = meta?.error;
    // It puts the stack behind the message.
    const [line] = message.split("\n");
    logger[levels[level]](error instanceof Error ? { err: error } : {}, `worker: ${line}`);
  });
}
