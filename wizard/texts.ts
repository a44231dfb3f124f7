// Ranges of code points that show nothing: white space, control and format characters, variation selectors, and fillers
// such as U+3164 and U+2800. app_private.is_text() in SQL has the same list. Of the format characters, those that are
// visible (U+0600 and others) are not in it.
const INVISIBLE: readonly (readonly [first: number, last: number])[] = [
  [0x00, 0x20],
  [0x7f, 0xa0],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x1680, 0x1680],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x2000, 0x200f],
  [0x2028, 0x202f],
  [0x205f, 0x206f],
  [0x2800, 0x2800],
  [0x3000, 0x3000],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0x1bca0, 0x1bca3],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];

/** Whether a text shows nothing. */
export function isBlankText(text: string): boolean {
  // Without a copy of the text: most texts start with a visible character.
  for (const character of text) if (!isInvisible(character.codePointAt(0) ?? 0)) return false;
  return true;
}

function isInvisible(codePoint: number): boolean {
  return INVISIBLE.some(([first, last]) => first <= codePoint && codePoint <= last);
}

/** Whether a text has no line breaks, and no characters that change the direction of the text around it. */
export function isOneLine(text: string): boolean {
  return !/[\n\v\f\r\u0085\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u.test(text);
}
