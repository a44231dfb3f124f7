const PARTS = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-](?:0\d|1[0-5]):\d\d)$/;

// The years 1 to 9999 in UTC, as in the check constraints of `events`.
const FIRST = Date.parse("0001-01-01T00:00:00Z");
const LAST = Date.parse("9999-12-31T23:59:59Z");

/**
 * A date-time in microseconds since 1970, or undefined for any other value. PostgreSQL stores microseconds: in
 * milliseconds, two times could be equal here and different there.
 */
export function instantOf(value: unknown): bigint | undefined {
  if (typeof value !== "string") return undefined;
  const [, seconds = "", fraction = "", zone = ""] = PARTS.exec(value) ?? [];
  const milliseconds = Date.parse(seconds + zone);
  if (!(milliseconds >= FIRST && milliseconds <= LAST) || !isCalendarDate(seconds)) return undefined;
  return BigInt(milliseconds) * 1000n + BigInt(fraction.padEnd(6, "0"));
}

// Date.parse reads 30 February as 2 March. PostgreSQL does not read the year 0, which a time of the year 1 may have locally.
function isCalendarDate(seconds: string): boolean {
  const date = seconds.slice(0, 10);
  const parsed = new Date(`${date}T00:00:00Z`);
  return !date.startsWith("0000") && !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date);
}
