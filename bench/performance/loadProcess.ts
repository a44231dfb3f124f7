import { type ChildProcess, fork } from "node:child_process";
import { stopProcess } from "../shared/processes.ts";
import type { OperationName, Session } from "./operations.ts";

export interface LoadOptions {
  readonly url: string;
  readonly operation: OperationName;
  readonly connections: number;
  readonly watched: boolean;
  readonly sessions: readonly Session[];
}

export interface Turn {
  /** Seconds of load before the measurement. */
  readonly rampSeconds: number;
  readonly seconds: number;
}

/** What happened in the measured seconds. */
export interface Window {
  readonly seconds: number;
  readonly answers: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** All answers of a turn, those outside of the measured seconds as well. */
export interface Totals {
  readonly outcomes: Readonly<Record<string, number>>;
  /** The first answer that is not correct. */
  readonly problem?: string;
  /** Events that the subscribers received. */
  readonly events: number;
}

export type ToLoad = { readonly start: LoadOptions } | { readonly turn: Turn };
export type FromLoad = "ready" | "measuring" | { readonly measured: Window } | { readonly finished: Totals };

export interface Load {
  /** Runs load. Calls `observe` at the start and at the end of the measured seconds. */
  run<T>(turn: Turn, observe: () => Promise<T>): Promise<{ window: Window; totals: Totals; before: T; after: T }>;
  stop(): Promise<void>;
}

/** Starts the load generator, which has a process of its own so that its CPU time is not the server's. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const child = fork(new URL("load.ts", import.meta.url));
  const messages = messagesOf(child);
  const next = async (): Promise<FromLoad> => {
    const { value, done } = await messages.next();
    if (done) throw new Error("The load generator exited.");
    return value;
  };
  const send = (message: ToLoad) => child.send(message);
  send({ start: options });
  await next();
  return {
    async run(turn, observe) {
      send({ turn });
      await next();
      const before = await observe();
      const measured = await next();
      const after = await observe();
      const finished = await next();
      if (typeof measured === "string" || !("measured" in measured)) throw new Error("Expected the measured window.");
      if (typeof finished === "string" || !("finished" in finished)) throw new Error("Expected the totals.");
      return { window: measured.measured, totals: finished.finished, before, after };
    },
    stop: () => stopProcess(child),
  };
}

async function* messagesOf(child: ChildProcess): AsyncGenerator<FromLoad> {
  const waiting: FromLoad[] = [];
  let wake = () => {};
  let exited = false;
  child.on("message", (message) => {
    waiting.push(message as FromLoad);
    wake();
  });
  child.on("exit", () => {
    exited = true;
    wake();
  });
  while (true) {
    const message = waiting.shift();
    if (message !== undefined) yield message;
    else if (exited) return;
    else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}
