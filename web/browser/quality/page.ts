import { afterAll, afterEach, beforeAll, beforeEach } from "@jest/globals";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { buildPage, PAGE_FOLDER } from "../../../server/page/build.ts";
import { signToken } from "../../../server/tokens.ts";
import { type Caller, TEST_TOKENS, type TestApi, useTestApi } from "../../../testkit/api.ts";
import { startChromium } from "../support/chromium.ts";
import { SIGNED_IN_KEY, signedInAs } from "../support/device.ts";
import { ADA, type User } from "../support/site.ts";
import { noteTroubles } from "./troubles.ts";

const PICTURES = "https://images.example.com";
const PICTURE =
  '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4"><rect width="8" height="4" fill="#496"/></svg>';
const WAITS_MS = 15_000;
const BUILDS_MS = 120_000;

export interface TestPage {
  readonly api: TestApi;
  /** A new tab of a browser that nobody has used, for each test. */
  readonly page: Page;
  /** What happened in it that must not; see noteTroubles. */
  readonly troubles: string[];
  /** Ada, to whom the demo sign-in of the same name belongs, by way of the API. */
  readonly ada: Caller;
  open(path: string): Promise<void>;
  /** Signed in without the form, as in an earlier visit. */
  signIn(user: User): Promise<void>;
}

/** Gives the test file that calls it the built page, served by the real server, in a real browser. */
export function useTestPage(options: BrowserContextOptions = {}, { development = true } = {}): TestPage {
  beforeAll(() => buildPage(() => {}), BUILDS_MS);
  const api = useTestApi({ development, pageFolder: PAGE_FOLDER });
  let browser: Browser;
  let context: BrowserContext;
  const now: { page?: Page; troubles?: string[]; ada?: Caller } = {};

  beforeAll(async () => {
    browser = await startChromium();
    now.ada = await api.user(ADA.id);
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    context = await browser.newContext({ locale: "en-GB", timezoneId: "Europe/Berlin", ...options });
    await context.route(`${PICTURES}/**`, (route) => route.fulfill({ body: PICTURE, contentType: "image/svg+xml" }));
    context.setDefaultTimeout(WAITS_MS);
    now.page = await context.newPage();
    now.troubles = noteTroubles(now.page, ({ origin }) => [api.url(""), PICTURES].includes(origin));
  });
  afterEach(() => context.close());

  return {
    api,
    get page() {
      return got(now.page);
    },
    get troubles() {
      return got(now.troubles);
    },
    get ada() {
      return got(now.ada);
    },
    open: async (path) => {
      await got(now.page).goto(api.url(path));
    },
    signIn: async (user) => {
      const token = await signToken(TEST_TOKENS, { sub: user.id, role: user.role, expiresIn: "1h" });
      const pair = JSON.stringify([SIGNED_IN_KEY, signedInAs(user, token)]);
      // Once: what the page makes of it later stays.
      await context.addInitScript(`localStorage.length || localStorage.setItem(...${pair})`);
    },
  };
}

function got<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("This is there only once the tests run.");
  return value;
}
