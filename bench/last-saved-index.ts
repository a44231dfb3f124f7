/**
 * Measures how the type of the index on `last_saved_at` and the table's fillfactor affect saves and queries. Prints
 * Markdown, and its progress to standard error.
 *
 *   node bench/last-saved-index.ts [--rows 1000000] [--state-bytes 2000] [--rounds 9] [--saves 3000] [--sessions 8000]
 *
 * Uses a temporary PostgreSQL in the system's temporary folder (or TMPDIR). A million rows need about 40 GB of disk.
 */
import { parseArgs } from "node:util";
import { measureGrowth } from "./last-saved-index/growth.ts";
import { measureQueries } from "./last-saved-index/queries.ts";
import { growthTable, queryTable, savesTable, sizeTable } from "./last-saved-index/report.ts";
import { measureSaves } from "./last-saved-index/saves.ts";
import { prepareTemplate } from "./last-saved-index/template.ts";
import { buildVariants } from "./last-saved-index/variants.ts";
import { withBenchCluster } from "./shared/cluster.ts";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    "state-bytes": { type: "string", default: "2000" },
    rounds: { type: "string", default: "9" },
    saves: { type: "string", default: "3000" },
    sessions: { type: "string", default: "8000" },
  },
});
const options = {
  rows: count("rows"),
  stateBytes: count("state-bytes"),
  rounds: count("rounds"),
  savesPerTurn: count("saves"),
  sessions: count("sessions"),
};

const started = Date.now();
await withBenchCluster(async (cluster) => {
  await cluster.withoutFsync(async () => {
    await prepareTemplate(cluster, options);
    await buildVariants(cluster, options, progress);
  });
  const saves = await measureSaves(cluster, options, progress);
  const growth = await measureGrowth(cluster, options, progress);
  const queries = await measureQueries(cluster, options, progress);

  console.log(`${await cluster.version()}, ${options.rows} rows, states of about ${options.stateBytes} bytes`);
  console.log(savesTable(saves));
  console.log(sizeTable(saves));
  console.log(growthTable(growth));
  for (const { title, runs } of queries) console.log(queryTable(title, runs));
});
progress("done");

function progress(line: string): void {
  console.error(`${String(Math.round((Date.now() - started) / 1000)).padStart(5)} s  ${line}`);
}

function count(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error(`--${name}: ${values[name]} is not a positive integer.`);
  process.exit(2);
}
