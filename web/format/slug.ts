const MAXIMUM_LENGTH = 60;
const MINIMUM_LENGTH = 3;
// Letters that are no plain letter with an accent.
const SPELT_OUT: Readonly<Record<string, string>> = {
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

/** A page address for a title: "Fête d'été 2027" is `fete-d-ete-2027`. Undefined where too little of it is left. */
export function suggestSlug(title: string): string | undefined {
  const plain = title
    .toLowerCase()
    .replaceAll(/[ßæœøđðłþı&]/g, (letter) => SPELT_OUT[letter] ?? "")
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "");
  // At most so long, and no half word at the end where that can be helped.
  const cut = plain.length > MAXIMUM_LENGTH ? plain.slice(0, MAXIMUM_LENGTH + 1).replace(/-[^-]*$/, "") : plain;
  const slug = cut.slice(0, MAXIMUM_LENGTH).replace(/-+$/, "");
  return slug.length < MINIMUM_LENGTH ? undefined : slug;
}
