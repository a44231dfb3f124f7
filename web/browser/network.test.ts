import { describe, expect, it } from "@jest/globals";
import { until } from "../../testkit/until.ts";
import { begun, savedState } from "./support/begun.ts";
import { ADA, idOf, useSite } from "./support/site.ts";

const site = useSite();

const savesSent = () => site.between.sent.filter(({ operation }) => operation === "SaveWizardSession").length;

it("saves once when an answer is lost", async () => {
  const { path, tab } = await begun(site, "Summer");
  const { revision } = await site.stored(idOf(path));
  site.between.fail("SaveWizardSession", "answer lost", "answer lost");
  await tab.type("Title", " party");
  await tab.says(/^Kept on this device: the server can’t be reached/);
  // It is there, and the page can't know.
  expect(await site.stored(idOf(path))).toMatchObject({
    revision: revision + 1,
    state: { basics: { title: "Summer party" } },
  });
  await tab.saved();
  expect(await site.stored(idOf(path))).toMatchObject({
    revision: revision + 1,
    state: { basics: { title: "Summer party" } },
  });
});

it("tries again when the server has too much to do", async () => {
  const { path, tab } = await begun(site, "Summer");
  site.between.fail("SaveWizardSession", "overloaded", "overloaded");
  await tab.type("Title", " party");
  await tab.says(/^Kept on this device: the server can’t be reached/);
  await tab.type("Title", ", again");
  await tab.saved();
  expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party, again" } });
});

it("goes on when connections break in mid-word", async () => {
  const { path, tab } = await begun(site, "Summer");
  site.between.setDown(true);
  await tab.type("Title", " par");
  await tab.says(/^Kept on this device: the server can’t be reached/);
  await tab.type("Title", "ty");
  site.between.setDown(false);
  await tab.type("Summary", "In the garden.");
  await tab.saved();
  expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party", summary: "In the garden." } });
});

it("does not leave «Saved» where it can be read aloud when something was typed since", async () => {
  const { path, tab } = await begun(site, "Summer");
  await tab.page
    .getByRole("status")
    .filter({ hasText: /^Saved$/ })
    .waitFor({ state: "attached" });
  site.between.fail("SaveWizardSession", "held");
  await tab.type("Title", " party");
  await until(() => site.between.held.length === 1, "save on its way");
  await site.between.held[0]?.release();
  await tab.saved();
  expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party" } });
});

describe("answers that are late", () => {
  it("come after more was typed, and take none of it back", async () => {
    const { path, tab } = await begun(site, "S");
    const delays = [400, 0, 900, 50, 1_500, 200];
    let asked = 0;
    site.between.delay = () => delays[asked++ % delays.length] ?? 0;
    const words = ["ummer party ", "in the garden ", "of the old mill, ", "with music ", "until the morning"];
    for (const part of words) {
      const before = savesSent();
      await tab.type("Title", part);
      // On goes the typing when the save has gone out.
      await until(() => savesSent() > before, "save");
    }
    await tab.saved();
    await tab.shows("Title", `S${words.join("")}`);
    expect(await savedState(site, path)).toEqual({ basics: { title: `S${words.join("")}` } });
  });

  it("may come after those to later questions", async () => {
    const { path, tab } = await begun(site, "Summer");
    const other = await (await site.device({ user: ADA })).open(path);
    await other.shows("Title", "Summer");
    // Two devices save; the second is answered first.
    site.between.fail("SaveWizardSession", "answer held", "answer held");
    await tab.type("Title", " party");
    await until(() => site.between.held.length === 1, "first answer");
    await other.type("Summary", "In the garden.");
    await until(() => site.between.held.length === 2, "second answer");
    await tab.type("Organizer", "Ada");
    await site.between.held[1]?.release();
    await other.saved();
    await other.shows("Title", "Summer party");
    await site.between.held[0]?.release();
    await Promise.all([tab.saved(), other.saved()]);
    await tab.shows("Summary", "In the garden.");
    expect(await savedState(site, path)).toEqual({
      basics: { title: "Summer party", summary: "In the garden.", organizerName: "Ada" },
    });
  });

  it("are left alone when they are older than what is known", async () => {
    const { path, tab } = await begun(site, "Summer");
    site.between.fail("ReadWizardSession", "answer held");
    await tab.page.evaluate(() => window.dispatchEvent(new Event("focus")));
    await until(() => site.between.held.length === 1, "reading");
    const { revision } = await site.stored(idOf(path));
    await tab.type("Title", " party");
    // A page that may be gone in a moment does not wait for its turn. This one is taken back.
    await tab.page.evaluate(() => window.dispatchEvent(new Event("pagehide")));
    await until(async () => (await site.stored(idOf(path))).revision > revision, "save past the reading");
    await until(() => site.between.acknowledged.some((answer) => answer.revision > revision), "its answer");
    await site.between.held[0]?.release();
    await tab.saved();
    await tab.shows("Title", "Summer party");
    await tab.type("Title", " again");
    await tab.saved();
    expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party again" } });
  });
});

it("loses nothing when the server is killed and started again during typing", async () => {
  const { path, tab } = await begun(site, "S");
  const text = "ummer party in the garden of the old mill";
  const [first = "", second = "", third = ""] = [text.slice(0, 12), text.slice(12, 24), text.slice(24)];
  await tab.type("Title", first);
  await site.kill();
  await tab.type("Title", second);
  await tab.says(/^Kept on this device: the server can’t be reached/);
  await site.start();
  await tab.type("Title", third);
  await tab.saved();
  await tab.shows("Title", `S${text}`);
  expect(await savedState(site, path)).toEqual({ basics: { title: `S${text}` } });
});

it("keeps two devices truthful while everything goes wrong by turns", async () => {
  const { path, tab } = await begun(site, "S");
  const other = await (await site.device({ user: ADA })).open(path);
  await other.shows("Title", "S");
  const delays = [0, 250, 30, 700];
  let asked = 0;
  site.between.delay = () => delays[asked++ % delays.length] ?? 0;
  site.between.fail(
    "SaveWizardSession",
    ...(["answer lost", "overloaded", "request lost", "answer lost", "answer lost"] as const),
  );
  site.between.fail("ReadWizardSession", "request lost", "answer lost", "overloaded");
  const titles = ["ummer ", "party ", "in the garden"];
  const summaries = ["Music, ", "food, ", "and a fire."];
  const typing = async (page: typeof tab, label: string, parts: readonly string[]) => {
    for (const part of parts) {
      await page.type(label, part);
      await page.says(/^(?:Saving|Saved|Kept on this device)/);
    }
    await page.saved();
  };
  await Promise.all([typing(tab, "Title", titles), typing(other, "Summary", summaries)]);
  const basics = { title: `S${titles.join("")}`, summary: summaries.join("") };
  expect(await savedState(site, path)).toEqual({ basics });
  await other.shows("Title", basics.title);
  await tab.shows("Summary", basics.summary);
});
