import { describe, expect, it } from "@jest/globals";
import { completionOf } from "./completion.ts";
import { problemsOf } from "./problems.ts";
import { COMPLETE_HYBRID_STATE, COMPLETE_ONLINE_STATE, COMPLETE_STATE } from "./testing/completeState.ts";
import { without, withValue } from "./testing/edit.ts";
import type { CompleteLocation, CompletePage, CompleteTicket, WizardState } from "./types.generated.ts";

describe("completionOf", () => {
  it.each([COMPLETE_STATE, COMPLETE_ONLINE_STATE, COMPLETE_HYBRID_STATE])(
    "gives the answers of a complete state",
    (state) => {
      expect(completionOf(state)).toEqual({ ready: true, answers: state });
    },
  );

  it("leaves out what is hidden, blank or unknown", () => {
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

  it("gives the problems of any other, and no answers", () => {
    const state = without(COMPLETE_STATE, "/page/slug");
    expect(completionOf(state)).toEqual({ ready: false, problems: problemsOf(state) });
    expect(completionOf(null)).toEqual({ ready: false, problems: problemsOf({}) });
  });
});

// The compiler checks these: an error that is expected and does not come is an error.
describe("the types", () => {
  it("know which answers a complete state has", () => {
    const online: CompleteLocation = { mode: "online", joinUrl: "https://example.com" };
    // @ts-expect-error -- no address
    const venue: CompleteLocation = { mode: "venue", venueName: "V", city: "C", postalCode: "P", country: "DE" };
    // @ts-expect-error -- a paid ticket without a price
    const paid: CompleteTicket = { name: "N", kind: "paid", quantity: 1 };
    // @ts-expect-error -- a free ticket with a price
    const free: CompleteTicket = { name: "N", kind: "free", quantity: 1, priceMinor: 1 };
    // @ts-expect-error -- an image without a description
    const page: CompletePage = { description: "D", slug: "s", coverImageUrl: "https://example.com" };
    expect([online, venue, paid, free, page].map((answers) => typeof answers)).not.toContain("undefined");
  });

  it("let everything be missing from a draft, and nothing be misspelt", () => {
    const drafts: WizardState[] = [{}, { location: { mode: "venue" } }, { tickets: { tickets: { a: {} } } }];
    // @ts-expect-error -- no such field
    drafts.push({ basics: { name: "N" } });
    expect(drafts).toHaveLength(4);
  });
});
