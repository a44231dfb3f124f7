const STEPS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const;

/** Formats a past time as "just now", "3 minutes ago" or "yesterday". */
export function ago(moment: Date, now: Date): string {
  const seconds = (now.getTime() - moment.getTime()) / 1000;
  const step = STEPS.find(([, length]) => seconds >= length);
  if (!step) return "just now";
  const [unit, length] = step;
  return new Intl.RelativeTimeFormat("en", { numeric: unit === "day" ? "auto" : "always" }).format(
    -Math.floor(seconds / length),
    unit,
  );
}
