/**
 * Measures saves of Stagekeep and of other servers under load, on one PostgreSQL with durable commits. Prints Markdown, and
 * its progress to standard error. Needs Linux.
 *
 *   npm run bench                       everything, about 20 minutes; writes docs/performance.md
 *   npm run bench -- --quick            B, stock PostGraphile, update and save, in less than two minutes
 *   npm run bench -- --only b,save      these contestants; the keys are in performance/contestants.ts, and `start`
 *   npm run bench -- --name before      stores the raw results in results/before.json (default: latest.json)
 *   npm run bench -- --report           writes docs/performance.md again, from results/performance.json
 *
 * --rounds, --warm, --ramp and --seconds change the length. Only figures of the same run are comparable.
 */
import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chart } from "./performance/chart.ts";
import { CONTESTANTS, QUICK, STARTUP } from "./performance/contestants.ts";
import { measureContestants } from "./performance/measure.ts";
import { installPeers } from "./performance/peers.ts";
import { conditions, mediansOf, replaceGenerated, report } from "./performance/report.ts";
import type { Results, Start } from "./performance/results.ts";
import { measureStarts } from "./performance/startup.ts";
import { withBenchCluster } from "./shared/cluster.ts";

const DOCUMENTED = "performance";
const DOCUMENT = new URL("../docs/performance.md", import.meta.url);
const CHART = new URL("../docs/images/performance.svg", import.meta.url);
const [USERS, CONNECTIONS, STATE_BYTES, STARTS] = [1000, 32, 2000, 5];

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    name: { type: "string" },
    report: { type: "boolean", default: false },
    rounds: { type: "string" },
    warm: { type: "string" },
    ramp: { type: "string" },
    seconds: { type: "string" },
  },
});
const rounds = number("rounds", values.quick ? 3 : 5);
const warmSeconds = number("warm", values.quick ? 3 : 8);
const turn = { rampSeconds: number("ramp", values.quick ? 1 : 2), seconds: number("seconds", values.quick ? 4 : 8) };
const keys = [...CONTESTANTS.map(({ key }) => key), STARTUP];
const chosen = values.only?.split(",") ?? (values.quick ? QUICK : keys);
const unknown = chosen.filter((key) => !keys.includes(key));
if (unknown.length > 0) fail(`--only: ${unknown.join(", ")} is not one of ${keys.join(", ")}.`);
const isComplete = !values.quick && values.only === undefined;
const name = values.name ?? (isComplete ? DOCUMENTED : "latest");
if (name === DOCUMENTED && !isComplete) fail(`--name: ${DOCUMENTED} is only for runs of everything.`);

const resultsFile = (of: string) => new URL(`results/${of}.json`, import.meta.url);
const started = Date.now();

if (values.report) {
  await writeDocument(JSON.parse(await readFile(resultsFile(DOCUMENTED), "utf8")));
} else {
  await installPeers(progress);
  const results = await measure();
  await writeFile(resultsFile(name), `${JSON.stringify(results, undefined, 2)}\n`);
  console.log(`${conditions(results)}\n\n${report(results)}`);
  if (name === DOCUMENTED) await writeDocument(results);
}

async function measure(): Promise<Results> {
  const folder = await mkdtemp(join(tmpdir(), "stagekeep-bench-"));
  await chmod(folder, 0o755);
  try {
    let measured: Pick<Results, "contestants" | "versions"> | undefined;
    await withBenchCluster(
      async (cluster) => {
        const contestants = CONTESTANTS.filter(({ key }) => chosen.includes(key));
        measured = {
          contestants: await measureContestants(
            cluster,
            contestants,
            {
              ...{ users: USERS, stateBytes: STATE_BYTES, connections: CONNECTIONS },
              ...{ rounds, warmSeconds, turn, logFolder: folder },
            },
            progress,
          ),
          versions: { node: process.versions.node, postgres: await cluster.version() },
        };
      },
      // Every contestant has up to 20 connections.
      { settings: { max_connections: "400" } },
    );
    if (!measured) throw new Error("Nothing was measured.");
    const starts: Start[] | undefined = chosen.includes(STARTUP)
      ? await measureStarts(folder, STARTS, progress)
      : undefined;
    progress("done");
    return {
      date: new Date().toISOString(),
      commit: commit(),
      machine: {
        cpu: cpus()[0]?.model ?? "",
        cores: availableParallelism(),
        memoryGb: Math.round(totalmem() / 2 ** 30),
        kernel: release(),
      },
      options: {
        ...{ users: USERS, connections: CONNECTIONS, stateBytes: STATE_BYTES },
        ...{ rounds, warmSeconds, seconds: turn.seconds },
      },
      ...measured,
      starts,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeDocument(results: Results): Promise<void> {
  await writeFile(CHART, chart(mediansOf(results)));
  const text = [
    conditions(results),
    "![Saves per second relative to B, and CPU seconds per 1,000 saves](images/performance.svg)",
    report(results),
  ].join("\n\n");
  await writeFile(DOCUMENT, replaceGenerated(await readFile(DOCUMENT, "utf8"), text));
}

function commit(): string {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: import.meta.dirname, encoding: "utf8" }).trim();
  return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") === "" ? "" : "+");
}

function progress(line: string): void {
  console.error(`${String(Math.round((Date.now() - started) / 1000)).padStart(5)} s  ${line}`);
}

function number(option: "rounds" | "warm" | "ramp" | "seconds", byDefault: number): number {
  const value = Number(values[option] ?? byDefault);
  return value > 0 ? value : fail(`--${option}: ${values[option]} is not a positive number.`);
}

function fail(why: string): never {
  console.error(why);
  process.exit(2);
}
