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
 * "12.5", "12,50" or "1 200" in the smallest unit; undefined for what is no amount, or finer than the currency. Counted
 * in text: 4.35 * 100 is not 435.
 */
export function minorOf(text: string, digits: number): number | undefined {
  const [, sign = "", whole = "", fraction = ""] =
    /^(-?)(\d*)(?:[.,](\d*))?$/.exec(text.replaceAll(/[\s'’]/g, "")) ?? [];
  const significant = fraction.replace(/0+$/, "");
  if (whole + fraction === "" || significant.length > digits) return undefined;
  const minor = Number(`${sign}${whole}${significant.padEnd(digits, "0")}`);
  return Number.isSafeInteger(minor) ? minor : undefined;
}

/** The same amount in a currency with other digits, as near as there is. */
export function rescale(minor: number, from: number, to: number): number {
  return to >= from ? minor * 10 ** (to - from) : Math.round(minor / 10 ** (from - to));
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
