import { describe, expect, it } from "@jest/globals";
import { until } from "../../testkit/until.ts";
import type { Tab } from "./support/device.ts";
import { openDraft, savedState } from "./support/openDraft.ts";
import { ADA, useSite } from "./support/site.ts";

const site = useSite();

/** Opens the same draft, with a saved title, in two tabs of one browser or on two devices. */
async function twoPages(where: "tabs" | "devices", title: string): Promise<{ path: string; one: Tab; other: Tab }> {
  const { path, device, tab: one } = await openDraft(site, title);
  const second = where === "tabs" ? device : await site.device({ user: ADA });
  const other = await second.open(path);
  await other.shows("Title", title);
  await other.saved();
  return { path, one, other };
}

/** Types different titles in both pages. One save wins; the other page asks what to keep. */
async function conflict(where: "tabs" | "devices") {
  const pages = await twoPages(where, "Party");
  const { one, other } = pages;
  // The second save is sent after the first one is stored.
  site.network.fail("SaveWizardSession", "held");
  await one.field("Title").fill("Summer party");
  await other.field("Title").fill("Winter party");
  await other.type("Summary", "In the garden.");
  await until(() => site.network.held.length > 0, "save on its way");
  await site.network.held[0]?.release();
  await Promise.race([one.saved(), other.saved()]);
  const asked = await Promise.any(
    [one, other].map((tab) =>
      chooseNow(tab)
        .waitFor()
        .then(() => tab),
    ),
  );
  return { ...pages, asked, winner: asked === one ? other : one };
}

const chooseNow = (tab: Tab) => tab.page.getByRole("alert").getByRole("button", { name: "Choose now" });
const dialogOf = (tab: Tab) => tab.page.getByRole("dialog", { name: "Choose what to keep" });

describe("two tabs of one browser", () => {
  it("save changes to different fields", async () => {
    const { path, one, other } = await twoPages("tabs", "Party");
    await Promise.all([one.type("Summary", "In the garden."), other.type("Organizer", "Ada")]);
    await Promise.all([one.saved(), other.saved()]);
    await one.shows("Organizer", "Ada");
    await other.shows("Summary", "In the garden.");
    expect(await savedState(site, path)).toEqual({
      basics: { title: "Party", summary: "In the garden.", organizerName: "Ada" },
    });
  });

  it.each(["Mine", "Theirs"] as const)(
    "ask what to keep after changes to the same field, and save the choice: %s",
    async (side) => {
      const { path, asked, winner } = await conflict("tabs");
      const [mine, theirs] = [await asked.field("Title").inputValue(), await winner.field("Title").inputValue()];
      expect([mine, theirs].toSorted()).toEqual(["Summer party", "Winter party"]);
      await asked.showsStatus(/^Not saved\. The same fields were changed somewhere else/);
      const chosen = side === "Mine" ? mine : theirs;
      await chooseNow(asked).click();
      await dialogOf(asked).getByRole("radio", { name: side }).check();
      await asked.choseInDialog("/basics/title", chosen);
      await asked.button("Save my choice").click();
      await dialogOf(asked).waitFor({ state: "hidden" });
      await asked.saved();
      expect(await savedState(site, path)).toEqual({ basics: { title: chosen, summary: "In the garden." } });
      await winner.shows("Title", chosen);
      await winner.shows("Summary", "In the garden.");
    },
  );
});

describe("a phone and a laptop", () => {
  it("show each other's changes without moving the caret", async () => {
    const { path, one: laptop, other: phone } = await twoPages("devices", "Party");
    await phone.field("Summary").fill("In the garden.");
    await phone.saved();
    await laptop.field("Organizer").fill("Ada Lovelace");
    await laptop.saved();
    await laptop.shows("Summary", "In the garden.");
    await laptop.setCaret("Organizer", 3);

    await phone.field("Title").fill("Summer party");
    await phone.saved();
    await laptop.shows("Title", "Summer party");
    expect(await laptop.caretOf("Organizer")).toBe(3);
    await laptop.page.keyboard.type(" Augusta");
    await laptop.saved();
    await phone.shows("Organizer", "Ada Augusta Lovelace");
    expect(await savedState(site, path)).toEqual({
      basics: { title: "Summer party", summary: "In the garden.", organizerName: "Ada Augusta Lovelace" },
    });
  });

  it("show what they missed while offline", async () => {
    const { path, one: laptop, other: phone } = await twoPages("devices", "Party");
    site.network.setDown(true);
    await phone.field("Title").fill("Summer party");
    await phone.showsStatus(/^The server can’t be reached\. Your changes are kept on this device/);
    site.network.setDown(false);
    await phone.saved();
    // The laptop shows it without any action.
    await laptop.shows("Title", "Summer party");
    await phone.field("Summary").fill("In the garden.");
    await phone.saved();
    await laptop.shows("Summary", "In the garden.");
    expect(await savedState(site, path)).toEqual({ basics: { title: "Summer party", summary: "In the garden." } });
  });

  it("ask what to keep after changes to the same field", async () => {
    const { path, asked } = await conflict("devices");
    const mine = await asked.field("Title").inputValue();
    await chooseNow(asked).click();
    await dialogOf(asked).getByRole("radio", { name: "Mine" }).check();
    await asked.button("Save my choice").click();
    await asked.saved();
    expect(await savedState(site, path)).toEqual({ basics: { title: mine, summary: "In the garden." } });
  });
});
