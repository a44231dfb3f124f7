/**
 * Measures what the kind of the index on `last_saved_at`, and the table's fillfactor, cost each save and give each
 * query. Prints Markdown; the progress goes to standard error.
 *
 *   node bench/last-saved-index.ts [--rows 1000000] [--state-bytes 2000] [--rounds 9] [--saves 3000] [--lives 8000]
 *
 * It makes a throw-away PostgreSQL in the system's temporary folder (TMPDIR names another one) and removes it at the
 * end. A million rows take about 40 GB of disk there while it runs.
 */
import { parseArgs } from "node:util";
import { measureLives } from "./last-saved-index/lives.ts";
import { measureQueries } from "./last-saved-index/queries.ts";
import { livesTable, queryTable, savesTable, sizeTable } from "./last-saved-index/report.ts";
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
    lives: { type: "string", default: "8000" },
  },
});
const options = {
  rows: count("rows"),
  stateBytes: count("state-bytes"),
  rounds: count("rounds"),
  savesPerTurn: count("saves"),
  lives: count("lives"),
};

const started = Date.now();
await withBenchCluster(async (cluster) => {
  await cluster.withoutFsync(async () => {
    await prepareTemplate(cluster, options);
    await buildVariants(cluster, options, progress);
  });
  const saves = await measureSaves(cluster, options, progress);
  const lives = await measureLives(cluster, options, progress);
  const queries = await measureQueries(cluster, options, progress);

  console.log(`${await cluster.version()}, ${options.rows} rows, states of ${options.stateBytes} bytes more or less`);
  console.log(savesTable(saves));
  console.log(sizeTable(saves));
  console.log(livesTable(lives));
  for (const { title, runs } of queries) console.log(queryTable(title, runs));
});
progress("done");

function progress(line: string): void {
  console.error(`${String(Math.round((Date.now() - started) / 1000)).padStart(5)} s  ${line}`);
}

function count(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error(`--${name}: ${values[name]} is no whole number above 0.`);
  process.exit(2);
}
