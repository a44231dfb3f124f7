import { expect, it } from "@jest/globals";
import { BoundedQueue } from "./boundedQueue.ts";

function makeQueue(limit = 3) {
  const ends: string[] = [];
  const queue = new BoundedQueue<string>({ limit, overflow: "again", onEnd: () => ends.push("end") });
  return { queue, ends };
}

const item = (value: string) => ({ done: false, value });
const END = { done: true, value: undefined };

it("returns items in order, pushed before or after the read", async () => {
  const { queue } = makeQueue();
  queue.push("a");
  queue.push("b");
  expect([await queue.next(), await queue.next()]).toEqual([item("a"), item("b")]);
  const waiting = [queue.next(), queue.next()];
  queue.push("c");
  queue.push("d");
  expect(await Promise.all(waiting)).toEqual([item("c"), item("d")]);
});

it("replaces waiting items with the overflow item once the limit is exceeded", async () => {
  const { queue } = makeQueue();
  for (const value of ["a", "b", "c", "d", "e"]) queue.push(value);
  expect([await queue.next(), await queue.next()]).toEqual([item("again"), item("e")]);
});

it("ends waiting reads at once, and calls onEnd once", async () => {
  const { queue, ends } = makeQueue();
  const waiting = [queue.next(), queue.next()];
  await queue.return();
  await queue.return();
  queue.push("late");
  expect(await Promise.all([...waiting, queue.next()])).toEqual([END, END, END]);
  expect([ends, queue.ended]).toEqual([["end"], true]);
});
