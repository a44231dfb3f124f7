import { describe, expect, it } from "@jest/globals";
import { createSession } from "../../../testkit/sessions.ts";
import { ADA } from "../support/site.ts";
import { useTestPage } from "./testPage.ts";

/** Opens the history and returns the duration of the longest animation, in milliseconds. */
async function longestAnimation(visit: ReturnType<typeof useTestPage>): Promise<number> {
  const { id } = await createSession(visit.ada);
  await visit.signIn(ADA);
  await visit.open(`/sessions/${id}`);
  await visit.page.getByRole("button", { name: "History" }).waitFor();
  await visit.page.evaluate(() => {
    const durations: number[] = [0];
    Object.assign(window, { durations });
    const record = () => {
      for (const animation of document.getAnimations()) {
        const { duration, iterations } = animation.effect?.getComputedTiming() ?? {};
        // Endless animations are loading indicators, not movement.
        if (iterations !== Number.POSITIVE_INFINITY) durations.push(Number(duration));
      }
      requestAnimationFrame(record);
    };
    record();
  });
  await visit.page.getByRole("button", { name: "History" }).click();
  await visit.page.getByText("Save 0").or(visit.page.getByText("No fields were changed")).first().waitFor();
  return visit.page.evaluate("Math.max(...durations)");
}

describe("without a preference", () => {
  const visit = useTestPage({ reducedMotion: "no-preference" });

  it("the drawer slides in", async () => {
    expect(await longestAnimation(visit)).toBeGreaterThan(0);
  });
});

describe("under prefers-reduced-motion", () => {
  const visit = useTestPage({ reducedMotion: "reduce" });

  it("the drawer opens without animation", async () => {
    expect(await longestAnimation(visit)).toBe(0);
  });
});
