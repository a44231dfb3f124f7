import { expect, it } from "@jest/globals";
import { until } from "../../testkit/until.ts";
import { makeTurns } from "./turns.ts";

it("runs so many at once, the next when one is over, however that ends", async () => {
  const inTurn = makeTurns(2);
  const begun: number[] = [];
  const works = [0, 1, 2, 3].map(() => Promise.withResolvers<number>());
  const results = works.map(({ promise }, place) =>
    inTurn("a", () => {
      begun.push(place);
      return promise;
    }),
  );
  expect(begun).toEqual([0, 1]);
  works[1]?.reject(new Error("failed"));
  await expect(results[1]).rejects.toThrow("failed");
  await until(() => begun.length > 2);
  expect(begun).toEqual([0, 1, 2]);
  for (const { resolve } of works) resolve(7);
  expect(await Promise.all([results[0], results[2], results[3]])).toEqual([7, 7, 7]);
  expect(await inTurn("a", async () => 8)).toBe(8);
});

it("lets nobody wait for all that somebody else wants", async () => {
  const inTurn = makeTurns(1);
  const begun: string[] = [];
  const run = (who: string, what: string) => inTurn(who, async () => void begun.push(what));
  await Promise.all([run("a", "a1"), run("a", "a2"), run("a", "a3"), run("b", "b1"), run("c", "c1"), run("b", "b2")]);
  expect(begun).toEqual(["a1", "a2", "b1", "c1", "a3", "b2"]);
});
