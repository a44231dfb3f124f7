import { randomUUID } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { signToken, type TokenSettings } from "../../server/tokens.ts";

/** The page's storage key for the signed-in user (web/auth/signedIn.ts). */
const SIGNED_IN_KEY = "stagekeep.signedIn";
const FIRST_FIELD = '[data-pointer="/basics/title"] input';
const DRAFT = { basics: { title: "Summer party", category: "music", organizerName: "Ada" } };

export interface Visit {
  /** Milliseconds from the start of the navigation until the first field is painted and editable. */
  readonly untilUsable: number;
  /** Bytes transferred, including headers. */
  readonly sent: { readonly page: number; readonly scripts: number; readonly styles: number; readonly answers: number };
  readonly requests: number;
}

export interface Visits {
  /** With an empty cache. */
  readonly first: readonly Visit[];
  /** A second visit in the same browser. */
  readonly again: readonly Visit[];
}

export interface MeasureOptions {
  readonly browser: Browser;
  readonly url: string;
  readonly tokens: TokenSettings;
  readonly visits: number;
}

export async function measureVisits(options: MeasureOptions, progress: (line: string) => void): Promise<Visits> {
  const { browser, url, tokens, visits } = options;
  const token = await signToken(tokens, { sub: randomUUID(), role: "authenticated", expiresIn: "1h" });
  const id = await makeDraft(url, token);
  const [first, again]: [Visit[], Visit[]] = [[], []];
  // The first visit warms up the server and is not counted.
  for (let number = 0; number <= visits; number++) {
    const context = await browser.newContext();
    const stored = JSON.stringify([SIGNED_IN_KEY, JSON.stringify({ token })]);
    await context.addInitScript(`localStorage.setItem(...${stored})`);
    await context.addInitScript(noteWhenUsable, FIRST_FIELD);
    const page = await context.newPage();
    const pair = [await visit(page, `${url}/sessions/${id}`), await visit(page, `${url}/sessions/${id}`)] as const;
    await context.close();
    if (number === 0) continue;
    first.push(pair[0]);
    again.push(pair[1]);
    progress(`${number} of ${visits}: ${pair.map(({ untilUsable }) => `${untilUsable.toFixed(0)} ms`).join(", ")}`);
  }
  return { first, again };
}

async function visit(page: Page, address: string): Promise<Visit> {
  await page.goto(address);
  await page.waitForFunction(() => "usableAt" in window);
  // Checks that the field is editable.
  await page.locator(FIRST_FIELD).press("End");
  await page.keyboard.type("!");
  if (!(await page.locator(FIRST_FIELD).inputValue()).endsWith("!")) throw new Error("The field did not accept text.");
  await page.locator("[data-testid=save-status][data-phase=saved]").waitFor();
  const untilUsable = await page.evaluate<number>("usableAt");
  const loaded = await page.evaluate((before) => {
    const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    return (entries as PerformanceResourceTiming[])
      .filter(({ startTime }) => startTime <= before)
      .map(({ name, initiatorType, transferSize }) => ({ name: new URL(name).pathname, initiatorType, transferSize }));
  }, untilUsable);
  const sum = (matches: (entry: (typeof loaded)[number]) => boolean) =>
    loaded.filter(matches).reduce((total, { transferSize }) => total + transferSize, 0);
  return {
    untilUsable,
    sent: {
      page: sum(({ initiatorType }) => initiatorType === "navigation"),
      scripts: sum(({ name }) => name.endsWith(".js")),
      styles: sum(({ name }) => name.endsWith(".css")),
      answers: sum(({ name }) => name === "/graphql"),
    },
    requests: loaded.filter(({ transferSize }) => transferSize > 0).length,
  };
}

/** Runs in the page before its own scripts. Records when the field is present, painted and editable. */
function noteWhenUsable(selector: string): void {
  const observer = new MutationObserver(() => {
    const field = document.querySelector<HTMLInputElement>(selector);
    if (!field || field.disabled || field.readOnly) return;
    observer.disconnect();
    // The frame after the one that paints it.
    requestAnimationFrame(() => requestAnimationFrame(() => Object.assign(window, { usableAt: performance.now() })));
  });
  observer.observe(document, { childList: true, subtree: true, attributes: true });
}

async function makeDraft(url: string, token: string): Promise<string> {
  const id = randomUUID();
  const query = `mutation ($session: WizardSessionInput!) {
    createWizardSession(input: { wizardSession: $session }) { wizardSession { id } }
  }`;
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables: { session: { id, state: DRAFT } } }),
  });
  const answer = (await response.json()) as { errors?: unknown };
  if (answer.errors) throw new Error(`Could not create the draft: ${JSON.stringify(answer.errors)}`);
  return id;
}
