import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { STAGES } from "../../wizard/stages.ts";
import { suggestSlug } from "./slug.ts";

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
