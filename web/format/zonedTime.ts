const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;
const WALL = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)$/;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The zone of whoever looks at the page. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function isZone(name: unknown): name is string {
  return typeof name === "string" && formatIn(name) !== undefined;
}

/** What a clock in that zone shows, as `2027-06-19T18:00`; undefined for what is no date-time. */
export function wallTimeOf(iso: unknown, zone: string): string | undefined {
  if (typeof iso !== "string" || !ISO.test(iso)) return undefined;
  const time = Date.parse(iso);
  return Number.isNaN(time) ? undefined : wallAt(time, zone);
}

/**
 * The moment at which a clock in that zone shows `2027-06-19T18:00`, with the zone's offset:
 * `2027-06-19T18:00:00+02:00`. A time that the clocks skip counts as if they had not been put forward yet; of one that
 * they show twice, it is the first.
 */
export function momentAt(wall: string, zone: string): string | undefined {
  if (!WALL.test(wall)) return undefined;
  const asUtc = Date.parse(`${wall}:00Z`);
  if (Number.isNaN(asUtc)) return undefined;
  // The offset a day before and a day after: where they differ, the clocks change in between.
  const offsets = [offsetAt(asUtc - DAY, zone), offsetAt(asUtc + DAY, zone)];
  const matching = offsets.find((offset) => wallAt(asUtc - offset, zone) === wall);
  const offset = matching ?? offsets[0] ?? 0;
  return isoAt(asUtc - offset, zone);
}

/** That moment in the other zone's words, with the same time on the clock. */
export function sameWallTimeIn(iso: unknown, from: string, to: string): string | undefined {
  const wall = wallTimeOf(iso, from);
  return wall === undefined ? undefined : momentAt(wall, to);
}

/** "UTC+02:00" at that moment, or "UTC". */
export function offsetName(iso: string, zone: string): string {
  const offset = offsetAt(Date.parse(iso), zone);
  return offset === 0 ? "UTC" : `UTC${offsetText(offset)}`;
}

/** "Saturday, 19 June 2027 at 18:00", as a clock in that zone shows it; undefined for what is no date-time. */
export function formatMoment(iso: unknown, zone: string): string | undefined {
  if (wallTimeOf(iso, zone) === undefined) return undefined;
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short", timeZone: zone }).format(
    Date.parse(iso as string),
  );
}

/** "Saturday, 19 June 2027, 18:00 – 23:00", or with both dates where they differ. */
export function formatSpan(start: string, end: string, zone: string): string {
  const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short", timeZone: zone });
  return format.formatRange(Date.parse(start), Date.parse(end));
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

/** How far the zone's clocks are ahead of UTC, in whole minutes: nothing else can be written after a date-time. */
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
