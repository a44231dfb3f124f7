import { markdown, median } from "../shared/report.ts";
import type { Visit, Visits } from "./measure.ts";

export function visitsTable({ first, again }: Visits): string {
  const header = [
    "visit",
    "usable after",
    "fastest, slowest",
    "requests",
    "page",
    "scripts",
    "styles",
    "answers",
    "in all",
  ];
  return markdown("Time until the first field is editable", header, [row("first", first), row("again", again)]);
}

function row(name: string, visits: readonly Visit[]): string[] {
  const times = visits.map(({ untilUsable }) => untilUsable);
  const sent = (of: (visit: Visit) => number) => kilobytes(median(visits.map(of)));
  return [
    name,
    `${median(times).toFixed(0)} ms`,
    `${Math.min(...times).toFixed(0)} ms, ${Math.max(...times).toFixed(0)} ms`,
    String(median(visits.map(({ requests }) => requests))),
    sent((visit) => visit.sent.page),
    sent((visit) => visit.sent.scripts),
    sent((visit) => visit.sent.styles),
    sent((visit) => visit.sent.answers),
    sent((visit) => Object.values(visit.sent).reduce((total, bytes) => total + bytes, 0)),
  ];
}

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
