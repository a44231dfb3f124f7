import type { Work } from "../shared/counters.ts";
import { markdown, median, ratio, sum } from "../shared/report.ts";
import type { RecordingResult } from "./measure.ts";

export function savesTable(results: readonly RecordingResult[]): string {
  const header = [
    "state",
    "save by",
    "WAL per save",
    "relative to no history",
    "HOT",
    "time per save",
    "relative to no history",
  ];
  const rows = results.map(({ bytes, variant, turns }) => {
    const base = results.find((other) => other.bytes === bytes)?.turns ?? turns;
    const updates = sum(turns.map((turn) => turn.updates));
    return [
      kilobytes(bytes, 0),
      variant.name,
      `${walOf(turns).toFixed(0)} B`,
      `${(walOf(turns) - walOf(base)).toFixed(0)} B, ${ratio(walOf(turns) / walOf(base))}`,
      `${((100 * sum(turns.map(({ hotUpdates }) => hotUpdates))) / updates).toFixed(0)} %`,
      milliseconds(median(turns.map(timeOf))),
      // Per turn, because the speed of the machine varies.
      ratio(median(turns.map((turn, place) => timeOf(turn) / timeOf(base[place] ?? turn)))),
    ];
  });
  return markdown("Saves, without full page images", header, rows);
}

export function historyTable(results: readonly RecordingResult[]): string {
  const header = [
    "state",
    "saved by",
    "space per save",
    "per session",
    "read a checkpoint",
    "read the farthest revision",
  ];
  const rows = results.flatMap(({ bytes, variant, savesPerSession, historyBytes, reads }) => {
    if (!reads) return [];
    const [whole, folded] = [median(reads.whole), median(reads.folded)];
    return [
      [
        kilobytes(bytes, 0),
        variant.name,
        kilobytes(historyBytes / savesPerSession, 2),
        kilobytes(historyBytes, 0),
        milliseconds(whole),
        `${milliseconds(folded)}, ${ratio(folded / whole)}`,
      ],
    ];
  });
  return markdown("The resulting history", header, rows);
}

function walOf(turns: readonly Work[]): number {
  return sum(turns.flatMap(({ wal }) => Object.values(wal))) / sum(turns.map(({ statements }) => statements));
}

const timeOf = ({ seconds, statements }: Work) => seconds / statements;
const milliseconds = (seconds: number) => `${(1000 * seconds).toFixed(2)} ms`;
const kilobytes = (bytes: number, digits: number) => `${(bytes / 1000).toFixed(digits)} KB`;
