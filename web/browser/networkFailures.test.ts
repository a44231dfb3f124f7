import { describe, expect, it } from "@jest/globals";
import { until } from "../../testkit/until.ts";
import { openDraft, savedState } from "./support/openDraft.ts";
import { ADA, idOf, useSite } from "./support/site.ts";

const site = useSite();

const savesSent = () => site.network.sent.filter(({ operation }) => operation === "SaveWizardSession").length;

it("saves once when an answer is lost", async () => {
  const { path, tab } = await openDraft(site, "Summer");
  const { revision } = await site.stored(idOf(path));
  site.network.fail("SaveWizardSession", "answer lost", "answer lost");
  await tab.type("Title", " party");
  await tab.showsStatus(/^The server can’t be reached\. Your changes are kept on this device/);
  // The save is stored, but the page has no answer.
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

it("retries when the server is overloaded", async () => {
  const { path, tab } = await openDraft(site, "Summer");
  site.network.fail("SaveWizardSession", "overloaded", "overloaded");
  await tab.type("Title", " party");
  await tab.showsStatus(/^The server can’t be reached\. Your changes are kept on this device/);
  await tab.type("Title", ", again");
  await tab.saved();
  expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party, again" } });
});

it("continues when connections break in the middle of a word", async () => {
  const { path, tab } = await openDraft(site, "Summer");
  site.network.setDown(true);
  await tab.type("Title", " par");
  await tab.showsStatus(/^The server can’t be reached\. Your changes are kept on this device/);
  await tab.type("Title", "ty");
  site.network.setDown(false);
  await tab.type("Summary", "In the garden.");
  await tab.saved();
  expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party", summary: "In the garden." } });
});

it('stops announcing "Saved" as soon as something is typed', async () => {
  const { path, tab } = await openDraft(site, "Summer");
  await tab.page
    .getByRole("status")
    .filter({ hasText: /^Saved$/ })
    .waitFor({ state: "attached" });
  site.network.fail("SaveWizardSession", "held");
  await tab.type("Title", " party");
  await until(() => site.network.held.length === 1, "save on its way");
  await site.network.held[0]?.release();
  await tab.saved();
  expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party" } });
});

describe("late answers", () => {
  it("do not undo what was typed in the meantime", async () => {
    const { path, tab } = await openDraft(site, "S");
    const delays = [400, 0, 900, 50, 1_500, 200];
    let asked = 0;
    site.network.delay = () => delays[asked++ % delays.length] ?? 0;
    const words = ["ummer party ", "in the garden ", "of the old mill, ", "with music ", "until the morning"];
    for (const part of words) {
      const before = savesSent();
      await tab.type("Title", part);
      // Type on after the save has been sent.
      await until(() => savesSent() > before, "save");
    }
    await tab.saved();
    await tab.shows("Title", `S${words.join("")}`);
    expect(await savedState(site, path)).toEqual({ basics: { title: `S${words.join("")}` } });
  });

  it("may arrive after the answers to later requests", async () => {
    const { path, tab } = await openDraft(site, "Summer");
    const other = await (await site.device({ user: ADA })).open(path);
    await other.shows("Title", "Summer");
    // Two devices save. The second gets its answer first.
    site.network.fail("SaveWizardSession", "answer held", "answer held");
    await tab.type("Title", " party");
    await until(() => site.network.held.length === 1, "first answer");
    await other.type("Summary", "In the garden.");
    await until(() => site.network.held.length === 2, "second answer");
    await tab.type("Organizer", "Ada");
    await site.network.held[1]?.release();
    await other.saved();
    await other.shows("Title", "Summer party");
    await site.network.held[0]?.release();
    await Promise.all([tab.saved(), other.saved()]);
    await tab.shows("Summary", "In the garden.");
    expect(await savedState(site, path)).toEqual({
      basics: { title: "Summer party", summary: "In the garden.", organizerName: "Ada" },
    });
  });

  it("are ignored if a newer revision is known", async () => {
    const { path, tab } = await openDraft(site, "Summer");
    site.network.fail("ReadWizardSession", "answer held");
    await tab.page.evaluate(() => window.dispatchEvent(new Event("focus")));
    await until(() => site.network.held.length === 1, "read");
    const { revision } = await site.stored(idOf(path));
    await tab.type("Title", " party");
    // On pagehide, the page saves at once without waiting for the read. The page stays open here.
    await tab.page.evaluate(() => window.dispatchEvent(new Event("pagehide")));
    await until(async () => (await site.stored(idOf(path))).revision > revision, "save during the read");
    await until(() => site.network.acknowledged.some((answer) => answer.revision > revision), "answer to the save");
    await site.network.held[0]?.release();
    await tab.saved();
    await tab.shows("Title", "Summer party");
    await tab.type("Title", " again");
    await tab.saved();
    expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party again" } });
  });
});

it("loses nothing when the server is killed and restarted during typing", async () => {
  const { path, tab } = await openDraft(site, "S");
  const text = "ummer party in the garden of the old mill";
  const [first = "", second = "", third = ""] = [text.slice(0, 12), text.slice(12, 24), text.slice(24)];
  await tab.type("Title", first);
  await site.kill();
  await tab.type("Title", second);
  await tab.showsStatus(/^The server can’t be reached\. Your changes are kept on this device/);
  await site.start();
  await tab.type("Title", third);
  await tab.saved();
  await tab.shows("Title", `S${text}`);
  expect(await savedState(site, path)).toEqual({ basics: { title: `S${text}` } });
});

it("shows no false status on two devices through a series of failures", async () => {
  const { path, tab } = await openDraft(site, "S");
  const other = await (await site.device({ user: ADA })).open(path);
  await other.shows("Title", "S");
  const delays = [0, 250, 30, 700];
  let asked = 0;
  site.network.delay = () => delays[asked++ % delays.length] ?? 0;
  site.network.fail(
    "SaveWizardSession",
    ...(["answer lost", "overloaded", "request lost", "answer lost", "answer lost"] as const),
  );
  site.network.fail("ReadWizardSession", "request lost", "answer lost", "overloaded");
  const titles = ["ummer ", "party ", "in the garden"];
  const summaries = ["Music, ", "food, ", "and a fire."];
  const typing = async (page: typeof tab, label: string, parts: readonly string[]) => {
    for (const part of parts) {
      await page.type(label, part);
      await page.showsStatus(/^(?:Saving|Saved|The server can’t be reached\. Your changes are kept on this device)/);
    }
    await page.saved();
  };
  await Promise.all([typing(tab, "Title", titles), typing(other, "Summary", summaries)]);
  const basics = { title: `S${titles.join("")}`, summary: summaries.join("") };
  expect(await savedState(site, path)).toEqual({ basics });
  await other.shows("Title", basics.title);
  await tab.shows("Summary", basics.summary);
});
