import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PROJECT_ROOT } from "../../server/database/migrate.ts";
import { ENV_VARIABLES } from "../../server/env.ts";
import { stopProcess } from "../shared/processes.ts";
import { JWT_SECRET } from "./databases.ts";

export interface Server {
  readonly pid: number;
  readonly url: string;
  /** Seconds until the first answer. */
  readonly startSeconds: number;
  stop(): Promise<void>;
}

export interface Program {
  /** Relative to the project's root. */
  readonly file: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Its output goes to a file in this folder, as a service's does. */
  readonly logFolder: string;
}

export const OUR_SERVER = "server/main.ts";
const START_TIMEOUT_MS = 120_000;
const POLL_EVERY_MS = 10;

/** Starts a server as in production, in a process of its own, and waits for its first answer. */
export async function startServer({ file, settings, logFolder }: Program): Promise<Server> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const log = join(logFolder, `${port}.log`);
  const output = openSync(log, "a");
  // An empty variable prevents Node from reading it from `.env`.
  const unset = Object.fromEntries(ENV_VARIABLES.map((name) => [name, ""]));
  const started = performance.now();
  const child = spawn(process.execPath, [join(PROJECT_ROOT, file)], {
    cwd: PROJECT_ROOT,
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, ...unset },
      ...{ NODE_ENV: "production", GRAPHILE_ENV: "production", PORT: String(port), JWT_SECRET },
      ...settings,
    },
    stdio: ["ignore", output, output],
  });
  const stop = () => stopProcess(child);
  try {
    while (!(await answers(url))) {
      if (child.exitCode !== null) throw new Error(`${file} exited:\n${readFileSync(log, "utf8").slice(-2000)}`);
      if (performance.now() - started > START_TIMEOUT_MS) throw new Error(`${file} does not answer.`);
      await sleep(POLL_EVERY_MS);
    }
    return { pid: child.pid as number, url, startSeconds: (performance.now() - started) / 1000, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Whether the server answers, with any status: the peers have no health check. */
async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(`${url}/readyz`)).text();
    return true;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
