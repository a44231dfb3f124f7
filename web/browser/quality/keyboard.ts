import type { Page } from "playwright-core";
import { until } from "../../../testkit/until.ts";

const MOST_STOPS = 80;
/** What is said of the keyboard when nothing has it. */
export const NOWHERE = "(nowhere)";

/** What has the keyboard, by the name under which it is told to somebody who can't see it. */
export async function focusedName(page: Page): Promise<string> {
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

/** Goes on with the Tab key (or another) until something of that name has the keyboard. */
export async function tabTo(page: Page, name: string | RegExp, key = "Tab"): Promise<void> {
  const passed: string[] = [];
  for (let count = 0; count < MOST_STOPS; count++) {
    await page.keyboard.press(key);
    const stop = await focusedName(page);
    if (isNamed(stop, name)) return;
    passed.push(stop.slice(0, 30));
  }
  throw new Error(`The keyboard does not get to ${name}, but to: ${passed.join(" | ")}`);
}

export interface Stops {
  readonly names: readonly string[];
  /** Those that look the same with the keyboard as without it. */
  readonly unmarked: readonly string[];
}

/** Goes once through everything that the Tab key gets to. */
export async function walkThrough(page: Page): Promise<Stops> {
  const [names, unmarked]: [string[], string[]] = [[], []];
  await page.keyboard.press("Tab");
  for (let count = 0; count < MOST_STOPS; count++) {
    const name = await focusedName(page);
    if (name === NOWHERE || (names.length > 0 && name === names[0])) return { names, unmarked };
    const stop = await page.evaluateHandle(() => document.activeElement as HTMLElement);
    const focused = await stop.evaluate(looks);
    await page.keyboard.press("Tab");
    // A date has several places to type in.
    if (await stop.evaluate((element) => element === document.activeElement)) continue;
    names.push(name);
    if ((await stop.evaluate(looks)) === focused) unmarked.push(name);
  }
  throw new Error(`The keyboard gets to more than ${MOST_STOPS} places: ${names.join(" | ")}`);
}

/** In the page, once it is no longer changing: how the element looks, with what stands around it. */
async function looks(element: HTMLElement): Promise<string> {
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
