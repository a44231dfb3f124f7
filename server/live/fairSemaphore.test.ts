import { expect, it } from "@jest/globals";
import { until } from "../../testkit/until.ts";
import { makeFairSemaphore } from "./fairSemaphore.ts";

it("runs up to the limit at once, and starts the next task when one resolves or rejects", async () => {
  const run = makeFairSemaphore(2);
  const started: number[] = [];
  const tasks = [0, 1, 2, 3].map(() => Promise.withResolvers<number>());
  const results = tasks.map(({ promise }, index) =>
    run("a", () => {
      started.push(index);
      return promise;
    }),
  );
  expect(started).toEqual([0, 1]);
  tasks[1]?.reject(new Error("failed"));
  await expect(results[1]).rejects.toThrow("failed");
  await until(() => started.length > 2);
  expect(started).toEqual([0, 1, 2]);
  for (const { resolve } of tasks) resolve(7);
  expect(await Promise.all([results[0], results[2], results[3]])).toEqual([7, 7, 7]);
  expect(await run("a", async () => 8)).toBe(8);
});

it("alternates between keys while tasks wait", async () => {
  const run = makeFairSemaphore(1);
  const started: string[] = [];
  const start = (key: string, task: string) => run(key, async () => void started.push(task));
  await Promise.all([
    ...[start("a", "a1"), start("a", "a2"), start("a", "a3")],
    ...[start("b", "b1"), start("c", "c1"), start("b", "b2")],
  ]);
  expect(started).toEqual(["a1", "a2", "b1", "c1", "a3", "b2"]);
});
