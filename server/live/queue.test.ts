import { expect, it } from "@jest/globals";
import { Queue } from "./queue.ts";

function makeQueue(limit = 3) {
  const ends: string[] = [];
  const queue = new Queue<string>({ limit, overflow: "again", onEnd: () => ends.push("end") });
  return { queue, ends };
}

const item = (value: string) => ({ done: false, value });
const END = { done: true, value: undefined };

it("gives what was pushed in its order, before and after somebody waits for it", async () => {
  const { queue } = makeQueue();
  queue.push("a");
  queue.push("b");
  expect([await queue.next(), await queue.next()]).toEqual([item("a"), item("b")]);
  const waiting = [queue.next(), queue.next()];
  queue.push("c");
  queue.push("d");
  expect(await Promise.all(waiting)).toEqual([item("c"), item("d")]);
});

it("puts one word in place of what a reader leaves for too long", async () => {
  const { queue } = makeQueue();
  for (const value of ["a", "b", "c", "d", "e"]) queue.push(value);
  expect([await queue.next(), await queue.next()]).toEqual([item("again"), item("e")]);
});

it("ends at once, also for who waits, and only once", async () => {
  const { queue, ends } = makeQueue();
  const waiting = [queue.next(), queue.next()];
  await queue.return();
  await queue.return();
  queue.push("late");
  expect(await Promise.all([...waiting, queue.next()])).toEqual([END, END, END]);
  expect([ends, queue.ended]).toEqual([["end"], true]);
});
