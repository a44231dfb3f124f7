/**
 * Measures what it costs each save that sessions have a history: write-ahead log, room and time, for a state whose one
 * field is saved again and again. Prints Markdown; the progress goes to standard error. Words can be compressed, noise
 * hardly.
 *
 *   node bench/recording.ts [--sizes 2000,50000] [--text words|noise] [--rounds 9] [--saves 500]
 *
 * It makes a throw-away PostgreSQL in the system's temporary folder (TMPDIR names another one) and removes it at the
 * end. It takes some minutes and two gigabytes of disk.
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
if (text !== "words" && text !== "noise") fail(`--text: ${text} is neither words nor noise.`);

const started = Date.now();
await withBenchCluster(async (cluster) => {
  const results = await measureRecording(cluster, { sizes, text, rounds, savesPerRound }, progress);
  console.log(
    `${await cluster.version()}, ${rounds} sessions a line, each saved ${savesPerRound} times, holding ${text}`,
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
  return fail(`--${name}: ${values[name]} is no ${atMost === 1 ? "whole number" : "list of whole numbers"} above 0.`);
}

function fail(why: string): never {
  console.error(why);
  process.exit(2);
}
