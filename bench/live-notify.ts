/**
 * Measures how much notifying other tabs slows saves down, and the latency until the other tab has the event. Prints
 * Markdown, and its progress to standard error.
 *
 *   node bench/live-notify.ts [--writers 16] [--rounds 7] [--seconds 3] [--saves 300]
 *
 * Uses a temporary PostgreSQL with durable commits, in the system's temporary folder (or TMPDIR). Only figures of the same
 * run are comparable.
 */
import { parseArgs } from "node:util";
import { type Latency, measureLatency } from "./live-notify/latency.ts";
import { measureWriters, type Speeds } from "./live-notify/writers.ts";
import { TEMPLATE, withBenchCluster } from "./shared/cluster.ts";
import { median } from "./shared/report.ts";

const { values } = parseArgs({
  options: {
    writers: { type: "string", default: "16" },
    rounds: { type: "string", default: "7" },
    seconds: { type: "string", default: "3" },
    saves: { type: "string", default: "300" },
  },
});

await withBenchCluster(async (cluster) => {
  const latency = await measureLatency(cluster, TEMPLATE, Number(values.saves));
  const speeds = await measureWriters(
    cluster,
    {
      database: TEMPLATE,
      writers: Number(values.writers),
      rounds: Number(values.rounds),
      seconds: Number(values.seconds),
    },
    (line) => console.error(line),
  );
  console.log(`${await cluster.version()}, ${values.writers} writers, durable commits\n`);
  console.log(speedsTable(speeds));
  console.log(latencyTable(latency));
});

function speedsTable(results: readonly Speeds[]): string {
  const base = results[0]?.speeds ?? [];
  const lines = results.map(({ variant, speeds }) => {
    const ratios = speeds.map((speed, round) => speed / (base[round] ?? Number.NaN));
    const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
    return `| ${variant.name} | ${Math.round(median(speeds))} | ${median(ratios).toFixed(2)} | ${range} |`;
  });
  return `| | saves per second | relative to no notify | range |\n| --- | --- | --- | --- |\n${lines.join("\n")}\n`;
}

function latencyTable({ fromAnswer, fromSending }: Latency): string {
  const line = (name: string, times: readonly number[]) => {
    const sorted = times.toSorted((a, b) => a - b);
    const at = (part: number) => (sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN).toFixed(1);
    return `| ${name} | ${at(0.5)} | ${at(0.95)} | ${at(1)} |`;
  };
  return [
    "| ms to the other tab's event | median | 95th percentile | maximum |",
    "| --- | --- | --- | --- |",
    line("from the mutation's answer", fromAnswer),
    line("from sending it", fromSending),
  ].join("\n");
}
