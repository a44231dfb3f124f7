import { expect, it } from "@jest/globals";
import { dueAt, retryDelay, TIMING } from "./timing.ts";

it("doubles the pause up to a maximum, half of it random", () => {
  const [least, most] = [() => 0, () => 1];
  expect([1, 2, 3, 7, 1000].map((failures) => retryDelay(failures, TIMING, least))).toEqual([
    500, 1000, 2000, 30_000, 30_000,
  ]);
  expect([1, 2, 3, 7, 1000].map((failures) => retryDelay(failures, TIMING, most))).toEqual([
    1000, 2000, 4000, 60_000, 60_000,
  ]);
});

it("is never shorter than the server asks for", () => {
  for (const random of [0, 0.5, 1]) {
    for (const retryAfter of [400, 900, 7_000, 120_000]) {
      expect(retryDelay(1, TIMING, () => random, retryAfter)).toBeGreaterThanOrEqual(retryAfter);
    }
  }
});

it("waits for a pause in typing, up to a limit", () => {
  expect(dueAt(0, 0, TIMING)).toBe(800);
  expect(dueAt(0, 3_000, TIMING)).toBe(3_800);
  expect(dueAt(0, 4_900, TIMING)).toBe(5_000);
});
