import type { Locator } from "playwright-core";
import type { Tab } from "./device.ts";

/** Goes on to the next stage, and waits for it. */
export async function next(tab: Tab, title: string): Promise<void> {
  await tab.button("Next").click();
  await tab.page.getByRole("heading", { level: 2, name: title }).waitFor();
}

/** Searches in a long list, and takes the one of that name. */
export async function choose(tab: Tab, label: string, search: string, option: string): Promise<void> {
  const list = tab.page.getByRole("combobox", { name: label });
  await list.click();
  await list.fill(search);
  await tab.page.getByRole("option", { name: option, exact: true }).click();
}

/** Fills in the text fields that have those labels. */
export async function fillIn(within: Locator, texts: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(texts)) {
    await within.getByRole("textbox", { name, exact: true }).fill(text);
  }
}

/** Adds a ticket of that name, and gives the group of its fields. */
export async function addTicket(tab: Tab, name: string, kind: string): Promise<Locator> {
  await tab.button("Add ticket").click();
  // The caret is where the name belongs.
  await tab.page.keyboard.type(name);
  const ticket = tab.page.getByRole("group", { name: `Ticket “${name}”` });
  await ticket.getByRole("radio", { name: kind, exact: true }).check();
  return ticket;
}
