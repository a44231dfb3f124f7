import { expect, it } from "@jest/globals";
import { until } from "../../testkit/until.ts";
import type { Tab } from "./support/device.ts";
import { ADA, BEN, idOf, newSession, useSite } from "./support/site.ts";

const site = useSite();

const banner = (tab: Tab) => tab.page.getByRole("alert").filter({ hasText: "Your sign-in has expired" });

/** Opens a form as Ada, lets her token expire and types more. */
async function expiredSignIn() {
  const path = newSession();
  const device = await site.device({ user: ADA });
  const tab = await device.open(path);
  await tab.type("Title", "Summer");
  await tab.saved();
  // A token that expires in two seconds.
  await device.signIn(ADA, await site.token(ADA, "2s"));
  await banner(tab).waitFor();
  await tab.type("Title", " party");
  await tab.showsStatus(/^Not saved\. Sign in again/);
  await tab.journaled("Summer party");
  return { path, tab };
}

it("asks to sign in again when the token expires, and loses nothing", async () => {
  const { path, tab } = await expiredSignIn();
  expect((await site.stored(idOf(path))).state).toEqual({ basics: { title: "Summer" } });
  await banner(tab).getByRole("button", { name: "Sign in as Ada" }).click();
  await banner(tab).waitFor({ state: "hidden" });
  await tab.saved();
  await tab.shows("Title", "Summer party");
  expect((await site.stored(idOf(path))).state).toEqual({ basics: { title: "Summer party" } });
});

it("shows no form until the draft is loaded", async () => {
  const path = newSession();
  const device = await site.device({ user: ADA });
  const tab = await device.open(path);
  await tab.type("Title", "Summer");
  await tab.saved();
  await tab.close();
  // The user comes back after the token has expired.
  await device.signIn(ADA, await site.token(ADA, "0s"));
  const later = await device.open(path);
  await banner(later).waitFor();
  await later.showsStatus(/^Not saved\. Sign in again/);
  expect(await later.page.locator("main form").count()).toBe(0);
  expect(await later.field("Title").count()).toBe(0);
  await banner(later).getByRole("button", { name: "Sign in as Ada" }).click();
  await later.shows("Title", "Summer");
  await later.saved();
  expect(await site.stored(idOf(path))).toMatchObject({ revision: 1, state: { basics: { title: "Summer" } } });
});

it("receives saves from other devices again after a new sign-in", async () => {
  const { path, tab } = await expiredSignIn();
  await banner(tab).getByRole("button", { name: "Sign in as Ada" }).click();
  await tab.saved();
  const phone = await (await site.device({ user: ADA })).open(path);
  await phone.shows("Title", "Summer party");
  await phone.type("Summary", "In the garden.");
  await phone.saved();
  await tab.shows("Summary", "In the garden.");
});

it("never sends the unsent changes of one user as another user", async () => {
  const { path, tab } = await expiredSignIn();
  const { revision } = await site.stored(idOf(path));
  await tab.button("Sign out").click();
  await tab.button("Sign in as Ben").click();
  await tab.page.getByRole("heading", { name: "Draft not found" }).waitFor();
  // Ben starts a draft of his own in the same browser.
  const own = newSession();
  await tab.page.goto(own);
  await tab.type("Title", "Ben's own");
  await tab.saved();
  expect(await site.stored(idOf(own))).toMatchObject({ user_id: BEN.id, state: { basics: { title: "Ben's own" } } });
  const patches = site.network.sent.filter(({ operation }) => operation === "SaveWizardSession");
  const hers = patches.filter(({ input }) => JSON.stringify(input.patch).includes("Summer party"));
  expect(hers).toEqual([]);
  expect(await site.stored(idOf(path))).toMatchObject({ revision, state: { basics: { title: "Summer" } } });

  // Ada's changes are still there when she signs in again.
  await tab.button("Sign out").click();
  await tab.button("Sign in as Ada").click();
  // Wait for the sign-in: without it, the page would be left before her token arrives.
  await tab.page.getByRole("heading", { name: "Draft not found" }).waitFor();
  await tab.page.goto(path);
  await tab.shows("Title", "Summer party");
  await tab.saved();
  await until(async () => (await site.stored(idOf(path))).revision > revision, "save");
  expect(await site.stored(idOf(path))).toMatchObject({
    user_id: ADA.id,
    state: { basics: { title: "Summer party" } },
  });
});
