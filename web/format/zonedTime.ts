const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;
const WALL = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)$/;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The time zone of the browser. */
export function browserTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function isTimeZone(name: unknown): name is string {
  return typeof name === "string" && formatIn(name) !== undefined;
}

/** The local time in a time zone, as `2027-06-19T18:00`. Undefined if the value is not a date-time. */
export function wallTimeOf(iso: unknown, zone: string): string | undefined {
  if (typeof iso !== "string" || !ISO.test(iso)) return undefined;
  const time = Date.parse(iso);
  return Number.isNaN(time) ? undefined : wallAt(time, zone);
}

/**
 * Converts a local time to a date-time with its offset: `2027-06-19T18:00` to `2027-06-19T18:00:00+02:00`. When clocks go
 * forward, a skipped time is read with the earlier offset. When they go back, a repeated time is the first of the two.
 */
export function momentAt(wall: string, zone: string): string | undefined {
  if (!WALL.test(wall)) return undefined;
  const asUtc = Date.parse(`${wall}:00Z`);
  if (Number.isNaN(asUtc)) return undefined;
  // If the offsets a day before and a day after differ, the clocks change in between.
  const offsets = [offsetAt(asUtc - DAY, zone), offsetAt(asUtc + DAY, zone)];
  const matching = offsets.find((offset) => wallAt(asUtc - offset, zone) === wall);
  const offset = matching ?? offsets[0] ?? 0;
  return isoAt(asUtc - offset, zone);
}

/** Keeps the local time and moves it to another time zone. */
export function sameWallTimeIn(iso: unknown, from: string, to: string): string | undefined {
  const wall = wallTimeOf(iso, from);
  return wall === undefined ? undefined : momentAt(wall, to);
}

/** The offset of a time zone at a date-time: "UTC+02:00", or "UTC". */
export function offsetName(iso: string, zone: string): string {
  const offset = offsetAt(Date.parse(iso), zone);
  return offset === 0 ? "UTC" : `UTC${offsetText(offset)}`;
}

/** Formats "Saturday, 19 June 2027 at 18:00" in a time zone. Undefined if the value is not a date-time. */
export function formatMoment(iso: unknown, zone: string): string | undefined {
  if (wallTimeOf(iso, zone) === undefined) return undefined;
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short", timeZone: zone }).format(
    Date.parse(iso as string),
  );
}

/**
 * Formats "Saturday, 19 June 2027, 18:00 – 23:00", or both dates if they differ. Undefined if a value is not a date-time:
 * events of release 0.1.0 may have such times.
 */
export function formatSpan(start: unknown, end: unknown, zone: string): string | undefined {
  if (wallTimeOf(start, zone) === undefined || wallTimeOf(end, zone) === undefined) return undefined;
  const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short", timeZone: zone });
  return format.formatRange(Date.parse(start as string), Date.parse(end as string));
}

function isoAt(time: number, zone: string): string {
  const offset = offsetAt(time, zone);
  return `${new Date(time + offset).toISOString().slice(0, 19)}${offset === 0 ? "Z" : offsetText(offset)}`;
}

function wallAt(time: number, zone: string): string {
  return new Date(time + offsetAt(time, zone)).toISOString().slice(0, 16);
}

function offsetText(offset: number): string {
  const minutes = Math.abs(offset) / MINUTE;
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0"));
  return `${offset < 0 ? "-" : "+"}${hours}:${rest}`;
}

/** The offset from UTC in milliseconds, rounded to minutes: the offset of a date-time has no seconds. */
function offsetAt(time: number, zone: string): number {
  const parts = formatIn(zone)?.formatToParts(time) ?? [];
  const part = (type: string) => Number(parts.find((candidate) => candidate.type === type)?.value ?? 0);
  const shown = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"));
  return parts.length === 0 ? 0 : shown - Math.floor(time / MINUTE) * MINUTE;
}

const formats = new Map<string, Intl.DateTimeFormat | undefined>();

function formatIn(zone: string): Intl.DateTimeFormat | undefined {
  if (!formats.has(zone)) formats.set(zone, makeFormat(zone));
  return formats.get(zone);
}

function makeFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  const digits = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" } as const;
  try {
    return new Intl.DateTimeFormat("en-GB", { ...digits, timeZone, hourCycle: "h23" });
  } catch {
    return undefined;
  }
}
