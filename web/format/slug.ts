const MAX_LENGTH = 60;
const MIN_LENGTH = 3;
// Letters that Unicode normalization does not split into a base letter and an accent.
const REPLACEMENTS: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ð: "d",
  ł: "l",
  þ: "th",
  ı: "i",
  "&": " and ",
};

/** Whether a title has letters that `suggestSlug` would leave out. Transliterate it first. */
export function needsTransliteration(title: string): boolean {
  return /(?!\p{Script=Latin})\p{L}/u.test(title.normalize("NFKD"));
}

/** A page address for a title that gives none: `event-7k2m`. */
export function fallbackSlug(random = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0): string {
  return `event-${(random % 36 ** 4).toString(36).padStart(4, "0")}`;
}

/** Suggests a page address for a title: `fete-d-ete-2027` for "Fête d'été 2027". Undefined if it would be too short. */
export function suggestSlug(title: string): string | undefined {
  const plain = title
    .toLowerCase()
    .replaceAll(/[ßæœøđðłþı&]/g, (letter) => REPLACEMENTS[letter] ?? "")
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "");
  // Cut at the end of a word if possible.
  const cut = plain.length > MAX_LENGTH ? plain.slice(0, MAX_LENGTH + 1).replace(/-[^-]*$/, "") : plain;
  const slug = cut.slice(0, MAX_LENGTH).replace(/-+$/, "");
  return slug.length < MIN_LENGTH ? undefined : slug;
}
