import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { sum } from "./report.ts";

// The unit of the times in /proc, the same on every Linux: sysconf(_SC_CLK_TCK).
const TICKS_PER_SECOND = 100;

interface ProcessStat {
  readonly parent: number;
  /** CPU seconds of the process, all threads included. */
  readonly cpu: number;
  /** CPU seconds of its children that have exited. */
  readonly cpuOfExited: number;
}

/** CPU seconds that a process has used. */
export function cpuSeconds(pid: number): number {
  return statOf(pid)?.cpu ?? 0;
}

/** CPU seconds of a PostgreSQL server: the postmaster, its present children, and those that have exited. */
export function postgresCpuSeconds(postmaster: number): number {
  const children = processIds()
    .map(statOf)
    .filter((stat) => stat?.parent === postmaster);
  const own = statOf(postmaster);
  return sum(children.map((stat) => stat?.cpu ?? 0)) + (own?.cpu ?? 0) + (own?.cpuOfExited ?? 0);
}

/** Sends SIGTERM, and waits for the exit. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}

export function parentOf(pid: number): number {
  const parent = statOf(pid)?.parent;
  if (parent === undefined) throw new Error(`There is no /proc/${pid}/stat: this benchmark needs Linux.`);
  return parent;
}

/** The resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}

function processIds(): number[] {
  return readdirSync("/proc").map(Number).filter(Number.isInteger);
}

/** Reads https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; undefined if there is no such process. */
function statOf(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The program's name may contain spaces and brackets. Field 3, the state, follows the last bracket.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const seconds = (...numbers: number[]) => sum(numbers.map((number) => Number(fields[number - 3]))) / TICKS_PER_SECOND;
  return { parent: Number(fields[1]), cpu: seconds(14, 15), cpuOfExited: seconds(16, 17) };
}
