import { describe, expect, it } from "@jest/globals";
import { problemsOf } from "./problems.ts";
import { COMPLETE_STATE } from "./testing/completeState.ts";
import { withValue } from "./testing/edit.ts";
import { BLANK_TEXTS, NOT_ONE_LINE, VISIBLE_TEXTS } from "./testing/texts.ts";
import { isBlankText, isOneLine } from "./texts.ts";

describe("isBlankText", () => {
  it.each(BLANK_TEXTS)("returns true for %s", (_, text) => expect(isBlankText(text)).toBe(true));
  it.each([...VISIBLE_TEXTS, ...NOT_ONE_LINE])("returns false for %s", (_, text) => {
    expect(isBlankText(text)).toBe(false);
  });
  it("returns true for an empty text", () => expect(isBlankText("")).toBe(true));
});

describe("isOneLine", () => {
  it.each(NOT_ONE_LINE)("returns false for %s", (_, text) => expect(isOneLine(text)).toBe(false));
  it.each(VISIBLE_TEXTS)("returns true for %s", (_, text) => expect(isOneLine(text)).toBe(true));
});

describe("problemsOf", () => {
  const TICKET_NAME = "/tickets/tickets/child/name";
  const REQUIRED = [
    ...["/basics/title", "/basics/organizerName", "/location/venueName", "/location/address", "/location/city"],
    ...[TICKET_NAME, "/page/description", "/page/coverImageAlt"],
  ];
  const ONE_LINE = [...REQUIRED, "/basics/summary", "/location/region", "/location/postalCode"].filter(
    (pointer) => pointer !== "/page/description",
  );
  const problemsWith = (pointer: string, text: string) =>
    problemsOf(withValue(COMPLETE_STATE, pointer, text)).map((problem) => [problem.pointer, problem.code]);

  it.each(REQUIRED)("finds that %s is missing if its text shows nothing", (pointer) => {
    for (const [, text] of BLANK_TEXTS) expect(problemsWith(pointer, text)).toEqual([[pointer, "required"]]);
    expect(problemsWith(pointer, "👩‍👩‍👧‍👦 می‌خواهم")).toEqual([]);
  });

  it.each(ONE_LINE)("finds line breaks and direction characters in %s", (pointer) => {
    for (const [, text] of NOT_ONE_LINE) {
      expect(problemsWith(pointer, text.slice(0, 20))).toEqual([[pointer, "wrong_format"]]);
    }
  });

  it("allows line breaks in the description", () => {
    expect(problemsWith("/page/description", "First\n\nSecond")).toEqual([]);
  });
});
