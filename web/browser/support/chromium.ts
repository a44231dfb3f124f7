import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const USUAL_PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];
/** A name for this machine that browsers do not trust: a page from it is not in a secure context, unlike one from 127.0.0.1. */
export const PLAIN_HTTP_HOST = "stagekeep.test";
// Nothing but the tests' own requests, and what a container without a graphics card and a sandbox needs.
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  `--host-resolver-rules=MAP ${PLAIN_HTTP_HOST} 127.0.0.1`,
];

/** Starts the system's Chromium; `CHROMIUM` names another one. */
export function startChromium(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM || USUAL_PLACES.find((place) => existsSync(place));
  if (executablePath === undefined) {
    throw new Error(`There is no Chromium at ${USUAL_PLACES.join(" or ")}. Install it, or name it in CHROMIUM.`);
  }
  return chromium.launch({ executablePath, args: FLAGS });
}
