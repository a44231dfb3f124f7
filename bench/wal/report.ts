import type { Work } from "../shared/counters.ts";
import { markdown, median, ratio, sum } from "../shared/report.ts";
import type { WalResult } from "./measure.ts";

/** One row per variant. The first one of each spread is its base. */
export function walTable(results: readonly WalResult[]): string {
  const header = ["saved sessions", "ids", "index of save keys", "wal_compression", "WAL per save", "relative", "time"];
  const rows = (["any", "newest"] as const).flatMap((spread) => {
    const group = results.filter((result) => result.spread === spread);
    return group.map(({ ids, keyIndex, compression, rounds }) => {
      const base = group[0]?.rounds ?? rounds;
      return [
        spread,
        ids,
        keyIndex ? "yes" : "no",
        compression,
        `${(median(rounds.map(bytesOf)) / 1000).toFixed(1)} KB`,
        ratio(median(rounds.map(bytesOf)) / median(base.map(bytesOf))),
        `${median(rounds.map(timeOf)).toFixed(2)} ms`,
      ];
    });
  });
  return markdown("", header, rows).replace(/^\n## \n/, "");
}

const bytesOf = ({ wal, fullPageBytes, statements }: Work) => (sum(Object.values(wal)) + fullPageBytes) / statements;
const timeOf = ({ seconds, statements }: Work) => (1000 * seconds) / statements;
