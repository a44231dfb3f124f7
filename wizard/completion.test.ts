import { describe, expect, it } from "@jest/globals";
import { completionOf } from "./completion.ts";
import { problemsOf } from "./problems.ts";
import { COMPLETE_HYBRID_STATE, COMPLETE_ONLINE_STATE, COMPLETE_STATE } from "./testing/completeState.ts";
import { without, withValue } from "./testing/edit.ts";
import type { WizardState } from "./types.generated.ts";

describe("completionOf", () => {
  it.each([COMPLETE_STATE, COMPLETE_ONLINE_STATE, COMPLETE_HYBRID_STATE])(
    "returns the answers of a complete state",
    (state) => {
      expect(completionOf(state)).toEqual({ ready: true, answers: state });
    },
  );

  it("leaves out hidden, blank and unknown fields", () => {
    const online = withValue(COMPLETE_STATE, "/location", {
      ...COMPLETE_STATE.location,
      ...COMPLETE_ONLINE_STATE.location,
      parking: "behind the house",
    });
    const state = [
      ["/tickets/tickets/child/priceMinor", 500],
      ["/tickets/tickets/gone", null],
      ["/basics/summary", " "],
      ["/catering", { menu: 1 }],
    ].reduce<unknown>((state, [at, value]) => withValue(state, String(at), value), online);
    expect(completionOf(state)).toEqual({ ready: true, answers: without(COMPLETE_ONLINE_STATE, "/basics/summary") });
  });

  it("returns the problems of an incomplete state, and no answers", () => {
    const state = without(COMPLETE_STATE, "/page/slug");
    expect(completionOf(state)).toEqual({ ready: false, problems: problemsOf(state) });
    expect(completionOf(null)).toEqual({ ready: false, problems: problemsOf({}) });
  });
});

// The compiler checks this: an expected error that does not occur is an error.
describe("WizardState", () => {
  it("makes every field optional and allows no unknown field", () => {
    const drafts: WizardState[] = [{}, { location: { mode: "venue" } }, { tickets: { tickets: { a: {} } } }];
    // @ts-expect-error -- no such field
    drafts.push({ basics: { name: "N" } });
    expect(drafts).toHaveLength(4);
  });
});
