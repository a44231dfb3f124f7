import type { Page } from "playwright-core";
import { until } from "../../../testkit/until.ts";

const MAX_STOPS = 80;
/** Stands for "no element has the focus". */
const NOWHERE = "(nowhere)";

/** The accessible name of the focused element. */
async function focusedName(page: Page): Promise<string> {
  const name = await page.evaluate((nowhere) => {
    const element = document.activeElement as HTMLInputElement | null;
    if (!element || element === document.body) return nowhere;
    const label = document.getElementById(element.getAttribute("aria-labelledby") ?? "") ?? element.labels?.[0];
    return element.getAttribute("aria-label") ?? label?.textContent ?? element.textContent ?? "";
  }, NOWHERE);
  return name.replaceAll(/[\s*]+/g, " ").trim();
}

export async function focusedOn(page: Page, name: string | RegExp): Promise<void> {
  await until(async () => isNamed(await focusedName(page), name), `focus on ${name}`).catch(async (error: Error) => {
    throw new Error(`${error.message} It is on: ${(await focusedName(page)).slice(0, 80)}`);
  });
}

/** Presses Tab (or another key) until an element with that name has the focus. */
export async function tabTo(page: Page, name: string | RegExp, key = "Tab"): Promise<void> {
  const passed: string[] = [];
  for (let count = 0; count < MAX_STOPS; count++) {
    await page.keyboard.press(key);
    const stop = await focusedName(page);
    if (isNamed(stop, name)) return;
    passed.push(stop.slice(0, 30));
  }
  throw new Error(`The Tab key does not reach ${name}. It reaches: ${passed.join(" | ")}`);
}

export interface Stops {
  readonly names: readonly string[];
  /** The elements that look the same with and without focus. */
  readonly unmarked: readonly string[];
}

/** Visits every element that the Tab key reaches. */
export async function walkThrough(page: Page): Promise<Stops> {
  const [names, unmarked]: [string[], string[]] = [[], []];
  await page.keyboard.press("Tab");
  for (let count = 0; count < MAX_STOPS; count++) {
    const name = await focusedName(page);
    if (name === NOWHERE || (names.length > 0 && name === names[0])) return { names, unmarked };
    const stop = await page.evaluateHandle(() => document.activeElement as HTMLElement);
    const focused = await stop.evaluate(stylesOf);
    await page.keyboard.press("Tab");
    // A date input has several tab stops.
    if (await stop.evaluate((element) => element === document.activeElement)) continue;
    names.push(name);
    if ((await stop.evaluate(stylesOf)) === focused) unmarked.push(name);
  }
  throw new Error(`The Tab key reaches more than ${MAX_STOPS} elements: ${names.join(" | ")}`);
}

/** The styles of the element and its neighbours, after all transitions. Runs in the page. */
async function stylesOf(element: HTMLElement): Promise<string> {
  const changing = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
  await Promise.allSettled(changing.map(({ finished }) => finished));
  const parts = [element, element.parentElement, element.nextElementSibling].filter((part) => part !== null);
  return parts
    .map((part) => {
      const { outline, boxShadow, borderColor, backgroundColor, clipPath } = getComputedStyle(part);
      return [outline, boxShadow, borderColor, backgroundColor, clipPath].join(" ");
    })
    .join();
}

function isNamed(seen: string, name: string | RegExp): boolean {
  return typeof name === "string" ? seen === name : name.test(seen);
}
