import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { STAGES } from "../../wizard/stages.ts";
import { fallbackSlug, needsTransliteration, suggestSlug } from "./slug.ts";
import { transliterate } from "./transliterate.ts";

it.each([
  ["Summer party", "summer-party"],
  ["Fête d'été 2027", "fete-d-ete-2027"],
  ["  Größe & Maß!  ", "grosse-and-mass"],
  ["Łódź – Ørsted", "lodz-orsted"],
  ["a/b\\c_d", "a-b-c-d"],
  ["x".repeat(80), "x".repeat(60)],
  [`${"word ".repeat(11)}of several syllables`, "word-word-word-word-word-word-word-word-word-word-word-of"],
])("suggests for the title %j: %j", (title, slug) => expect(suggestSlug(title)).toBe(slug));

it.each(["", "!!", "ab", "日本の祭り"])("suggests nothing for %j", (title) =>
  expect(suggestSlug(title)).toBeUndefined(),
);

it("suggests only page addresses that the wizard accepts", () => {
  const pattern = STAGES.find(({ key }) => key === "page")?.schema.properties?.slug?.pattern;
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (title) => {
      expect(suggestSlug(title) ?? "none").toMatch(new RegExp(String(pattern)));
    }),
  );
});

it.each([
  ["Фестиваль 2027", "festival-2027"],
  ["Летний праздник", "letniy-prazdnik"],
  ["Καλοκαιρινή γιορτή", "kalokairini-giorti"],
  ["여름 축제", "yeoreum-cugje"],
  ["日本の祭り", "ri-ben-noji-ri"],
  ["مهرجان الصيف", "mhrjn-lsyf"],
])("suggests for the transliterated title %j: %j", (title, slug) => {
  expect(needsTransliteration(title)).toBe(true);
  expect(suggestSlug(transliterate(title))).toBe(slug);
});

it.each(["Summer party", "Fête d'été 2027", "Łódź – Ørsted", "🎉 2027", ""])("%j needs no transliteration", (title) =>
  expect(needsTransliteration(title)).toBe(false),
);

it("has an address for titles that give none", () => {
  expect([fallbackSlug(0), fallbackSlug(35), fallbackSlug(2 ** 32 - 1)]).toEqual([
    "event-0000",
    "event-000z",
    "event-41z3",
  ]);
  expect(fallbackSlug()).toMatch(/^event-[0-9a-z]{4}$/);
});
