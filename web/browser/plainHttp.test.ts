import { expect, it } from "@jest/globals";
import { ADA, idOf, useSite } from "./support/site.ts";

const site = useSite();

it("starts, saves and reloads an event on a plain-http page", async () => {
  const device = await site.device({ user: ADA, plainHttp: true });
  const tab = await device.open("/");
  expect(await tab.page.evaluate("isSecureContext")).toBe(false);
  expect(await tab.page.evaluate("[typeof crypto.randomUUID, typeof navigator.locks]")).toEqual([
    "undefined",
    "undefined",
  ]);
  await tab.button("New event").click();
  await tab.type("Title", "Summer party");
  await tab.saved();
  const { pathname } = new URL(tab.page.url());
  expect((await site.stored(idOf(pathname))).state).toEqual({ basics: { title: "Summer party" } });
  await tab.page.reload();
  await tab.shows("Title", "Summer party");
  await tab.saved();
});
