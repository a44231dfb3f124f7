import type { BrowserContext, Locator, Page } from "playwright-core";
import { until } from "../../../testkit/until.ts";
import type { Acknowledged } from "./fakeNetwork.ts";
import { falseStatuses, type PageLife } from "./falseStatuses.ts";
import { type PageRecord, REPORT, watchPage } from "./watchPage.ts";

/** The localStorage key under which the page keeps the sign-in (web/auth/signedIn.ts). */
export const SIGNED_IN_KEY = "stagekeep.signedIn";

export const signedInAs = ({ name }: { readonly name: string }, token: string) => JSON.stringify({ token, name });

/** The browser of one person. It records what happens in its pages. */
export class Device {
  readonly context: BrowserContext;
  readonly #tabs: Tab[] = [];
  readonly #acknowledged: () => readonly Acknowledged[];

  private constructor(context: BrowserContext, acknowledged: () => readonly Acknowledged[]) {
    this.context = context;
    this.#acknowledged = acknowledged;
  }

  static async of(context: BrowserContext, acknowledged: () => readonly Acknowledged[]): Promise<Device> {
    const device = new Device(context, acknowledged);
    await context.exposeBinding(REPORT, ({ page }, record: string) => {
      device.#tabs.find((tab) => tab.page === page)?.records.push(JSON.parse(record));
    });
    await context.addInitScript(watchPage, REPORT);
    return device;
  }

  async open(path: string): Promise<Tab> {
    const before = this.#tabs.filter(({ ended }) => ended);
    const tab = new Tab(await this.context.newPage(), `Page ${this.#tabs.length + 1}`, before);
    this.#tabs.push(tab);
    await tab.page.goto(path);
    return tab;
  }

  /** Signs in from another tab. The open tabs are notified by a storage event. */
  async signIn(user: { readonly name: string }, token: string): Promise<void> {
    const page = await this.context.newPage();
    await page.goto("/healthz");
    await page.evaluate(
      ([key = "", value = ""]) => localStorage.setItem(key, value),
      [SIGNED_IN_KEY, signedInAs(user, token)],
    );
    await page.close();
  }

  async falseStatuses(): Promise<string[]> {
    // The reply to `evaluate` arrives after all earlier reports of the page.
    await Promise.all(this.#tabs.filter(({ ended }) => !ended).map(({ page }) => page.evaluate("0").catch(() => {})));
    return this.#tabs.flatMap((tab) => falseStatuses(tab, tab.before, this.#acknowledged()));
  }

  close(): Promise<void> {
    return this.context.close();
  }
}

/** A tab of a browser, with the actions of its user. */
export class Tab implements PageLife {
  readonly page: Page;
  readonly name: string;
  readonly before: readonly Tab[];
  readonly records: PageRecord[] = [];
  ended = false;

  constructor(page: Page, name: string, before: readonly Tab[]) {
    this.page = page;
    this.name = name;
    this.before = before;
  }

  field(label: string): Locator {
    return this.page.getByRole("textbox", { name: label, exact: true });
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  /** Types at the end of the field, key by key. */
  async type(label: string, text: string): Promise<void> {
    await this.field(label).press("End");
    await this.page.keyboard.type(text);
  }

  /** The visible save status. */
  async status(): Promise<string> {
    return (await this.page.getByTestId("save-status").textContent()) ?? "";
  }

  async showsStatus(text: RegExp): Promise<void> {
    await until(async () => text.test(await this.status()), `status ${text}`).catch(async (error: Error) => {
      throw new Error(`${error.message} It is: ${await this.status()}`);
    });
  }

  async saved(): Promise<void> {
    await this.showsStatus(/^Saved/);
  }

  /** Records that the user chose a value in the conflict dialog. It counts as typing that value. */
  async choseInDialog(pointer: string, value: string): Promise<void> {
    const at = await this.page.evaluate("Date.now()");
    const session = new URL(this.page.url()).pathname.split("/")[2];
    this.records.push({ kind: "typed", at: Number(at), session, pointer, value });
  }

  async setCaret(label: string, position: number): Promise<void> {
    await this.field(label).evaluate((field, at) => (field as HTMLInputElement).setSelectionRange(at, at), position);
  }

  caretOf(label: string): Promise<number | null> {
    return this.field(label).evaluate((field) => (field as HTMLInputElement).selectionStart);
  }

  async shows(label: string, value: string): Promise<void> {
    const field = this.field(label);
    await until(async () => (await field.inputValue()) === value, `${label}: ${value}`);
  }

  /** Waits until the journal in IndexedDB contains this text. */
  async journaled(text: string): Promise<void> {
    const has = (record: PageRecord) => record.kind === "journaled" && JSON.stringify(record).includes(text);
    await until(() => this.records.some(has), `"${text}" in the journal`);
  }

  /** Crashes the renderer: the page can run no code before it ends. */
  async crash(): Promise<void> {
    const crashed = this.page.waitForEvent("crash");
    const session = await this.page.context().newCDPSession(this.page);
    session.send("Page.crash").catch(() => {});
    await crashed;
    this.ended = true;
  }

  async close(): Promise<void> {
    await this.page.close({ runBeforeUnload: false });
    this.ended = true;
  }
}
