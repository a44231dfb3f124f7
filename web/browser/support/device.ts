import type { BrowserContext, Locator, Page } from "playwright-core";
import { until } from "../../../testkit/until.ts";
import type { Acknowledged } from "./between.ts";
import { type PageLife, untruths } from "./untruths.ts";
import { type PageRecord, REPORT, watchPage } from "./watchPage.ts";

/** Where the page keeps who is signed in (web/auth/signedIn.ts). */
export const SIGNED_IN_KEY = "stagekeep.signedIn";

export const signedInAs = ({ name }: { readonly name: string }, token: string) => JSON.stringify({ token, name });

/** One person's browser, whose pages are watched. */
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
    const before = this.#tabs.filter(({ over }) => over);
    const tab = new Tab(await this.context.newPage(), `Page ${this.#tabs.length + 1}`, before);
    this.#tabs.push(tab);
    await tab.page.goto(path);
    return tab;
  }

  /** As another tab does it: the open ones hear of it. */
  async signIn(user: { readonly name: string }, token: string): Promise<void> {
    const page = await this.context.newPage();
    await page.goto("/healthz");
    await page.evaluate(
      ([key = "", value = ""]) => localStorage.setItem(key, value),
      [SIGNED_IN_KEY, signedInAs(user, token)],
    );
    await page.close();
  }

  async untruths(): Promise<string[]> {
    // An answer comes after everything that was reported before.
    await Promise.all(this.#tabs.filter(({ over }) => !over).map(({ page }) => page.evaluate("0").catch(() => {})));
    return this.#tabs.flatMap((tab) => untruths(tab, tab.before, this.#acknowledged()));
  }

  close(): Promise<void> {
    return this.context.close();
  }
}

/** One page of a browser, and the ways in which people use it. */
export class Tab implements PageLife {
  readonly page: Page;
  readonly name: string;
  readonly before: readonly Tab[];
  readonly records: PageRecord[] = [];
  over = false;

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

  /** Letter by letter, where the caret is then: at the end of what is there. */
  async type(label: string, text: string): Promise<void> {
    await this.field(label).press("End");
    await this.page.keyboard.type(text);
  }

  /** What it says of saving, as everybody sees it. */
  async status(): Promise<string> {
    return (await this.page.getByTestId("save-status").textContent()) ?? "";
  }

  async says(words: RegExp): Promise<void> {
    await until(async () => words.test(await this.status()), `status ${words}`).catch(async (error: Error) => {
      throw new Error(`${error.message} It is: ${await this.status()}`);
    });
  }

  async saved(): Promise<void> {
    await this.says(/^Saved/);
  }

  /** The user has chosen in a dialogue, which counts as typing that. */
  async decided(pointer: string, value: string): Promise<void> {
    const at = await this.page.evaluate("Date.now()");
    const session = new URL(this.page.url()).pathname.split("/")[2];
    this.records.push({ kind: "typed", at: Number(at), session, pointer, value });
  }

  async setCaret(label: string, place: number): Promise<void> {
    await this.field(label).evaluate((field, at) => (field as HTMLInputElement).setSelectionRange(at, at), place);
  }

  caretOf(label: string): Promise<number | null> {
    return this.field(label).evaluate((field) => (field as HTMLInputElement).selectionStart);
  }

  async shows(label: string, value: string): Promise<void> {
    const field = this.field(label);
    await until(async () => (await field.inputValue()) === value, `${label}: ${value}`);
  }

  /** Waits until the browser's own database has these words. */
  async journaled(words: string): Promise<void> {
    const has = (record: PageRecord) => record.kind === "journaled" && JSON.stringify(record).includes(words);
    await until(() => this.records.some(has), `«${words}» in the journal`);
  }

  /** Without asking, and without a chance to do anything first. */
  async crash(): Promise<void> {
    const crashed = this.page.waitForEvent("crash");
    const session = await this.page.context().newCDPSession(this.page);
    session.send("Page.crash").catch(() => {});
    await crashed;
    this.over = true;
  }

  async close(): Promise<void> {
    await this.page.close({ runBeforeUnload: false });
    this.over = true;
  }
}
