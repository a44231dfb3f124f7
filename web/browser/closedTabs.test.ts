import { describe, expect, it } from "@jest/globals";
import { until } from "../../testkit/until.ts";
import type { Tab } from "./support/device.ts";
import { openDraft, savedState } from "./support/openDraft.ts";
import { idOf, useSite } from "./support/site.ts";

const site = useSite();

it("keeps what was typed when the page is reloaded in the middle of a word", async () => {
  const { path, tab } = await openDraft(site, "Summer");
  await tab.type("Title", " par");
  await tab.page.reload();
  await tab.shows("Title", "Summer par");
  await tab.type("Title", "ty");
  await tab.saved();
  expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party" } });
});

it("saves what was typed just before the page is left", async () => {
  const { path, tab } = await openDraft(site, "Summer");
  const { revision } = await site.stored(idOf(path));
  await tab.type("Title", " party");
  await tab.page.goto("about:blank");
  await until(async () => (await site.stored(idOf(path))).revision > revision, "save by a closed page");
  expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party" } });
});

it("keeps what was typed when the page is reloaded while saves fail", async () => {
  const { path, tab } = await openDraft(site, "Summer");
  // Only saving fails; the page itself can be loaded.
  site.network.fail("SaveWizardSession", ...Array(100).fill("request lost"));
  await tab.type("Title", " par");
  await tab.journaled("Summer par");
  await tab.page.reload();
  await tab.shows("Title", "Summer par");
  site.network.heal();
  await tab.type("Title", "ty");
  await tab.saved();
  expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party" } });
});

describe("when a tab ends without warning in the middle of a word", () => {
  const endings: [string, (tab: Tab) => Promise<void>][] = [
    ["closed", (tab) => tab.close()],
    ["crashed", (tab) => tab.crash()],
  ];
  it.each(endings)("restores what was typed: %s", async (_, end) => {
    const { path, device, tab } = await openDraft(site, "Summer");
    site.network.setDown(true);
    await tab.type("Title", " par");
    await tab.journaled("Summer par");
    await end(tab);
    site.network.setDown(false);
    const again = await device.open(path);
    await again.shows("Title", "Summer par");
    await again.type("Title", "ty");
    await again.saved();
    expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party" } });
  });
});

it("saves the unsent changes of a closed tab from another open tab", async () => {
  const { path, device, tab } = await openDraft(site, "Summer");
  const other = await device.open(path);
  await other.shows("Title", "Summer");
  site.network.setDown(true);
  await tab.type("Title", " party");
  await tab.journaled("Summer party");
  await tab.close();
  await other.type("Summary", "In the garden.");
  site.network.setDown(false);
  await other.saved();
  await other.shows("Title", "Summer party");
  expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party", summary: "In the garden." } });
});

describe("offline", () => {
  it("says that you are offline, keeps what is typed on the device, and saves it when back online", async () => {
    const { path, device, tab } = await openDraft(site, "Summer");
    await device.context.setOffline(true);
    await tab.type("Title", " party");
    await tab.showsStatus(/^Offline\. Your changes are kept on this device/);
    await tab.type("Summary", "In the garden.");
    await tab.showsStatus(/^Offline\. Your changes are kept on this device/);
    expect(await savedState(site, path)).toEqual({ basics: { title: "Summer" } });
    await device.context.setOffline(false);
    await tab.saved();
    expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party", summary: "In the garden." } });
  });

  it("keeps what was typed when a reload fails", async () => {
    const { path, device, tab } = await openDraft(site, "Summer");
    await device.context.setOffline(true);
    await tab.type("Title", " party");
    await tab.showsStatus(/^Offline\. Your changes are kept on this device/);
    await expect(tab.page.reload()).rejects.toThrow("ERR_INTERNET_DISCONNECTED");
    await device.context.setOffline(false);
    await tab.page.goto(path);
    await tab.shows("Title", "Summer party");
    await tab.saved();
    expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party" } });
  });

  it("keeps what was typed when the tab is closed while offline", async () => {
    const { path, device, tab } = await openDraft(site, "Summer");
    await device.context.setOffline(true);
    await tab.type("Title", " party");
    await tab.showsStatus(/^Offline\. Your changes are kept on this device/);
    await tab.close();
    await device.context.setOffline(false);
    const again = await device.open(path);
    await again.shows("Title", "Summer party");
    await again.saved();
    expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party" } });
  });
});
