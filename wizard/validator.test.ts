import { describe, expect, it } from "@jest/globals";
import { compile } from "./validator.ts";

const group = (name: string) => ({ type: "object", properties: { [name]: { type: "string" } }, required: [name] });

describe("compile", () => {
  it("returns all errors of a value", () => {
    const check = compile({ type: "string", minLength: 3, pattern: "^a" });
    expect(check("b").map(({ keyword }) => keyword)).toEqual(["minLength", "pattern"]);
    expect(check("abc")).toEqual([]);
  });

  it("does not treat inherited properties as answers", () => {
    expect(compile(group("constructor"))({}).map(({ params }) => params)).toEqual([{ missingProperty: "constructor" }]);
    expect(compile(group("constructor"))({ constructor: "Ada" })).toEqual([]);
  });

  it("counts characters, not UTF-16 units", () => {
    expect(compile({ type: "string", maxLength: 1 })("😀")).toEqual([]);
  });

  it.each([
    ["type", { type: "text" }],
    ["keyword", { type: "string", maxlength: 5 } as object],
    ["format", { type: "string", format: "phone" }],
  ])("refuses an unknown %s", (_, schema) => expect(() => compile(schema)).toThrow());
});
