const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** Formats 5400 as "1 h 30 min", with the two largest units. */
export function formatDuration(seconds: number): string {
  let remaining = Math.round(seconds);
  const parts = UNITS.flatMap(([unit, length]) => {
    const count = Math.floor(remaining / length);
    remaining -= count * length;
    return [{ unit, count }];
  });
  const first = parts.findIndex(({ count }) => count > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(({ count }) => count > 0)
    .map(({ unit, count }) => `${count} ${unit}`)
    .join(" ");
}
