import { describe, expect, it } from "@jest/globals";
import { until } from "../../testkit/until.ts";
import { begun, savedState } from "./support/begun.ts";
import type { Tab } from "./support/device.ts";
import { idOf, useSite } from "./support/site.ts";

const site = useSite();

it("keeps what was typed when the page is loaded again in mid-word", async () => {
  const { path, tab } = await begun(site, "Summer");
  await tab.type("Title", " par");
  await tab.page.reload();
  await tab.shows("Title", "Summer par");
  await tab.type("Title", "ty");
  await tab.saved();
  expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party" } });
});

it("saves what was typed just before the page is left", async () => {
  const { path, tab } = await begun(site, "Summer");
  const { revision } = await site.stored(idOf(path));
  await tab.type("Title", " party");
  await tab.page.goto("about:blank");
  await until(async () => (await site.stored(idOf(path))).revision > revision, "save by a page that is gone");
  expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party" } });
});

it("keeps what was typed when the page is loaded again while nothing gets through", async () => {
  const { path, tab } = await begun(site, "Summer");
  // The page itself does: only saving does not.
  site.between.fail("SaveWizardSession", ...Array(100).fill("request lost"));
  await tab.type("Title", " par");
  await tab.journaled("Summer par");
  await tab.page.reload();
  await tab.shows("Title", "Summer par");
  site.between.heal();
  await tab.type("Title", "ty");
  await tab.saved();
  expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party" } });
});

describe("when a tab is gone in mid-word, without a warning", () => {
  const endings: [string, (tab: Tab) => Promise<void>][] = [
    ["closed", (tab) => tab.close()],
    ["crashed", (tab) => tab.crash()],
  ];
  it.each(endings)("gives back what was typed: %s", async (_, end) => {
    const { path, device, tab } = await begun(site, "Summer");
    site.between.setDown(true);
    await tab.type("Title", " par");
    await tab.journaled("Summer par");
    await end(tab);
    site.between.setDown(false);
    const again = await device.open(path);
    await again.shows("Title", "Summer par");
    await again.type("Title", "ty");
    await again.saved();
    expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party" } });
  });
});

it("lets a tab that stays save what a closed one has left", async () => {
  const { path, device, tab } = await begun(site, "Summer");
  const other = await device.open(path);
  await other.shows("Title", "Summer");
  site.between.setDown(true);
  await tab.type("Title", " party");
  await tab.journaled("Summer party");
  await tab.close();
  await other.type("Summary", "In the garden.");
  site.between.setDown(false);
  await other.saved();
  await other.shows("Title", "Summer party");
  expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party", summary: "In the garden." } });
});

describe("offline", () => {
  it("says so, keeps what is typed on the device, and saves it afterwards", async () => {
    const { path, device, tab } = await begun(site, "Summer");
    await device.context.setOffline(true);
    await tab.type("Title", " party");
    await tab.says(/^Kept on this device: you are offline/);
    await tab.type("Summary", "In the garden.");
    await tab.says(/^Kept on this device: you are offline/);
    expect(await savedState(site, path)).toEqual({ basics: { title: "Summer" } });
    await device.context.setOffline(false);
    await tab.saved();
    expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party", summary: "In the garden." } });
  });

  it("keeps it when the page is loaded again in vain", async () => {
    const { path, device, tab } = await begun(site, "Summer");
    await device.context.setOffline(true);
    await tab.type("Title", " party");
    await tab.says(/^Kept on this device/);
    await expect(tab.page.reload()).rejects.toThrow("ERR_INTERNET_DISCONNECTED");
    await device.context.setOffline(false);
    await tab.page.goto(path);
    await tab.shows("Title", "Summer party");
    await tab.saved();
    expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party" } });
  });

  it("keeps it when the tab is closed before the network is back", async () => {
    const { path, device, tab } = await begun(site, "Summer");
    await device.context.setOffline(true);
    await tab.type("Title", " party");
    await tab.says(/^Kept on this device/);
    await tab.close();
    await device.context.setOffline(false);
    const again = await device.open(path);
    await again.shows("Title", "Summer party");
    await again.saved();
    expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party" } });
  });
});
