import { describe, expect, it } from "@jest/globals";
import { describeDifference } from "./describeDifference.ts";

describe("describeDifference", () => {
  it("finds none where there is none", () => {
    expect(describeDifference("a\nb\n", "a\nb\n")).toBeUndefined();
  });

  it("shows a line that is another", () => {
    expect(describeDifference("a\nx\n", "a\nb\n")).toMatch(/^From line 2 .*\n- x\n- \n\+ b\n\+ $/);
  });

  it.each([
    ["a line too many at the end", "a\nb\nc\n", "a\nb\n", "- c"],
    ["a line too few at the end", "a\n", "a\nb\n", "+ b"],
    ["a missing end of line", "a\nb", "a\nb\n", "+ "],
    ["an extra end of line", "a\n\n", "a\n", "- "],
    ["an empty file", "", "a\n", "+ a"],
  ])("shows %s", (_, was, shouldBe, line) => {
    expect(describeDifference(was, shouldBe)?.split("\n")).toContain(line);
  });

  it("shows no more than the first lines", () => {
    const lines = (mark: string) => Array.from({ length: 50 }, (_, line) => `${mark}${line}`).join("\n");
    expect(describeDifference(lines("a"), lines("b"))?.split("\n")).toHaveLength(11);
  });
});
