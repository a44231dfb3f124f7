/** Texts that show nothing, with the names of their characters. */
export const BLANK_TEXTS: readonly (readonly [name: string, text: string])[] = [
  ["space", " "],
  ["tab and line breaks", "\t\r\n"],
  ["NO-BREAK SPACE", "\u00a0"],
  ["NEXT LINE", "\u0085"],
  ["SOFT HYPHEN", "\u00ad"],
  ["COMBINING GRAPHEME JOINER", "\u034f"],
  ["HANGUL CHOSEONG FILLER", "\u115f"],
  ["HANGUL FILLER", "\u3164"],
  ["HALFWIDTH HANGUL FILLER", "\uffa0"],
  ["KHMER VOWEL INHERENT AQ", "\u17b4"],
  ["MONGOLIAN VOWEL SEPARATOR", "\u180e"],
  ["IDEOGRAPHIC SPACE", "\u3000"],
  ["ZERO WIDTH SPACE", "\u200b"],
  ["ZERO WIDTH JOINERS", "\u200c\u200d"],
  ["RIGHT-TO-LEFT OVERRIDE", "\u202e"],
  ["WORD JOINER", "\u2060"],
  ["RIGHT-TO-LEFT ISOLATE", "\u2067\u2069"],
  ["BRAILLE PATTERN BLANK", "\u2800"],
  ["VARIATION SELECTORS", "\ufe0e\ufe0f\u{e0100}"],
  ["ZERO WIDTH NO-BREAK SPACE", "\ufeff"],
  ["TAG CHARACTERS", "\u{e0067}\u{e007f}"],
  ["MUSICAL SYMBOL BEGIN BEAM", "\u{1d173}"],
  ["several of them", " \u200b\u2060\u3164\u2800\u00ad "],
];

/** Texts of one line that show something. */
export const VISIBLE_TEXTS: readonly (readonly [name: string, text: string])[] = [
  ["a word", "Party"],
  ["an emoji of several, joined by ZWJ", "👩‍👩‍👧‍👦"],
  ["an emoji with a variation selector", "❤️"],
  ["a flag of tag characters", "🏴󠁧󠁢󠁷󠁬󠁳󠁿"],
  ["a Persian word with ZWNJ", "می‌خواهم"],
  ["a Hebrew title", "מסיבת קיץ"],
  ["a visible format character", "\u0600"],
  ["a combining accent", "\u0301"],
  ["a visible braille pattern", "⠓⠊"],
  ["a word among invisible characters", "\u200b a \u2060"],
];

/** Texts with a character that has no place in one line. */
export const NOT_ONE_LINE: readonly (readonly [name: string, text: string])[] = [
  ["LINE FEED", "Summer\nparty"],
  ["CARRIAGE RETURN", "Summer\rparty"],
  ["VERTICAL TAB", "Summer\u000bparty"],
  ["FORM FEED", "Summer\u000cparty"],
  ["NEXT LINE", "Summer\u0085party"],
  ["LINE SEPARATOR", "Summer\u2028party"],
  ["PARAGRAPH SEPARATOR", "Summer\u2029party"],
  ["RIGHT-TO-LEFT OVERRIDE", "Summer \u202eytrap"],
  ["LEFT-TO-RIGHT EMBEDDING", "\u202aSummer party"],
  ["POP DIRECTIONAL ISOLATE", "Summer party\u2069"],
  ["RIGHT-TO-LEFT MARK", "Summer party\u200f"],
  ["ARABIC LETTER MARK", "\u061cSummer party"],
];
