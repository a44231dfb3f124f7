import { expect, it } from "@jest/globals";
import { formatDuration } from "./duration.ts";

it.each([
  [0, "0 s"],
  [0.4, "0 s"],
  [59.6, "1 min"],
  [90, "1 min 30 s"],
  [5400, "1 h 30 min"],
  [3601, "1 h"],
  [200_000, "2 d 7 h"],
])("formats %s seconds as %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));
