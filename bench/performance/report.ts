import { median, replaceBetween } from "../shared/report.ts";
import { BASE, CONTESTANTS, type Contestant, isRead, UNWATCHED } from "./contestants.ts";
import type { ContestantResult, Results, Round } from "./results.ts";

/** A contestant's medians over all rounds. */
export interface Medians {
  readonly contestant: Contestant;
  readonly perSecond: number;
  /** Relative to the base in the same round; undefined if the base was not measured. */
  readonly ratio: number | undefined;
  /** The ratios of all rounds, the smallest first. A wide range means that other programs used the machine. */
  readonly ratios: readonly number[];
  readonly p50: number;
  readonly p99: number;
  /** CPU seconds per 1,000 answers. */
  readonly serverCpu: number;
  readonly postgresCpu: number;
  readonly walBytes: number;
  readonly residentBytes: number;
  readonly eventsPerSave: number | undefined;
}

export function mediansOf(results: Results): Medians[] {
  const base = results.contestants.find(({ key }) => key === BASE);
  return results.contestants.flatMap((result) => {
    const contestant = CONTESTANTS.find(({ key }) => key === result.key);
    if (!contestant) return [];
    const { rounds } = result;
    const ratios = base ? ratiosOf(result, base).toSorted((a, b) => a - b) : [];
    const per = (read: (round: Round) => number) => median(rounds.map(read));
    return {
      contestant,
      perSecond: per(speed),
      ratio: base && median(ratios),
      ratios,
      p50: per(({ p50 }) => p50),
      p99: per(({ p99 }) => p99),
      serverCpu: per(({ serverCpuSeconds, answers }) => (1000 * serverCpuSeconds) / answers),
      postgresCpu: per(({ postgresCpuSeconds, answers }) => (1000 * postgresCpuSeconds) / answers),
      walBytes: per(({ walBytes, answers }) => walBytes / answers),
      residentBytes: per(({ residentBytes }) => residentBytes),
      eventsPerSave: contestant.watched ? per(({ eventsPerSave = 0 }) => eventsPerSave) : undefined,
    };
  });
}

/** The speed relative to the base in the same rounds, so that a slow minute of the machine affects both. */
export function ratiosOf(result: ContestantResult, base: ContestantResult): number[] {
  return result.rounds.map((round, index) => speed(round) / speed(base.rounds[index] as Round));
}

const speed = ({ answers, seconds }: Round) => answers / seconds;

/** The results as Markdown: tables, and the comparison of watched with unwatched saves. */
export function report(results: Results): string {
  const all = mediansOf(results);
  const saves = all.filter(({ contestant }) => !isRead(contestant));
  const reads = all.filter(({ contestant }) => isRead(contestant));
  return [
    ...(saves.length > 0 ? [table(saves, SAVE_COLUMNS)] : []),
    ...watchedLine(results, saves),
    ...(reads.length > 0 ? [table(reads, READ_COLUMNS)] : []),
    ...startLine(results),
  ].join("\n\n");
}

type Column = readonly [title: string, cell: (row: Medians) => string];

const NAME: Column = ["", ({ contestant }) => contestant.name];
const COST: readonly Column[] = [
  ["p50 ms", ({ p50 }) => p50.toFixed(0)],
  ["p99 ms", ({ p99 }) => p99.toFixed(0)],
  ["server CPU s/1000", ({ serverCpu }) => serverCpu.toFixed(2)],
  ["PostgreSQL CPU s/1000", ({ postgresCpu }) => postgresCpu.toFixed(2)],
];
const MEMORY: Column = ["memory MB", ({ residentBytes }) => (residentBytes / 1e6).toFixed(0)];
const SAVE_COLUMNS: readonly Column[] = [
  NAME,
  ["÷ B", ({ ratio }) => ratio?.toFixed(2) ?? ""],
  ["range", ({ ratios }) => (ratios.length > 0 ? `${ratios[0]?.toFixed(2)}–${ratios.at(-1)?.toFixed(2)}` : "")],
  ["saves/s", ({ perSecond }) => perSecond.toFixed(0)],
  ...COST,
  ["WAL bytes", ({ walBytes }) => walBytes.toFixed(0)],
  MEMORY,
];
const READ_COLUMNS: readonly Column[] = [NAME, ["reads/s", ({ perSecond }) => perSecond.toFixed(0)], ...COST, MEMORY];

function table(rows: readonly Medians[], columns: readonly Column[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const titles = columns.map(([title]) => title);
  const alignment = columns.map((column) => (column === NAME ? "---" : "--:"));
  return [titles, alignment, ...rows.map((row) => columns.map(([, cell]) => cell(row)))].map(line).join("\n");
}

function watchedLine(results: Results, saves: readonly Medians[]): string[] {
  const watched = saves.find(({ contestant }) => contestant.watched);
  const [result, unwatched] = [watched?.contestant.key, UNWATCHED].map((wanted) =>
    results.contestants.find(({ key }) => key === wanted),
  );
  if (!watched || !result || !unwatched) return [];
  const ratio = median(ratiosOf(result, unwatched)).toFixed(2);
  const events = watched.eventsPerSave?.toFixed(2);
  return [
    `Watched saves run at ${ratio} of the speed of unwatched ones. Subscribers received ${events} events per save.`,
  ];
}

function startLine({ starts = [] }: Results): string[] {
  if (starts.length === 0) return [];
  const seconds = median(starts.map((start) => start.seconds)).toFixed(1);
  const megabytes = (median(starts.map((start) => start.residentBytes)) / 1e6).toFixed(0);
  return [
    `Start-up: \`npm start\` on an existing embedded database answers after ${seconds} s, and has ${megabytes} MB at rest (medians of ${starts.length}).`,
  ];
}

/** The conditions of a run, in one paragraph. */
export function conditions({ date, commit, machine, versions, options }: Results): string {
  return [
    `Measured on ${date.slice(0, 10)} at commit ${commit}: ${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB,`,
    `Linux ${machine.kernel}, Node ${versions.node}, ${versions.postgres}.`,
    `${options.users} users, ${options.connections} connections, states of ${options.stateBytes / 1000} KB.`,
    `Medians of ${options.rounds} rounds of ${options.seconds} s, after ${options.warmSeconds} s of warm-up.`,
  ].join("\n");
}

const MARKERS = { start: "<!-- Generated by npm run bench -->", end: "<!-- End of the generated part -->" };

/** Replaces the part of docs/performance.md that `npm run bench` writes. */
export function replaceGenerated(document: string, text: string): string {
  return replaceBetween(document, MARKERS, text);
}
