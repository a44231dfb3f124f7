const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;
const WALL = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::(\d\d(?:\.\d+)?))?$/;
const SECONDS = /T\d\d:\d\d:(\d\d(?:\.\d+)?)/;
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

/** The seconds of a date-time, as `30` or `30.5`. Empty for a whole minute. */
export function secondsOf(iso: unknown): string {
  const seconds = typeof iso === "string" ? (SECONDS.exec(iso)?.[1] ?? "") : "";
  return Number(seconds) === 0 ? "" : seconds;
}

/**
 * The date-times of a local time, with their offsets: `2027-06-19T18:00` gives `2027-06-19T18:00:00+02:00`. When clocks go
 * back, a local time happens twice; the earlier date-time is first. When they go forward, some local times do not exist.
 */
export function momentsAt(wall: string, zone: string): string[] {
  const [, minutes = "", seconds = "00"] = WALL.exec(wall) ?? [];
  const asUtc = Date.parse(`${minutes}:00Z`);
  if (Number.isNaN(asUtc)) return [];
  // If the offsets a day before and a day after differ, the clocks change in between.
  const offsets = new Set([offsetAt(asUtc - DAY, zone), offsetAt(asUtc + DAY, zone)]);
  return [...offsets]
    .map((offset) => asUtc - offset)
    .filter((time) => wallAt(time, zone) === minutes)
    .toSorted((one, other) => one - other)
    .map((time) => isoAt(time, zone, seconds));
}

/** Whether clocks skip a local time: it exists on other days, but not on this one. */
export function isSkipped(wall: unknown, zone: string): wall is string {
  return (
    typeof wall === "string" &&
    !Number.isNaN(Date.parse(WALL.exec(wall)?.[0] ?? "")) &&
    momentsAt(wall, zone).length === 0
  );
}

/**
 * The date-time of a local time. If the time happens twice, the one with the offset of `like`. A local time that clocks
 * skip is returned without an offset, because it is not a date-time. Undefined if the text is not a local time.
 */
export function localValue(wall: string, zone: string, like?: unknown): string | undefined {
  const moments = momentsAt(wall, zone);
  if (moments.length === 0) return isSkipped(wall, zone) ? wall : undefined;
  return moments.find((moment) => offsetOf(moment) === offsetOf(like)) ?? moments[0];
}

/** Keeps the local time, with its seconds, and moves it to another time zone. */
export function sameWallTimeIn(iso: unknown, from: string, to: string): string | undefined {
  if (isSkipped(iso, from)) return localValue(iso, to);
  const minutes = wallTimeOf(iso, from);
  if (minutes === undefined) return undefined;
  const seconds = secondsOf(iso);
  const wall = seconds === "" ? minutes : `${minutes}:${seconds}`;
  const [before, after] = [momentsAt(wall, from), momentsAt(wall, to)];
  // The second of two stays the second of two.
  const isSecond = before.length === 2 && offsetOf(before[1]) === offsetOf(iso);
  return isSecond && after.length === 2 ? after[1] : localValue(wall, to, iso);
}

/** The offset of a time zone at a date-time: "UTC+02:00", or "UTC". */
export function offsetName(iso: string, zone: string): string {
  const offset = offsetAt(Date.parse(iso), zone);
  return offset === 0 ? "UTC" : `UTC${offsetText(offset)}`;
}

/**
 * Formats "Saturday, 19 June 2027 at 18:00" in a time zone, with the offset if that local time happens twice. Undefined if
 * the value is not a date-time.
 */
export function formatMoment(iso: unknown, zone: string): string | undefined {
  const wall = wallTimeOf(iso, zone);
  if (wall === undefined) return undefined;
  return momentsAt(wall, zone).length > 1 ? withOffset(iso as string, zone) : plainMoment(iso as string, zone);
}

function plainMoment(iso: string, zone: string): string {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short", timeZone: zone }).format(
    Date.parse(iso),
  );
}

function withOffset(iso: string, zone: string): string {
  return `${plainMoment(iso, zone)} (${offsetName(iso, zone)})`;
}

/**
 * Formats "Saturday, 19 June 2027, 18:00 – 23:00", or both dates if they differ. If the clocks change in between, both times
 * have their offset: from 01:00 to 01:30 may be two and a half hours. Undefined if a value is not a date-time:
 * events of release 0.1.0 may have such times.
 */
export function formatSpan(start: unknown, end: unknown, zone: string): string | undefined {
  if (wallTimeOf(start, zone) === undefined || wallTimeOf(end, zone) === undefined) return undefined;
  const [from, to] = [start as string, end as string];
  if (offsetName(from, zone) !== offsetName(to, zone)) return `${withOffset(from, zone)} – ${withOffset(to, zone)}`;
  const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short", timeZone: zone });
  return format.formatRange(Date.parse(from), Date.parse(to));
}

function offsetOf(iso: unknown): string | undefined {
  const offset = typeof iso === "string" ? /(?:Z|[+-]\d\d:\d\d)$/.exec(iso)?.[0] : undefined;
  return offset === "Z" ? "+00:00" : offset;
}

function isoAt(time: number, zone: string, seconds: string): string {
  const offset = offsetAt(time, zone);
  return `${new Date(time + offset).toISOString().slice(0, 16)}:${seconds}${offset === 0 ? "Z" : offsetText(offset)}`;
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
