const DEFAULT_CURRENCY_DIGITS = 2;

/** How many digits a currency has after the point: 2 for EUR, 0 for JPY, 3 for KWD. */
export function currencyDigits(currency: string | undefined): number {
  if (!currency) return DEFAULT_CURRENCY_DIGITS;
  try {
    const { maximumFractionDigits } = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions();
    return maximumFractionDigits ?? DEFAULT_CURRENCY_DIGITS;
  } catch {
    return DEFAULT_CURRENCY_DIGITS;
  }
}

/** 1250 as "12.50", the way it is typed in. */
export function decimalOf(minor: number, digits: number): string {
  const text = String(Math.abs(minor)).padStart(digits + 1, "0");
  const point = text.length - digits;
  return `${minor < 0 ? "-" : ""}${text.slice(0, point)}${digits > 0 ? `.${text.slice(point)}` : ""}`;
}

/**
 * "12.5", "12,50" or "1 200" in the smallest unit; undefined for what is no amount, or finer than the currency, and for
 * "1,200" and "1.200": to some that is one, to others a thousand times as much. Counted in text: 4.35 * 100 is not 435.
 */
export function minorOf(text: string, digits: number): number | undefined {
  const [, sign = "", whole = "", fraction = ""] =
    /^(-?)(\d*)(?:[.,](\d*))?$/.exec(text.replaceAll(/[\s'’]/g, "")) ?? [];
  const significant = fraction.replace(/0+$/, "");
  const maybeThousands = fraction.length === 3 && digits !== 3;
  if (whole + fraction === "" || significant.length > digits || maybeThousands) return undefined;
  const minor = Number(`${sign}${whole}${significant.padEnd(digits, "0")}`);
  return Number.isSafeInteger(minor) ? minor : undefined;
}

/** The same amount in a currency with other digits; undefined where it would not be the same. */
export function rescale(minor: number, from: number, to: number): number | undefined {
  const divisor = 10 ** Math.max(from - to, 0);
  if (minor % divisor !== 0) return undefined;
  const rescaled = (minor / divisor) * 10 ** Math.max(to - from, 0);
  return Number.isSafeInteger(rescaled) ? rescaled : undefined;
}

/** "€12.50", or the plain number where there is no such currency. */
export function formatMoney(minor: number, currency: string | undefined): string {
  const decimal = decimalOf(minor, currencyDigits(currency));
  if (!currency) return decimal;
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency }).format(decimal as Intl.StringNumericLiteral);
  } catch {
    return `${decimal} ${currency}`;
  }
}
