const LINES_SHOWN = 5;

/** The first lines that differ between the present and the expected content, or undefined if both are equal. */
export function describeDifference(present: string, expected: string): string | undefined {
  if (present === expected) return undefined;
  const [old, now] = [present.split("\n"), expected.split("\n")];
  const first = now.findIndex((line, index) => line !== old[index]);
  const start = first < 0 ? now.length : first;
  const excerpt = (mark: string, lines: string[]) =>
    lines.slice(start, start + LINES_SHOWN).map((line) => `${mark} ${line}`);
  return [`From line ${start + 1} on, present (-) and expected (+):`, ...excerpt("-", old), ...excerpt("+", now)].join(
    "\n",
  );
}
