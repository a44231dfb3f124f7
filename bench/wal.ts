/**
 * Measures the write-ahead log of a save when its pages are cold, that is, changed for the first time since a checkpoint:
 * with random ids and with ids that begin with the time, with each compression of page images that PostgreSQL offers, and
 * with and without the index of save keys. Prints Markdown, and its progress to standard error.
 *
 *   node bench/wal.ts [--sessions 100000] [--saves 1000] [--rounds 3] [--programs FOLDER] [--write]
 *
 * Uses a temporary PostgreSQL in the system's temporary folder (or TMPDIR); `--programs` names the folder of another
 * PostgreSQL's programs. Takes four minutes and 5 GB of disk. `--write` puts the table into docs/performance.md.
 */
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { withBenchCluster } from "./shared/cluster.ts";
import { replaceBetween } from "./shared/report.ts";
import { measureWal } from "./wal/measure.ts";
import { walTable } from "./wal/report.ts";

const DOCUMENT = new URL("../docs/performance.md", import.meta.url);
const MARKERS = { start: "<!-- wal:start -->", end: "<!-- wal:end -->" };

const { values } = parseArgs({
  options: {
    sessions: { type: "string", default: "100000" },
    saves: { type: "string", default: "1000" },
    rounds: { type: "string", default: "3" },
    programs: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const options = { sessions: number("sessions"), saves: number("saves"), rounds: number("rounds") };

const started = Date.now();
await withBenchCluster(
  async (cluster) => {
    const results = await measureWal(cluster, options, progress);
    const { sessions, saves, rounds } = options;
    const text =
      `${await cluster.version()}, ${sessions.toLocaleString("en")} sessions with 6 revisions each, ` +
      `${saves.toLocaleString("en")} saves after each checkpoint, medians of ${rounds} rounds.\n${walTable(results)}`;
    console.log(text);
    if (values.write) await writeFile(DOCUMENT, replaceBetween(await readFile(DOCUMENT, "utf8"), MARKERS, text));
  },
  { programs: values.programs },
);
progress("done");

function progress(line: string): void {
  console.error(`${String(Math.round((Date.now() - started) / 1000)).padStart(5)} s  ${line}`);
}

function number(name: "sessions" | "saves" | "rounds"): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error(`--${name}: ${values[name]} is not a positive integer.`);
  process.exit(2);
}
