import { ADA, idOf, newSession, type Site } from "./site.ts";

/** A session in a page of Ada's, with a saved title. */
export async function begun(site: Site, title: string) {
  const path = newSession();
  const device = await site.device({ user: ADA });
  const tab = await device.open(path);
  await tab.type("Title", title);
  await tab.saved();
  return { path, device, tab };
}

/** The state of the session at that address, past the policies. */
export async function savedState(site: Site, path: string): Promise<unknown> {
  return (await site.stored(idOf(path))).state;
}
