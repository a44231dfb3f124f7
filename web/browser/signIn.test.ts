import { expect, it } from "@jest/globals";
import { until } from "../../testkit/until.ts";
import type { Tab } from "./support/device.ts";
import { ADA, BEN, idOf, newSession, useSite } from "./support/site.ts";

const site = useSite();

const banner = (tab: Tab) => tab.page.getByRole("alert").filter({ hasText: "Your sign-in has ended" });

/** Ada, in mid-form, when her token ends. */
async function ended() {
  const path = newSession();
  const device = await site.device({ user: ADA });
  const tab = await device.open(path);
  await tab.type("Title", "Summer");
  await tab.saved();
  // As one that was signed for so long that it ends now.
  await device.signIn(ADA, await site.token(ADA, "2s"));
  await banner(tab).waitFor();
  await tab.type("Title", " party");
  await tab.says(/^Not saved: sign in again/);
  await tab.journaled("Summer party");
  return { path, tab };
}

it("asks to sign in again when the token ends in mid-form, and loses nothing", async () => {
  const { path, tab } = await ended();
  expect((await site.stored(idOf(path))).state).toEqual({ basics: { title: "Summer" } });
  await banner(tab).getByRole("button", { name: "Sign in as Ada" }).click();
  await banner(tab).waitFor({ state: "hidden" });
  await tab.saved();
  await tab.shows("Title", "Summer party");
  expect((await site.stored(idOf(path))).state).toEqual({ basics: { title: "Summer party" } });
});

it("shows no form before there is a draft to fill it with", async () => {
  const path = newSession();
  const device = await site.device({ user: ADA });
  const tab = await device.open(path);
  await tab.type("Title", "Summer");
  await tab.saved();
  await tab.close();
  // Whoever comes back on another day.
  await device.signIn(ADA, await site.token(ADA, "0s"));
  const later = await device.open(path);
  await banner(later).waitFor();
  await later.says(/^Not saved: sign in again/);
  expect(await later.page.locator("main form").count()).toBe(0);
  expect(await later.field("Title").count()).toBe(0);
  await banner(later).getByRole("button", { name: "Sign in as Ada" }).click();
  await later.shows("Title", "Summer");
  await later.saved();
  expect(await site.stored(idOf(path))).toMatchObject({ revision: 1, state: { basics: { title: "Summer" } } });
});

it("hears of saves elsewhere again after a new sign-in", async () => {
  const { path, tab } = await ended();
  await banner(tab).getByRole("button", { name: "Sign in as Ada" }).click();
  await tab.saved();
  const phone = await (await site.device({ user: ADA })).open(path);
  await phone.shows("Title", "Summer party");
  await phone.type("Summary", "In the garden.");
  await phone.saved();
  await tab.shows("Summary", "In the garden.");
});

it("never sends what one user has typed as another", async () => {
  const { path, tab } = await ended();
  const { revision } = await site.stored(idOf(path));
  await tab.button("Sign out").click();
  await tab.button("Sign in as Ben").click();
  await tab.page.getByRole("heading", { name: "There is no such draft" }).waitFor();
  // He goes on with something of his own, in the same browser.
  const own = newSession();
  await tab.page.goto(own);
  await tab.type("Title", "Ben's own");
  await tab.saved();
  expect(await site.stored(idOf(own))).toMatchObject({ user_id: BEN.id, state: { basics: { title: "Ben's own" } } });
  const patches = site.between.sent.filter(({ operation }) => operation === "SaveWizardSession");
  const hers = patches.filter(({ input }) => JSON.stringify(input.patch).includes("Summer party"));
  expect(hers).toEqual([]);
  expect(await site.stored(idOf(path))).toMatchObject({ revision, state: { basics: { title: "Summer" } } });

  // It waits for her.
  await tab.button("Sign out").click();
  await tab.button("Sign in as Ada").click();
  // Now she is: the page before would be left with her token still on its way.
  await tab.page.getByRole("heading", { name: "There is no such draft" }).waitFor();
  await tab.page.goto(path);
  await tab.shows("Title", "Summer party");
  await tab.saved();
  await until(async () => (await site.stored(idOf(path))).revision > revision, "save");
  expect(await site.stored(idOf(path))).toMatchObject({
    user_id: ADA.id,
    state: { basics: { title: "Summer party" } },
  });
});
