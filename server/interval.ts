// In seconds, with the lengths that PostgreSQL uses to compare intervals.
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS: Readonly<Record<string, number>> = {
  second: 1,
  minute: MINUTE,
  hour: HOUR,
  day: DAY,
  week: 7 * DAY,
  month: 30 * DAY,
  year: 12 * 30 * DAY,
};
const LONGEST = 1000 * 12 * 30 * DAY;
const PART = /(\d{1,12}) *(second|minute|hour|day|week|month|year)s?/i;
const WHOLE = new RegExp(`^ *${PART.source}(?: +${PART.source})* *$`, "i");

/**
 * The length of a PostgreSQL interval such as `30 days` or `1 year 6 months`. Undefined if it is not an interval, not
 * positive, or longer than a thousand years, which PostgreSQL can't subtract from today.
 */
export function secondsIn(interval: string): number | undefined {
  if (!WHOLE.test(interval)) return undefined;
  let seconds = 0;
  for (const [, count, unit = ""] of interval.matchAll(new RegExp(PART, "gi"))) {
    seconds += Number(count) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
  }
  return seconds > 0 && seconds <= LONGEST ? seconds : undefined;
}
