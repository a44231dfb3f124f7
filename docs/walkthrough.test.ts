import { readFile } from "node:fs/promises";
import { expect, it } from "@jest/globals";
import { DEMO_USERS } from "../server/dev/demoUsers.ts";
import { type Caller, useTestApi } from "../testkit/api.ts";

const api = useTestApi();
const STEP = /<!-- as (?<user>\w+) -->\n+```graphql\n(?<document>[\s\S]*?)```\n+```json\n(?<answer>[\s\S]*?)```/g;

async function callerNamed(name: string | undefined): Promise<Caller> {
  if (name === "anon") return api.anon();
  const user = DEMO_USERS.find(({ key }) => key === name);
  if (!user) throw new Error(`${name} is not a demo user.`);
  return api.user(user.id);
}

// In this order, on one database: the walkthrough is written for readers who come from the tour.
it.each([
  ["README.md", 6],
  ["docs/walkthrough.md", 15],
])("%s shows the server's answer to each of its requests, errors included", async (path, minimum) => {
  const text = await readFile(new URL(`../${path}`, import.meta.url), "utf8");
  const steps = [...text.matchAll(STEP)];
  expect(steps.length).toBeGreaterThanOrEqual(minimum);
  expect(steps).toHaveLength(text.match(/^```graphql$/gm)?.length ?? 0);
  for (const { groups = {} } of steps) {
    const caller = await callerNamed(groups.user);
    const answer = await caller.answer(groups.document ?? "");
    expect(answer).toEqual(JSON.parse(groups.answer ?? ""));
  }
});
