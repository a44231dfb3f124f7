import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll } from "@jest/globals";
import { PROJECT_ROOT } from "../server/database/migrate.ts";
import { ENV_VARIABLES } from "../server/env.ts";
import { until } from "./until.ts";

type Settings = Readonly<Record<string, string>>;

export interface Ending {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program, started in the project's root as the leader of a process group. */
export interface Program {
  readonly pid: number;
  /** Waits until standard output matches, and returns the match. Throws if the program exits first. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Signals the process group, as a terminal does. */
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<Ending>;
}

export interface Programs {
  start(command: readonly [string, ...string[]], settings?: Settings): Program;
  /** Runs a program and waits for its exit. */
  run(command: readonly [string, ...string[]], settings?: Settings): Promise<Ending>;
  /** Creates an empty folder that every user can access. */
  folder(): Promise<string>;
}

/** Provides programs and folders to a test file (call it at the top level), and removes them after its tests. */
export function usePrograms(): Programs {
  const programs: Program[] = [];
  const folders: string[] = [];
  afterAll(async () => {
    for (const program of programs) program.signal("SIGKILL");
    for (const pid of await postgresIn(...folders)) signalIfThere(pid, "SIGQUIT");
    await until(async () => (await postgresIn(...folders)).length === 0, "exit of the remaining PostgreSQL servers");
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  });

  const start: Programs["start"] = ([command, ...args], settings = {}) => {
    const child = spawn(command, args, {
      cwd: PROJECT_ROOT,
      env: environment(settings),
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const program = follow(child);
    programs.push(program);
    return program;
  };
  return {
    start,
    run: (command, settings) => start(command, settings).ended,
    folder: async () => {
      const folder = await mkdtemp(join(tmpdir(), "stagekeep-test-"));
      folders.push(folder);
      await chmod(folder, 0o755);
      return folder;
    },
  };
}

/** The process ids of the PostgreSQL servers with data in these folders. */
export async function postgresIn(...folders: string[]): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-ww", "-o", "pid=,args="]);
  const lines = stdout.split("\n").filter((line) => folders.some((folder) => line.includes(`postgres -D ${folder}/`)));
  return lines.map((line) => Number.parseInt(line, 10));
}

/** Whether a process group has a running process. */
export function isGroupRunning(pid: number): boolean {
  return signalIfThere(-pid, 0);
}

// Without the settings of the shell. An empty variable counts as absent, and prevents Node from reading it from `.env`.
function environment(settings: Settings): NodeJS.ProcessEnv {
  const unset = Object.fromEntries(ENV_VARIABLES.map((name) => [name, ""]));
  // Turns off warnings about npm settings and new versions.
  const quiet = { NPM_CONFIG_LOGLEVEL: "error", NPM_CONFIG_UPDATE_NOTIFIER: "false" };
  return { PATH: process.env.PATH, HOME: process.env.HOME, ...quiet, ...unset, ...settings };
}

function follow(child: ChildProcess): Program {
  const { pid } = child;
  if (pid === undefined) throw new Error("The program could not be started.");
  let [stdout, stderr, exited] = ["", "", false];
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, "close").then(([code]): Ending => {
    exited = true;
    return { code, stdout, stderr };
  });
  return {
    pid,
    ended,
    signal: (name) => {
      // After the exit, another process may have this id.
      if (!exited) signalIfThere(-pid, name);
    },
    printed: (pattern) =>
      until(() => {
        const match = pattern.exec(stdout);
        if (!match && exited) throw new Error(`The program exited without printing ${pattern}:\n${stdout}${stderr}`);
        return match;
      }, `output that matches ${pattern}`),
  };
}

function signalIfThere(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}
