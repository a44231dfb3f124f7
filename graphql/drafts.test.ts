import { readFileSync } from "node:fs";
import { beforeAll, expect, it } from "@jest/globals";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { publish } from "../testkit/events.ts";
import { createSession, updateSession } from "../testkit/sessions.ts";

const api = useTestApi();
const operation = (name: string) => readFileSync(new URL(`operations/${name}.graphql`, import.meta.url), "utf8");
const DRAFTS = operation("Drafts") + operation("SessionCard");

interface List {
  readonly nodes: readonly { readonly id: string; readonly title: string | null; readonly status: string }[];
  readonly pageInfo: { readonly hasNextPage: boolean };
}
type Lists = { readonly [Name in "drafts" | "finished"]: List };

let ada: Caller;
const draft = (title: string) =>
  createSession(ada, { state: { basics: { title }, page: { description: "x".repeat(5000) } } });
const read = (drafts = 20, finished = 20) => ada.ask<Lists>(DRAFTS, { drafts, finished });
const titles = ({ nodes }: List) => nodes.map(({ title }) => title);

beforeAll(async () => {
  ada = await api.user();
  const [first, second] = [await draft("first"), await draft("second"), await draft("third")];
  const old = await draft("abandoned");
  await publish(api.db, String(ada.id), {
    basics: { title: "published", category: "music", organizerName: "Ada", organizerEmail: "ada@example.com" },
  });
  await updateSession(ada, old.id, { status: "ABANDONED" });
  await updateSession(ada, second.id, { stage: 2 });
  await updateSession(ada, first.id, { stage: 3 });
  await createSession(await api.user(), { state: { basics: { title: "Ben's" } } });
});

it("the list of the web UI has the drafts in the order of their last save, then the others by their start", async () => {
  const { drafts, finished } = await read();
  expect(titles(drafts)).toEqual(["first", "second", "third"]);
  expect(titles(finished)).toEqual(["published", "abandoned"]);
  expect(finished.nodes.map(({ status }) => status)).toEqual(["COMPLETED", "ABANDONED"]);
});

it("says whether each of the two lists has more", async () => {
  const { drafts, finished } = await read(2, 2);
  expect(titles(drafts)).toEqual(["first", "second"]);
  expect([drafts.pageInfo, finished.pageInfo]).toEqual([{ hasNextPage: true }, { hasNextPage: false }]);
});

it("contains the progress of each session, and no state", async () => {
  const answer = JSON.stringify(await read());
  expect(answer).toContain('"progress":[{"number":1,"complete":false}');
  expect(answer).not.toContain("xxxxx");
});
