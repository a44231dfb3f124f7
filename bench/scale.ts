/**
 * Measures the statements that read many sessions, on a database with many of them, and writes the section "Scale" of
 * docs/performance.md.
 *
 *   node bench/scale.ts [--sessions 300000] [--big-user 10000] [--label after]
 *   node bench/scale.ts --report        # only writes the section again
 *
 * Each session has ten revisions. The results are stored in bench/results/, one file per label and number of sessions; the
 * section shows all of them. Uses a temporary PostgreSQL in the system's temporary folder (or TMPDIR). 300,000 sessions take
 * 6 GB of disk and a few minutes.
 */
import { parseArgs } from "node:util";
import { measureScale } from "./scale/measure.ts";
import { storeResult, writeSection } from "./scale/report.ts";
import { withBenchCluster } from "./shared/cluster.ts";

const { values } = parseArgs({
  options: {
    sessions: { type: "string", default: "300000" },
    "big-user": { type: "string", default: "10000" },
    label: { type: "string", default: "after" },
    report: { type: "boolean", default: false },
  },
});
const started = Date.now();
const [sessions, bigUserSessions] = [Number(values.sessions), Number(values["big-user"])];

if (!values.report) {
  await withBenchCluster(async (cluster) => {
    await storeResult(values.label, await measureScale(cluster, { sessions, bigUserSessions }, progress));
  });
}
await writeSection();
progress("done");

function progress(line: string): void {
  console.error(`${String(Math.round((Date.now() - started) / 1000)).padStart(5)} s  ${line}`);
}
