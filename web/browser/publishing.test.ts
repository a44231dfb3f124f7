import { expect, it } from "@jest/globals";
import { completeState, countEvents, publish } from "../../testkit/events.ts";
import { addTicket, choose, fillIn, next } from "./support/fillForm.ts";
import { ADA, BEN, idOf, useSite } from "./support/site.ts";

const site = useSite();

const PUBLISH_NOW = { visibility: "public", acceptTerms: true };

it("leads from signing in to a published event page", async () => {
  const device = await site.device();
  const tab = await device.open("/");
  const { page } = tab;
  const form = page.locator("form");
  await tab.button("Sign in as Ada").click();
  await tab.button("New event").click();

  await fillIn(form, { Title: "Summer party", Organizer: "Ada Lovelace", Summary: "A long evening in the garden." });
  await page.getByLabel("Category").selectOption("Music");
  await fillIn(form, { "Organizer's e-mail": "ada@example.com" });
  await next(tab, "Date and time");

  await tab.button("Use Europe/Berlin").click();
  await page.getByLabel("Starts").fill("2027-06-19T18:00");
  await page.getByLabel("Ends").fill("2027-06-19T23:00");
  await page.getByLabel("Doors open").fill("2027-06-19T17:30");
  // Another time zone keeps the wall-clock times.
  await choose(tab, "Time zone", "Lisb", "Europe/Lisbon");
  await next(tab, "Place");

  await page.getByRole("radio", { name: "At a venue", exact: true }).check();
  await fillIn(form, { Venue: "The old mill", Address: "Rua da Moagem 3", City: "Sintra", "Postal code": "2710-501" });
  await choose(tab, "Country", "Portug", "Portugal (PT)");
  await next(tab, "Tickets");

  const early = await addTicket(tab, "Early bird", "Paid");
  await choose(tab, "Currency", "€", "Euro (EUR)");
  await fillIn(early, { Price: "12.5", "Number of tickets": "50", "Maximum per order": "4" });
  const child = await addTicket(tab, "Child", "Free");
  await fillIn(child, { "Number of tickets": "30" });
  await next(tab, "Event page");

  await fillIn(form, { Description: "# Come along\n\nBring a **blanket**." });
  await tab.button("Use “summer-party”").click();
  await fillIn(form, { "Accent colour": "#1a73e8", "Support e-mail": "help@example.com" });
  await next(tab, "Review and publish");

  await page.getByRole("radio", { name: /^Public/ }).check();
  await tab.saved();
  // The list of problems links to the fields.
  await tab.button("Publish").click();
  await page
    .getByRole("alert")
    .getByRole("link", { name: /I accept the terms/ })
    .click();
  await page.keyboard.press("Space");
  const { pathname } = new URL(page.url());
  await tab.button("Publish").click();
  await page.waitForURL("/e/summer-party");

  const { state, status, user_id, event_id } = await site.stored(idOf(pathname));
  const keys = Object.keys((state as { tickets: { tickets: object } }).tickets.tickets);
  expect({ state, status, user_id }).toEqual({
    status: "completed",
    user_id: ADA.id,
    state: {
      basics: {
        title: "Summer party",
        category: "music",
        summary: "A long evening in the garden.",
        organizerName: "Ada Lovelace",
        organizerEmail: "ada@example.com",
      },
      schedule: {
        timezone: "Europe/Lisbon",
        startsAt: "2027-06-19T18:00:00+01:00",
        endsAt: "2027-06-19T23:00:00+01:00",
        doorsAt: "2027-06-19T17:30:00+01:00",
      },
      location: {
        mode: "venue",
        venueName: "The old mill",
        address: "Rua da Moagem 3",
        city: "Sintra",
        postalCode: "2710-501",
        country: "PT",
      },
      tickets: {
        currency: "EUR",
        tickets: {
          [keys[0] ?? ""]: { name: "Early bird", kind: "paid", priceMinor: 1250, quantity: 50, maxPerOrder: 4 },
          [keys[1] ?? ""]: { name: "Child", kind: "free", quantity: 30 },
        },
      },
      page: {
        description: "# Come along\n\nBring a **blanket**.",
        slug: "summer-party",
        accent: "#1a73e8",
        supportEmail: "help@example.com",
      },
      publish: { visibility: "public", acceptTerms: true },
    },
  });
  const { rows } = await site.db.root.query("select title, slug from events where id = $1", [event_id]);
  expect(rows).toEqual([{ title: "Summer party", slug: "summer-party" }]);

  // Visitors need no account.
  const guest = await (await site.device()).open("/e/summer-party");
  const article = guest.page.getByRole("article");
  await article.getByRole("heading", { level: 1, name: "Summer party" }).waitFor();
  await article.getByRole("heading", { name: "Come along" }).waitFor();
  const shown = await article.textContent();
  for (const words of ["Ada Lovelace", "The old mill", "2710-501 Sintra", "Portugal", "Early bird", "12.50", "Child"]) {
    expect(shown).toContain(words);
  }
  expect(shown).toMatch(/19 June 2027|June 19, 2027/);
  expect(shown).not.toContain("ada@example.com");
});

it("edits a published event at the same address", async () => {
  const title = "Autumn party";
  const { id, slug } = await publish(site.db, ADA.id, {
    basics: { ...completeState().basics, title },
    publish: PUBLISH_NOW,
  });
  const before = await countEvents(site.db, ADA.id);
  const tab = await (await site.device({ user: ADA })).open("/");
  const { page } = tab;
  await tab.button(`Edit ${title}`).click();
  await tab.saved();
  await tab.field("Title").fill("Winter party");
  await page.getByRole("button", { name: /^Stage 6:/ }).click();
  // The terms must be accepted again for each publication.
  await page.getByRole("checkbox", { name: /I accept the terms/ }).check();
  await tab.saved();
  const { pathname } = new URL(page.url());
  await tab.button("Publish").click();
  await page.waitForURL(`/e/${slug}`);

  expect(await site.stored(idOf(pathname))).toMatchObject({ status: "completed", event_id: id });
  expect(await countEvents(site.db, ADA.id)).toBe(before);
  const guest = await (await site.device()).open(`/e/${slug}`);
  await guest.page.getByRole("heading", { level: 1, name: "Winter party" }).waitFor();
});

it('says "Published" only if the event exists', async () => {
  const { id } = await publish(site.db, BEN.id, { publish: PUBLISH_NOW });
  const tab = await (await site.device({ user: BEN })).open("/");
  const row = tab.page.getByRole("main").getByRole("listitem");
  await row.getByText("Published", { exact: true }).waitFor();
  await row.getByRole("link", { name: /^View event page of / }).waitFor();
  await site.db.root.query("update events set status = 'draft' where id = $1", [id]);
  await site.db.root.query("delete from events where id = $1", [id]);
  await tab.page.reload();
  await row.getByText("Completed", { exact: true }).waitFor();
  expect(await row.getByRole("link").allTextContents()).toEqual(["View"]);
  expect(await row.getByRole("button").allTextContents()).toEqual(["Delete"]);
  await row.getByRole("link").click();
  await tab.page.getByText("it has no event").waitFor();
});
