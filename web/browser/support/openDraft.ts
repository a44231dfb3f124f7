import { ADA, idOf, newSession, type Site } from "./site.ts";

/** Opens a new draft as Ada and saves a title. */
export async function openDraft(site: Site, title: string) {
  const path = newSession();
  const device = await site.device({ user: ADA });
  const tab = await device.open(path);
  await tab.type("Title", title);
  await tab.saved();
  return { path, device, tab };
}

/** The stored state of the draft at that path, read without RLS. */
export async function savedState(site: Site, path: string): Promise<unknown> {
  return (await site.stored(idOf(path))).state;
}
