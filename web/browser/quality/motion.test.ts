import { describe, expect, it } from "@jest/globals";
import { createSession } from "../../../testkit/sessions.ts";
import { ADA } from "../support/site.ts";
import { useTestPage } from "./page.ts";

/** Opens the history, and gives the longest that anything of it has moved, in milliseconds. */
async function longestMove(visit: ReturnType<typeof useTestPage>): Promise<number> {
  const { id } = await createSession(visit.ada);
  await visit.signIn(ADA);
  await visit.open(`/sessions/${id}`);
  await visit.page.getByRole("button", { name: "History" }).waitFor();
  await visit.page.evaluate(() => {
    const moves: number[] = [0];
    Object.assign(window, { moves });
    const look = () => {
      for (const animation of document.getAnimations()) {
        const { duration, iterations } = animation.effect?.getComputedTiming() ?? {};
        // What goes round without an end says that something is under way, and is no movement to somewhere.
        if (iterations !== Number.POSITIVE_INFINITY) moves.push(Number(duration));
      }
      requestAnimationFrame(look);
    };
    look();
  });
  await visit.page.getByRole("button", { name: "History" }).click();
  await visit.page.getByText("Save 0").or(visit.page.getByText("No field was changed")).first().waitFor();
  return visit.page.evaluate("Math.max(...moves)");
}

describe("for somebody who does not mind", () => {
  const visit = useTestPage({ reducedMotion: "no-preference" });

  it("a dialogue moves in", async () => {
    expect(await longestMove(visit)).toBeGreaterThan(0);
  });
});

describe("for somebody who wants less motion", () => {
  const visit = useTestPage({ reducedMotion: "reduce" });

  it("a dialogue is there at once", async () => {
    expect(await longestMove(visit)).toBe(0);
  });
});
