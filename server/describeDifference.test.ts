import { describe, expect, it } from "@jest/globals";
import { describeDifference } from "./describeDifference.ts";

describe("describeDifference", () => {
  it("returns undefined for equal content", () => {
    expect(describeDifference("a\nb\n", "a\nb\n")).toBeUndefined();
  });

  it("shows a changed line", () => {
    expect(describeDifference("a\nx\n", "a\nb\n")).toMatch(/^From line 2 on, .*\n- x\n- \n\+ b\n\+ $/);
  });

  it.each([
    ["an extra line at the end", "a\nb\nc\n", "a\nb\n", "- c"],
    ["a missing line at the end", "a\n", "a\nb\n", "+ b"],
    ["a missing newline at the end", "a\nb", "a\nb\n", "+ "],
    ["an extra newline at the end", "a\n\n", "a\n", "- "],
    ["an empty file", "", "a\n", "+ a"],
  ])("shows %s", (_, present, expected, line) => {
    expect(describeDifference(present, expected)?.split("\n")).toContain(line);
  });

  it("shows only the first lines", () => {
    const lines = (mark: string) => Array.from({ length: 50 }, (_, line) => `${mark}${line}`).join("\n");
    expect(describeDifference(lines("a"), lines("b"))?.split("\n")).toHaveLength(11);
  });
});
