/**
 * Measures how much the history adds to each save in write-ahead log, disk space and time, when one field of a state is
 * saved repeatedly. Prints Markdown, and its progress to standard error. Words compress well, noise does not.
 *
 *   node bench/recording.ts [--sizes 2000,50000] [--text words|noise] [--rounds 9] [--saves 500]
 *
 * Uses a temporary PostgreSQL in the system's temporary folder (or TMPDIR). Takes a few minutes and 2 GB of disk.
 */
import { parseArgs } from "node:util";
import { measureRecording } from "./recording/measure.ts";
import { historyTable, savesTable } from "./recording/report.ts";
import { withBenchCluster } from "./shared/cluster.ts";

const { values } = parseArgs({
  options: {
    sizes: { type: "string", default: "2000,50000" },
    text: { type: "string", default: "words" },
    rounds: { type: "string", default: "9" },
    saves: { type: "string", default: "500" },
  },
});
const [rounds = 0] = numbers("rounds", 1);
const [savesPerRound = 0] = numbers("saves", 1);
const sizes = numbers("sizes");
const { text } = values;
if (text !== "words" && text !== "noise") fail(`--text: ${text} is not words or noise.`);

const started = Date.now();
await withBenchCluster(async (cluster) => {
  const results = await measureRecording(cluster, { sizes, text, rounds, savesPerRound }, progress);
  console.log(
    `${await cluster.version()}, ${rounds} sessions per row, each saved ${savesPerRound} times, filled with ${text}`,
  );
  console.log(savesTable(results));
  console.log(historyTable(results));
});
progress("done");

function progress(line: string): void {
  console.error(`${String(Math.round((Date.now() - started) / 1000)).padStart(5)} s  ${line}`);
}

function numbers(name: "sizes" | "rounds" | "saves", atMost = Number.POSITIVE_INFINITY): number[] {
  const given = values[name].split(",").map(Number);
  if (given.length <= atMost && given.every((value) => Number.isSafeInteger(value) && value > 0)) return given;
  return fail(
    `--${name}: ${values[name]} is not a ${atMost === 1 ? "positive integer" : "list of positive integers"}.`,
  );
}

function fail(why: string): never {
  console.error(why);
  process.exit(2);
}
