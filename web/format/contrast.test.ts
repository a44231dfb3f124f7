import { expect, it } from "@jest/globals";
import { textColourOn } from "./contrast.ts";

it.each([
  ["#ffffff", "black"],
  ["#000000", "white"],
  ["#1a73e8", "black"],
  ["#1a53c8", "white"],
  ["#FFD43B", "black"],
  ["#777777", "black"],
  ["#707070", "white"],
  ["#zz", "white"],
])("on %s uses %s text", (hex, colour) => expect(textColourOn(hex)).toBe(colour));
