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

/** A program that was started from the project's root, as the leader of a process group. */
export interface Program {
  readonly pid: number;
  /** Waits until standard output has it, and gives what matched; fails when the program ends first. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Signals the whole process group, as a terminal does. */
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<Ending>;
}

export interface Programs {
  start(command: readonly [string, ...string[]], settings?: Settings): Program;
  /** Starts it, and waits until it has ended. */
  run(command: readonly [string, ...string[]], settings?: Settings): Promise<Ending>;
  /** A new empty folder that anybody may enter. */
  folder(): Promise<string>;
}

/** Gives a test file (at its top level) programs and folders, none of which outlives it, however its tests end. */
export function usePrograms(): Programs {
  const programs: Program[] = [];
  const folders: string[] = [];
  afterAll(async () => {
    for (const program of programs) program.signal("SIGKILL");
    for (const pid of await postgresIn(...folders)) signalIfThere(pid, "SIGQUIT");
    await until(async () => (await postgresIn(...folders)).length === 0, "end of what was left running");
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

/** The PostgreSQL servers whose data is below one of those folders. */
export async function postgresIn(...folders: string[]): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-ww", "-o", "pid=,args="]);
  const lines = stdout.split("\n").filter((line) => folders.some((folder) => line.includes(`postgres -D ${folder}/`)));
  return lines.map((line) => Number.parseInt(line, 10));
}

/** Whether a process group has any process left. */
export function isGroupThere(pid: number): boolean {
  return signalIfThere(-pid, 0);
}

// Nothing of what the shell of whoever runs the tests has set. An empty variable counts as absent, and keeps Node from
// taking it from a file `.env`.
function environment(settings: Settings): NodeJS.ProcessEnv {
  const unset = Object.fromEntries(ENV_VARIABLES.map((name) => [name, ""]));
  // npm may have something to say about its settings, or about a newer npm.
  const quiet = { NPM_CONFIG_LOGLEVEL: "error", NPM_CONFIG_UPDATE_NOTIFIER: "false" };
  return { PATH: process.env.PATH, HOME: process.env.HOME, ...quiet, ...unset, ...settings };
}

function follow(child: ChildProcess): Program {
  const { pid } = child;
  if (pid === undefined) throw new Error("The program could not be started.");
  let [stdout, stderr, over] = ["", "", false];
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, "close").then(([code]): Ending => {
    over = true;
    return { code, stdout, stderr };
  });
  return {
    pid,
    ended,
    signal: (name) => {
      // Once it is over, its number may be somebody else's.
      if (!over) signalIfThere(-pid, name);
    },
    printed: (pattern) =>
      until(() => {
        const match = pattern.exec(stdout);
        if (!match && over) throw new Error(`It ended without printing ${pattern}:\n${stdout}${stderr}`);
        return match;
      }, `printing ${pattern}`),
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
