import type { Work } from "../shared/counters.ts";
import { markdown, median, ratio, sum } from "../shared/report.ts";
import type { GrowthResult } from "./growth.ts";
import type { QueryRun } from "./queries.ts";
import type { SavesResult } from "./saves.ts";
import type { Sizes } from "./sizes.ts";
import type { Variant } from "./variants.ts";

const MEBIBYTE = 1024 * 1024;
const MANAGERS = ["Heap", "Btree", "BRIN"];

export function savesTable(results: readonly SavesResult[]): string {
  const [base] = results as [SavesResult];
  return table(
    "Saves to full tables",
    ["speed, durable", "speed, asynchronous commit", ...WORK_HEADER],
    results.map(({ variant, durable, asynchronous }) => ({
      variant,
      cells: [
        ratio(speedAgainst(base.durable, durable)),
        ratio(speedAgainst(base.asynchronous, asynchronous)),
        ...workCells([...durable, ...asynchronous]),
      ],
    })),
  );
}

export function sizeTable(results: readonly SavesResult[]): string {
  const columns: (keyof Sizes)[] = ["table", "toast", "indexes", "lastSavedIndex"];
  return table(
    "Sizes of the full tables before the saves, and their growth, in MiB",
    ["table", "TOAST", "all indexes", "index on last_saved_at"],
    results.map(({ variant, before, after }) => ({
      variant,
      cells: columns.map((column) => `${mebibytes(before[column])} +${mebibytes(after[column] - before[column])}`),
    })),
  );
}

export function growthTable(results: readonly GrowthResult[]): string {
  const [base] = results as [GrowthResult];
  return table(
    "Tables that grew save by save",
    ["speed", ...WORK_HEADER, "vacuums", "table, MiB", "TOAST, MiB", "all indexes, MiB"],
    results.map(({ variant, turns, vacuums, after }) => ({
      variant,
      cells: [
        ratio(speedAgainst(base.turns, turns)),
        ...workCells(turns),
        String(vacuums),
        mebibytes(after.table),
        mebibytes(after.toast),
        mebibytes(after.indexes),
      ],
    })),
  );
}

export function queryTable(title: string, runs: readonly QueryRun[]): string {
  const header = ["query", "index", "rows", "pages", "time", "scan"];
  const rows = runs.map(({ query, variant, milliseconds, pages, rows, plan }) => {
    const base = runs.find((run) => run.query === query) ?? { milliseconds };
    return [query, variant.name, String(rows), String(pages), ratio(milliseconds / base.milliseconds), plan];
  });
  return markdown(title, header, rows);
}

const WORK_HEADER = ["HOT", "WAL per save", ...MANAGERS.map((manager) => `${manager} WAL`), "page images per save"];

function workCells(work: readonly Work[]): string[] {
  const statements = sum(work.map((each) => each.statements));
  const perStatement = (bytes: readonly number[]) => `${(sum(bytes) / statements).toFixed(0)} B`;
  return [
    `${((100 * sum(work.map(({ hotUpdates }) => hotUpdates))) / sum(work.map(({ updates }) => updates))).toFixed(0)} %`,
    perStatement(work.flatMap(({ wal }) => Object.values(wal))),
    ...MANAGERS.map((manager) => perStatement(work.map(({ wal }) => wal[manager] ?? 0))),
    perStatement(work.map(({ fullPageBytes }) => fullPageBytes)),
  ];
}

/** The median speed relative to the base, compared turn by turn. */
function speedAgainst(base: readonly Work[], own: readonly Work[]): number {
  const speeds = (list: readonly Work[]) => list.map(({ statements, seconds }) => statements / seconds);
  const baseSpeeds = speeds(base);
  return median(speeds(own).map((speed, round) => speed / (baseSpeeds[round] ?? Number.NaN)));
}

function table(
  title: string,
  header: readonly string[],
  rows: readonly { readonly variant: Variant; readonly cells: readonly string[] }[],
): string {
  return markdown(
    title,
    ["index", "fillfactor", ...header],
    rows.map(({ variant, cells }) => [variant.name, String(variant.fillfactor), ...cells]),
  );
}

const mebibytes = (bytes: number) => (bytes / MEBIBYTE).toFixed(1);
