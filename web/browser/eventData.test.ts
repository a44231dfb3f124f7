import { expect, it } from "@jest/globals";
import { addTicket, choose, fillIn } from "./support/fillForm.ts";
import { openDraft, savedState } from "./support/openDraft.ts";
import { useSite } from "./support/site.ts";

const site = useSite();

it("suggests an address for a title of another script, and finds zones by country and currencies by symbol", async () => {
  const { path, tab } = await openDraft(site, "Летний праздник");
  const { page } = tab;
  const form = page.locator("form");
  expect(await tab.field("Title").getAttribute("dir")).toBe("auto");
  // Chromium would rewrite this in an input of type "email".
  await fillIn(form, { "Organizer's e-mail": "имя@почта.рф" });

  await page.getByRole("button", { name: /^Stage 2:/ }).click();
  await choose(tab, "Time zone", "Japan", "Asia/Tokyo");

  await page.getByRole("button", { name: /^Stage 4:/ }).click();
  await addTicket(tab, "First", "Free");
  expect(await page.getByRole("combobox", { name: "Currency" }).count()).toBe(0);
  const second = await addTicket(tab, "Second", "Paid");
  await choose(tab, "Currency", "Ft", "Hungarian Forint (HUF)");
  await fillIn(second, { Price: "5000" });
  await tab.button("Move up Ticket “Second”").click();
  expect(await page.getByRole("group", { name: /^Ticket “/ }).allTextContents()).toEqual([
    expect.stringContaining("Second"),
    expect.stringContaining("First"),
  ]);

  await page.getByRole("button", { name: /^Stage 5:/ }).click();
  await tab.button("Use “letniy-prazdnik”").click();
  await tab.saved();

  const state = (await savedState(site, path)) as { readonly tickets: { readonly tickets: Record<string, Ticket> } };
  expect(state).toMatchObject({
    basics: { organizerEmail: "имя@почта.рф" },
    schedule: { timezone: "Asia/Tokyo" },
    tickets: { currency: "HUF" },
    page: { slug: "letniy-prazdnik" },
  });
  const tickets = Object.values(state.tickets.tickets).map(({ name, position, priceMinor }) => [
    name,
    position,
    priceMinor,
  ]);
  expect(tickets).toEqual([
    ["First", 2, undefined],
    ["Second", 1, 500_000],
  ]);
});

it("asks which of two times is meant, keeps the choice, and says that a time does not exist", async () => {
  const { path, tab } = await openDraft(site, "Night of the clocks");
  const { page } = tab;
  await page.getByRole("button", { name: /^Stage 2:/ }).click();
  await choose(tab, "Time zone", "Berlin", "Europe/Berlin");
  await page.getByLabel("Starts", { exact: false }).first().fill("2027-10-31T02:30");
  const choice = page.getByRole("radiogroup", { name: "Starts: this time happens twice" });
  expect(await choice.getByRole("radio", { name: "Before the clocks go back (UTC+02:00)" }).isChecked()).toBe(true);
  await choice.getByRole("radio", { name: "After the clocks go back (UTC+01:00)" }).check();
  await page.getByLabel("Ends", { exact: false }).first().fill("2027-03-28T02:30");
  await page.getByText("This time does not exist in Europe/Berlin").waitFor();
  await choose(tab, "Time zone", "Paris", "Europe/Paris");
  await tab.saved();
  expect(await savedState(site, path)).toMatchObject({
    schedule: { timezone: "Europe/Paris", startsAt: "2027-10-31T02:30:00+01:00", endsAt: "2027-03-28T02:30" },
  });
  await page.getByLabel("Ends", { exact: false }).first().fill("2027-10-31T03:30");
  await tab.saved();
  expect(await savedState(site, path)).toMatchObject({ schedule: { endsAt: "2027-10-31T03:30:00+01:00" } });
  expect(await page.getByText("This time does not exist").count()).toBe(0);
});

interface Ticket {
  readonly name?: string;
  readonly position?: number;
  readonly priceMinor?: number;
}
