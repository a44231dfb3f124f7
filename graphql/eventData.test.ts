import { beforeEach, describe, expect, it } from "@jest/globals";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { completeState } from "../testkit/events.ts";
import { createSession } from "../testkit/sessions.ts";
import { withValue } from "../wizard/testing/edit.ts";

const api = useTestApi();
let ada: Caller;
beforeEach(async () => {
  ada = await api.user();
});

const COMPLETE = `mutation ($id: UUID!) {
  completeWizardSession(input: { id: $id, baseRevision: 0 }) { event { slug title } }
}`;
const CREATE = `mutation ($event: EventInput!) { createEvent(input: { event: $event }) { event { id title startsAt } } }`;
const PAGE = `query ($slug: String!) {
  publishedEvent(slug: $slug) { currency tickets { key priceMinor } }
}`;

async function problemsOf(state: object) {
  const { id } = await createSession(ada, { state });
  const { extensions } = await ada.refused(COMPLETE, { id });
  const problems = extensions.problems as { readonly pointer: string; readonly code: string }[];
  return problems.map(({ pointer, code }) => [pointer, code]);
}

async function publishState(state: object): Promise<string> {
  const { id } = await createSession(ada, { state });
  const { completeWizardSession } = await ada.ask<{ completeWizardSession: { event: { slug: string } } }>(COMPLETE, {
    id,
  });
  return completeWizardSession.event.slug;
}

describe("texts", () => {
  it.each([
    ["\u200b\u2060\u3164\u2800\u00ad", "required"],
    ["Summer\nparty", "wrong_format"],
    ["Summer \u202eytrap", "wrong_format"],
  ])("the title %j is saved in a draft and can't be published: %s", async (title, code) => {
    const state = withValue(completeState(), "/basics/title", title);
    expect(await problemsOf(state)).toEqual([["/basics/title", code]]);
    expect(await ada.refused(CREATE, { event: { title } })).toMatchObject({
      extensions: { code: "INVALID_INPUT", field: "title" },
    });
  });

  it("a title of joined emoji and Persian words is published as it is", async () => {
    await publishState(withValue(completeState(), "/basics/title", "👩‍👩‍👧‍👦 می‌خواهم"));
  });
});

describe("currencies", () => {
  const priced = (currency: string, priceMinor: number) => {
    const ticket = { name: "Seat", kind: "paid", priceMinor, quantity: 1 };
    const publish = { visibility: "public", acceptTerms: true };
    return completeState({ tickets: { currency, tickets: { seat: ticket } }, publish });
  };

  it.each([
    ["HUF", 500_000],
    ["XCG", 1250],
    ["CLF", 50_000],
  ])("a price in %s is published as it was saved, in the minor unit of ISO 4217", async (currency, price) => {
    const slug = await publishState(priced(currency, price));
    const page = await api.anon().ask(PAGE, { slug });
    expect(page).toMatchObject({ publishedEvent: { currency, tickets: [{ priceMinor: String(price) }] } });
  });

  it.each(["HRK", "BGN", "ZWL", "ANG", "SLL", "XAU", "XXX"])(
    "a new event can't have prices in %s",
    async (currency) => {
      expect(await problemsOf(priced(currency, 1250))).toEqual([["/tickets/currency", "wrong_format"]]);
    },
  );

  it("an event whose currency was withdrawn can still be read", async () => {
    const slug = await publishState(priced("EUR", 1250));
    await api.db.root.query("update events set currency = 'HRK' where slug = $1", [slug]);
    const page = await api.anon().ask(PAGE, { slug });
    expect(page).toMatchObject({ publishedEvent: { currency: "HRK", tickets: [{ priceMinor: "1250" }] } });
  });
});
