const LINES_SHOWN = 5;

/** The first lines in which a generated file differs from what it should be, or undefined where it does not. */
export function describeDifference(was: string, shouldBe: string): string | undefined {
  if (was === shouldBe) return undefined;
  const [old, now] = [was.split("\n"), shouldBe.split("\n")];
  const first = now.findIndex((line, index) => line !== old[index]);
  const start = first < 0 ? now.length : first;
  const excerpt = (mark: string, lines: string[]) =>
    lines.slice(start, start + LINES_SHOWN).map((line) => `${mark} ${line}`);
  return [
    `From line ${start + 1} it has (-) where it should have (+):`,
    ...excerpt("-", old),
    ...excerpt("+", now),
  ].join("\n");
}
