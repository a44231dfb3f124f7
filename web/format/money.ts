import { currencyDigits } from "../../wizard/currencies.ts";

/** Formats 1250 as "12.50", the form in which users type it. */
export function decimalOf(minor: number, digits: number): string {
  const text = String(Math.abs(minor)).padStart(digits + 1, "0");
  const point = text.length - digits;
  return `${minor < 0 ? "-" : ""}${text.slice(0, point)}${digits > 0 ? `.${text.slice(point)}` : ""}`;
}

/**
 * Parses "12.5", "12,50" or "1 200" into the smallest unit. Returns undefined for other text, for too many decimals, and
 * for the ambiguous "1,200" and "1.200". It works on digits, because 4.35 * 100 is not 435 in floating point.
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

/** Converts an amount to a currency with another number of decimals. Undefined if that is not possible exactly. */
export function rescale(minor: number, from: number, to: number): number | undefined {
  const divisor = 10 ** Math.max(from - to, 0);
  if (minor % divisor !== 0) return undefined;
  const rescaled = (minor / divisor) * 10 ** Math.max(to - from, 0);
  return Number.isSafeInteger(rescaled) ? rescaled : undefined;
}

/** Formats an amount as "€12.50", or without a symbol if the currency is unknown. */
export function formatMoney(minor: number, currency: string | undefined): string {
  const digits = currencyDigits(currency);
  const decimal = decimalOf(minor, digits);
  if (!currency) return decimal;
  const decimals = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  try {
    const format = new Intl.NumberFormat("en", { style: "currency", currency, ...decimals });
    return format.format(decimal as Intl.StringNumericLiteral);
  } catch {
    return `${decimal} ${currency}`;
  }
}
