const PARTS = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-](?:0\d|1[0-5]):\d\d)$/;

/**
 * A date-time in microseconds since 1970, or undefined for any other value. PostgreSQL stores microseconds: in
 * milliseconds, two times could be equal here and different there.
 */
export function instantOf(value: unknown): bigint | undefined {
  if (typeof value !== "string") return undefined;
  const [, seconds = "", fraction = "", zone = ""] = PARTS.exec(value) ?? [];
  const milliseconds = Date.parse(seconds + zone);
  if (Number.isNaN(milliseconds) || !isCalendarDate(seconds)) return undefined;
  return BigInt(milliseconds) * 1000n + BigInt(fraction.padEnd(6, "0"));
}

// Date.parse reads 30 February as 2 March. PostgreSQL has no year 0.
function isCalendarDate(seconds: string): boolean {
  const date = seconds.slice(0, 10);
  const parsed = new Date(`${date}T00:00:00Z`);
  return !date.startsWith("0000") && !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date);
}
