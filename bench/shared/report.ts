export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1);
  return sum(middle) / middle.length;
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

export function markdown(title: string, header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [`\n## ${title}\n`, line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Formats a value relative to the base. */
export const ratio = (value: number) => `× ${value >= 100 ? value.toFixed(0) : value.toPrecision(value < 1 ? 2 : 3)}`;

/** The value that the given part of the numbers does not exceed. */
export function percentile(numbers: readonly number[], part: number): number {
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN;
}

/** The comments of a document between which a script writes. */
export interface Markers {
  readonly start: string;
  readonly end: string;
}

/** Replaces the text between the markers of a document. */
export function replaceBetween(document: string, { start, end }: Markers, text: string): string {
  const [from, to] = [document.indexOf(start), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The document needs the lines ${start} and ${end}.`);
  return `${document.slice(0, from)}${start}\n\n${text}\n\n${document.slice(to)}`;
}
