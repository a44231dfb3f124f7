import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const USUAL_PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];
/** A host name that maps to 127.0.0.1. Browsers do not treat its pages as a secure context. */
export const PLAIN_HTTP_HOST = "stagekeep.test";
// No requests other than those of the tests, and what a container without a GPU and a sandbox needs.
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

/** Starts the Chromium of the system, or the one at the path in `CHROMIUM`. */
export function startChromium(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM || USUAL_PATHS.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error(`There is no Chromium at ${USUAL_PATHS.join(" or ")}. Install it, or set CHROMIUM to its path.`);
  }
  return chromium.launch({ executablePath, args: FLAGS });
}
