import { afterAll, afterEach, beforeAll, beforeEach } from "@jest/globals";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { buildPage, PAGE_FOLDER } from "../../../server/page/build.ts";
import { signToken } from "../../../server/tokens.ts";
import { type Caller, TEST_TOKENS, type TestApi, useTestApi } from "../../../testkit/api.ts";
import { startChromium } from "../support/chromium.ts";
import { SIGNED_IN_KEY, signedInAs } from "../support/device.ts";
import { ADA, type User } from "../support/site.ts";
import { recordPageErrors } from "./pageErrors.ts";

const IMAGES_ORIGIN = "https://images.example.com";
const IMAGE =
  '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4"><rect width="8" height="4" fill="#496"/></svg>';
const TIMEOUT_MS = 15_000;
const BUILD_TIMEOUT_MS = 120_000;

export interface TestPage {
  readonly api: TestApi;
  /** A tab of a new browser context, for each test. */
  readonly page: Page;
  /** The errors of the page; see recordPageErrors. */
  readonly errors: string[];
  /** The demo user Ada, as a caller of the API. */
  readonly ada: Caller;
  open(path: string): Promise<void>;
  /** Signs in without the form, as if in an earlier visit. */
  signIn(user: User): Promise<void>;
}

/** Opens the built page, served by the real server, in a real browser. Call it at the top level of a test file. */
export function useTestPage(options: BrowserContextOptions = {}, { development = true } = {}): TestPage {
  beforeAll(() => buildPage(() => {}), BUILD_TIMEOUT_MS);
  const api = useTestApi({ development, pageFolder: PAGE_FOLDER });
  let browser: Browser;
  let context: BrowserContext;
  const current: { page?: Page; errors?: string[]; ada?: Caller } = {};

  beforeAll(async () => {
    browser = await startChromium();
    current.ada = await api.user(ADA.id);
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    context = await browser.newContext({ locale: "en-GB", timezoneId: "Europe/Berlin", ...options });
    await context.route(`${IMAGES_ORIGIN}/**`, (route) => route.fulfill({ body: IMAGE, contentType: "image/svg+xml" }));
    context.setDefaultTimeout(TIMEOUT_MS);
    current.page = await context.newPage();
    current.errors = recordPageErrors(current.page, ({ origin }) => [api.url(""), IMAGES_ORIGIN].includes(origin));
  });
  afterEach(() => context.close());

  return {
    api,
    get page() {
      return required(current.page);
    },
    get errors() {
      return required(current.errors);
    },
    get ada() {
      return required(current.ada);
    },
    open: async (path) => {
      await required(current.page).goto(api.url(path));
    },
    signIn: async (user) => {
      const token = await signToken(TEST_TOKENS, { sub: user.id, role: user.role, expiresIn: "1h" });
      const pair = JSON.stringify([SIGNED_IN_KEY, signedInAs(user, token)]);
      // Only if nothing is stored: later changes by the page stay.
      await context.addInitScript(`localStorage.length || localStorage.setItem(...${pair})`);
    },
  };
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("Only available while a test runs.");
  return value;
}
