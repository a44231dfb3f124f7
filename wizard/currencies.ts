// The current currencies of ISO 4217 and the number of their decimals, as of 2026-02-01: table A.1 of
// https://www.six-group.com/en/products-services/financial-information/data-standards.html, by way of
// https://github.com/datasets/currency-codes (public domain). Metals, test codes and others without a minor unit are left
// out. `testing/iso-4217.csv` is the whole table, which a test compares with this one. The decimals that Intl reports
// differ: those of HUF are 0 in Chromium and 2 in Firefox.
const CODES_BY_DIGITS: readonly (readonly [digits: number, codes: string])[] = [
  [0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"],
  [
    2,
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY " +
      "COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS " +
      "INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR " +
      "MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP " +
      "STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG",
  ],
  [3, "BHD IQD JOD KWD LYD OMR TND"],
  [4, "CLF UYW"],
];

const DEFAULT_DIGITS = 2;

const DIGITS: ReadonlyMap<string, number> = new Map(
  CODES_BY_DIGITS.flatMap(([digits, codes]) => codes.split(" ").map((code) => [code, digits] as const)),
);

/** The codes of all current currencies. */
export const CURRENCIES: readonly string[] = [...DIGITS.keys()].toSorted();

export function isCurrency(code: string): boolean {
  return DIGITS.has(code);
}

/** The number of decimals of a currency: 2 for EUR, 0 for JPY, 3 for KWD. 2 if it is unknown or was withdrawn. */
export function currencyDigits(currency: string | undefined): number {
  return DIGITS.get(currency ?? "") ?? DEFAULT_DIGITS;
}
