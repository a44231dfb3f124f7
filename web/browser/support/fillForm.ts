import type { Locator } from "playwright-core";
import type { Tab } from "./device.ts";

/** Goes to the next stage and waits for it. */
export async function next(tab: Tab, title: string): Promise<void> {
  await tab.button("Next").click();
  await tab.page.getByRole("heading", { level: 2, name: title }).waitFor();
}

/** Searches a long list and selects the option with that name. */
export async function choose(tab: Tab, label: string, search: string, option: string): Promise<void> {
  const list = tab.page.getByRole("combobox", { name: label });
  await list.click();
  await list.fill(search);
  await tab.page.getByRole("option", { name: option, exact: true }).click();
}

/** Fills in text fields by label. */
export async function fillIn(within: Locator, texts: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(texts)) {
    await within.getByRole("textbox", { name, exact: true }).fill(text);
  }
}

/** Adds a ticket and returns the group of its fields. */
export async function addTicket(tab: Tab, name: string, kind: string): Promise<Locator> {
  await tab.button("Add ticket").click();
  // The name field of the new ticket has the focus.
  await tab.page.keyboard.type(name);
  const ticket = tab.page.getByRole("group", { name: `Ticket “${name}”` });
  await ticket.getByRole("radio", { name: kind, exact: true }).check();
  return ticket;
}
