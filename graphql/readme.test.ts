import { readFile } from "node:fs/promises";
import { expect, it } from "@jest/globals";
import { DEMO_USERS } from "../server/dev/demoUsers.ts";
import { type Caller, useTestApi } from "../testkit/api.ts";

const api = useTestApi();
const README = new URL("../README.md", import.meta.url);
const STEP = /<!-- as (?<who>\w+) -->\n+```graphql\n(?<document>[\s\S]*?)```\n+```json\n(?<answer>[\s\S]*?)```/g;

async function callerNamed(who: string | undefined): Promise<Caller> {
  return who === "nobody" ? api.anon() : api.user(DEMO_USERS.find(({ key }) => key === who)?.id);
}

it("shows in the README what the API really answers, refusals included", async () => {
  const steps = [...(await readFile(README, "utf8")).matchAll(STEP)];
  expect(steps.length).toBeGreaterThan(5);
  for (const { groups = {} } of steps) {
    const caller = await callerNamed(groups.who);
    const answer = await caller.answer(groups.document ?? "");
    expect(answer).toEqual(JSON.parse(groups.answer ?? ""));
  }
});
