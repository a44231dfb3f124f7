import { describe, expect, it } from "@jest/globals";
import { FORMATS } from "./formats.ts";

const isValid = (format: string, text: string) => FORMATS[format]?.isValid(text);
const codes = (format: string) => FORMATS[format]?.choices?.().map((choice) => choice.const);

describe.each<{ format: string; valid: string[]; invalid: string[] }>([
  {
    format: "email",
    valid: [
      ...[
        "ada@example.com",
        "a.b+c@sub.example.co.uk",
        "A@EXAMPLE.COM",
        "o'brien@example.com",
        "!#$%&*/=?^_`{|}~-@example.com",
      ],
      ...["ada@bücher.example", "ada@xn--bcher-kva.example", "ada@例え.テスト", "post@почта.рф", "ada@مثال.إختبار"],
      ...["jürgen@example.com", "用户@例子.广告", "अजय@डाटा.भारत", "θσερ@εχαμπλε.ψομ"],
      ...[" ada@example.com", "ada@example.com ", "\tada@example.com\u00a0\r\n"],
    ],
    invalid: [
      ...["ada", "ada@", "@example.com", "ada@example", "ada @example.com", "ada@ example.com", "a@b@example.com"],
      ...[
        ".ada@example.com",
        "ada.@example.com",
        "a..b@example.com",
        "a,b@example.com",
        "<ada@example.com>",
        '"a b"@example.com',
      ],
      ...["ada@-example.com", "ada@example-.com", "ada@example..com", "ada@.example.com", "ada@example.com."],
      ...[
        "ada@192.0.2.1",
        "ada@[192.0.2.1]",
        "ada@example.1",
        "ada@example.com:25",
        "ada@example.com/x",
        "ada@exam%70le.com",
      ],
      ...[
        "ada@exam_ple.com",
        "a\u200bda@example.com",
        "a\u202eda@example.com",
        "ada@exa\u200bmple.com",
        "ada\n@example.com",
      ],
      ...[`ada@${"x".repeat(64)}.com`, " "],
    ],
  },
  {
    format: "https-url",
    valid: [
      "https://example.com",
      "HTTPS://example.com/a?b=c#d",
      "https://münchen.example/straße",
      "https://example.com:8443/%20",
      "https://192.0.2.1/",
    ],
    invalid: [
      "http://example.com",
      "https:",
      "https://",
      "https:example.com",
      "https:///example.com",
      "https:\\\\example.com",
      "https://example.com\\a",
      "https://?a",
      "https://exam ple.com",
      " https://example.com",
      "https://example.com\n",
      "https://example.com:99999",
      "//example.com",
      "example.com",
      "javascript:alert(1)//https://",
      "data:text/html,https://example.com",
    ],
  },
  {
    format: "iana-timezone",
    valid: [
      "Europe/Berlin",
      "America/Argentina/Buenos_Aires",
      "Asia/Calcutta",
      "Asia/Kolkata",
      "UTC",
      "Etc/GMT+5",
      "GB",
    ],
    invalid: [
      "Europe/Atlantis",
      "europe/berlin",
      "EUROPE/BERLIN",
      "+01:00",
      "CEST2",
      "Utc",
      "Europe/Berlin ",
      "Berlin",
    ],
  },
  {
    format: "iso-4217",
    valid: ["EUR", "USD", "JPY", "KWD", "XOF"],
    invalid: ["eur", "EURO", "EU", "€", "ABC", "978", "EUR "],
  },
  {
    format: "iso-3166-1-alpha-2",
    valid: ["DE", "GB", "US", "AQ", "SS", "TL", "BQ"],
    // Regions that are not countries, and codes that are no longer in use.
    invalid: ["EU", "UN", "XK", "ZZ", "AC", "UK", "SU", "DD", "AN", "de", "DEU", "D", "276", "DE "],
  },
])("$format", ({ format, valid, invalid }) => {
  it.each(valid)("accepts %j", (text) => expect(isValid(format, text)).toBe(true));
  it.each([...invalid, "", "constructor", "a".repeat(300_000)])("refuses %.60j", (text) => {
    expect(isValid(format, text)).toBe(false);
  });
});

describe("choices", () => {
  it.each(["iana-timezone", "iso-4217", "iso-3166-1-alpha-2"])("for %s are valid and have a title", (format) => {
    const offered = FORMATS[format]?.choices?.() ?? [];
    expect(offered.length).toBeGreaterThan(100);
    expect(offered.filter((choice) => !isValid(format, String(choice.const)) || choice.title === "")).toEqual([]);
  });

  it("contain all 249 countries of ISO 3166-1 with their names", () => {
    expect(codes("iso-3166-1-alpha-2")).toHaveLength(249);
    expect(FORMATS["iso-3166-1-alpha-2"]?.choices?.()).toContainEqual({ const: "CI", title: "Côte d’Ivoire" });
  });

  it("contain currencies with their names", () => {
    expect(FORMATS["iso-4217"]?.choices?.()).toContainEqual({ const: "CHF", title: "Swiss Franc" });
  });

  it("contain time zones with readable names, and UTC", () => {
    const offered = FORMATS["iana-timezone"]?.choices?.();
    expect(offered).toContainEqual({ const: "America/New_York", title: "America/New York" });
    expect(offered).toContainEqual({ const: "UTC", title: "UTC" });
  });
});
