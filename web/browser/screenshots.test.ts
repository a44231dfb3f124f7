import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { PROJECT_ROOT } from "../../server/database/migrate.ts";
import { startSession } from "../../testkit/rows.ts";
import { COMPLETE_STATE } from "../../wizard/testing/completeState.ts";
import { ADA, useSite } from "./support/site.ts";

const site = useSite();

const FOLDER = join(PROJECT_ROOT, "docs/images");
const MAX_BYTES = 250_000;
const SIZES = {
  1440: { viewport: { width: 1440, height: 900 } },
  390: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};
const enabled = process.env.SCREENSHOTS === "1";

const { basics, schedule, location, page: pageStage } = COMPLETE_STATE;
// Screenshots load no image from the network.
const { coverImageUrl: _, coverImageAlt: __, ...page } = pageStage;
const EVENT = {
  basics: { ...basics, category: "music" },
  schedule,
  location,
  tickets: {
    currency: "EUR",
    tickets: {
      early: { name: "Early bird", kind: "paid", priceMinor: 1250, quantity: 50, maxPerOrder: 4 },
      child: { name: "Child", kind: "free", quantity: 30 },
    },
  },
  page: {
    ...page,
    description:
      "Music from six, food from seven, and a fire when it gets dark.\n\n- Bring a **blanket**\n- Dogs are welcome",
  },
};

/** Takes the screenshots of the README, on demand: `SCREENSHOTS=1 npm run test:browser -- screenshots`. */
(enabled ? it : it.skip).each(
  (["1440", "390"] as const).flatMap((width) => (["light", "dark"] as const).map((scheme) => ({ width, scheme }))),
)("takes the screenshots at $width px, $scheme", async ({ width, scheme }) => {
  await mkdir(FOLDER, { recursive: true });
  const device = await site.device({ user: ADA, colorScheme: scheme, reducedMotion: "reduce", ...SIZES[width] });
  const capture = async (tab: Awaited<ReturnType<typeof device.open>>, name: string) => {
    const path = join(FOLDER, `${name}-${width}-${scheme}.png`);
    const png = await tab.page.screenshot({ path, animations: "disabled" });
    expect(png.length).toBeLessThan(MAX_BYTES);
  };

  const slug = `summer-party-${width}-${scheme}`;
  const { id } = await startSession(site.db, ADA.id, {
    stage: 4,
    state: { ...EVENT, page: { ...EVENT.page, slug }, publish: { visibility: "public", acceptTerms: true } },
  });
  const tab = await device.open(`/sessions/${id}`);
  await tab.button("Add ticket").waitFor();
  await tab.saved();
  await capture(tab, "stage");

  const { id: unfinished } = await startSession(site.db, ADA.id, {
    stage: 6,
    state: { ...EVENT, tickets: { currency: "EUR", tickets: { early: { name: "Early bird", kind: "paid" } } } },
  });
  const review = await device.open(`/sessions/${unfinished}`);
  await review.button("Publish").click();
  const problems = review.page.getByRole("alert").first();
  await problems.waitFor();
  await problems.evaluate((alert) => alert.scrollIntoView({ block: "center" }));
  await capture(review, "review");

  await tab.page.getByRole("navigation", { name: "Stages" }).getByRole("button").last().click();
  await tab.button("Publish").click();
  await tab.page.waitForURL(`/e/${slug}`);
  await tab.page.getByRole("heading", { level: 1 }).waitFor();
  await tab.page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await capture(tab, "event");
});
