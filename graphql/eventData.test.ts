import { beforeEach, describe, expect, it } from "@jest/globals";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { completeState } from "../testkit/events.ts";
import { createSession } from "../testkit/sessions.ts";
import { COMPLETE_STATE } from "../wizard/testing/completeState.ts";
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
  publishedEvent(slug: $slug) { currency postalCode supportEmail tickets { key priceMinor } }
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

describe("times", () => {
  const EXPECTED = "Send a time with its offset from UTC, in the years 1 to 9999, such as 2027-06-19T18:00:00+02:00.";
  const REFUSED = [
    ...["tomorrow", "06/07/2027", "infinity", "-infinity", "4000 BC", "now", "epoch", "2027-06-19", "18:00"],
    ...["2027-06-19T18:00:00", "2027-06-19 18:00:00+02", "2027-02-30T18:00:00Z", "10000-01-01T00:00:00Z", ""],
  ];
  const UPDATE = `mutation ($id: UUID!, $startsAt: Datetime!) {
    updateEvent(input: { id: $id, patch: { startsAt: $startsAt } }) { event { startsAt } }
  }`;

  it.each(REFUSED)("createEvent refuses %j in a variable and names the field", async (startsAt) => {
    const { message, extensions } = await ada.refused(CREATE, { event: { title: "Party", startsAt } });
    expect(extensions.code).toBe("INVALID_INPUT");
    expect(message).toContain('at "event.startsAt"');
    expect(message).toContain(EXPECTED);
  });

  it.each(REFUSED)("createEvent refuses %j in the document and names the field", async (startsAt) => {
    const literal = JSON.stringify(startsAt);
    const document = `mutation { createEvent(input: { event: { title: "Party", startsAt: ${literal} } }) { event { id } } }`;
    expect(await ada.refused(document)).toMatchObject({
      message: `\`startsAt\` can't be ${literal}. ${EXPECTED}`,
      extensions: { code: "INVALID_INPUT" },
    });
  });

  it.each([
    ["updateEvent", UPDATE, { id: "e0000000-0000-4000-8000-000000000000", startsAt: "tomorrow" }],
    ["a number", UPDATE, { id: "e0000000-0000-4000-8000-000000000000", startsAt: 1_800_000_000_000 }],
    [
      "a filter",
      "query ($time: Datetime!) { events(filter: { startsAt: { greaterThan: $time } }) { nodes { id } } }",
      { time: "infinity" },
    ],
    [
      "a list in a filter",
      '{ events(filter: { startsAt: { in: ["2027-06-19T18:00:00Z", "tomorrow"] } }) { nodes { id } } }',
      {},
    ],
    [
      "a default in the document",
      'query ($time: Datetime! = "tomorrow") { events(filter: { startsAt: { lessThan: $time } }) { nodes { id } } }',
      {},
    ],
    [
      "wizardFunnel",
      'query ($from: Datetime!) { wizardFunnel(from: $from, to: "2027-01-01T00:00:00Z") { stage } }',
      { from: "-infinity" },
    ],
    ["wizardFunnel's literals", '{ wizardFunnel(from: "yesterday", to: "2027-01-01T00:00:00Z") { stage } }', {}],
  ])("%s is refused with such a time", async (_, document, variables) => {
    const error = await ada.refused(document, variables);
    expect(error.extensions.code).toBe("INVALID_INPUT");
    expect(error.message).toContain(EXPECTED);
  });

  it.each([
    ["2027-06-19T18:00:00+02:00", "2027-06-19T16:00:00.000000+00:00"],
    ["2027-06-19T18:00:00.123456789Z", "2027-06-19T18:00:00.123457+00:00"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000+00:00"],
    ["9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999+00:00"],
  ])("createEvent stores %s", async (startsAt, stored) => {
    const { createEvent } = await ada.ask<{ createEvent: { event: object } }>(CREATE, {
      event: { title: "Party", startsAt },
    });
    expect(createEvent.event).toMatchObject({ startsAt: stored });
  });

  it("a draft keeps a wrong time, which is a problem of its field", async () => {
    const state = withValue(completeState(), "/schedule/doorsAt", "infinity");
    expect(await problemsOf(state)).toEqual([["/schedule/doorsAt", "wrong_format"]]);
  });

  describe("of a release that checked nothing", () => {
    const RANGES = ["events_starts_at_range_check", "events_ends_at_range_check"];

    it("do not stop the pages of a list, and their event page is not found", async () => {
      const slugs = [];
      const publish = { visibility: "public", acceptTerms: true };
      for (let count = 0; count < 5; count++) slugs.push(await publishState(completeState({ publish })));
      for (const name of RANGES) await api.db.root.query(`alter table events drop constraint ${name}`);
      await api.db.root.query("update event_tickets set sales_end = null");
      const write = (slug: string | undefined, times: string) =>
        api.db.root.query(`update events set publish_at = null, doors_at = null, ${times} where slug = $1`, [slug]);
      await write(slugs[0], "starts_at = '-infinity'");
      await write(slugs[1], "ends_at = 'infinity', starts_at = '10000-01-01'");
      await write(slugs[2], "starts_at = '4000-01-01 BC', ends_at = '3999-01-01 BC'");

      for (const order of ["STARTS_AT_ASC", "STARTS_AT_DESC", "ENDS_AT_ASC", "ENDS_AT_DESC"]) {
        expect((await allPages(order)).toSorted()).toEqual(slugs.toSorted());
      }
      for (const slug of slugs.slice(0, 3))
        expect(await api.anon().ask(PAGE, { slug })).toEqual({ publishedEvent: null });
    });

    async function allPages(order: string): Promise<string[]> {
      const found: string[] = [];
      for (let after: string | null = null, pages = 0; pages < 10; pages++) {
        const document = `query ($after: Cursor, $owner: UUID!) {
          events(first: 1, after: $after, orderBy: [${order}], filter: { ownerId: { equalTo: $owner } }) {
            nodes { slug startsAt endsAt }
            pageInfo { hasNextPage endCursor }
          }
        }`;
        const { events }: { events: EventPage } = await ada.ask(document, { after, owner: ada.id });
        found.push(...events.nodes.map(({ slug }) => slug));
        if (!events.pageInfo.hasNextPage) break;
        after = events.pageInfo.endCursor;
      }
      return found;
    }

    interface EventPage {
      readonly nodes: readonly { readonly slug: string }[];
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
    }
  });
});

describe("postal codes", () => {
  const { postalCode: _, ...location } = COMPLETE_STATE.location;
  const publish = { visibility: "public", acceptTerms: true };

  it.each(["HK", "AE", "QA"])("an address in %s needs none", async (country) => {
    const slug = await publishState(completeState({ location: { ...location, country }, publish }));
    expect(await api.anon().ask(PAGE, { slug })).toMatchObject({ publishedEvent: { postalCode: null } });
  });

  it.each(["DE", "US", "GB"])("an address in %s needs one", async (country) => {
    expect(await problemsOf(completeState({ location: { ...location, country }, publish }))).toEqual([
      ["/location/postalCode", "required"],
    ]);
  });
});

describe("e-mail addresses", () => {
  it("may have names and domains of any script; blanks around them are removed", async () => {
    const state = completeState({
      basics: { ...COMPLETE_STATE.basics, organizerEmail: " jürgen@bücher.example " },
      publish: { visibility: "public", acceptTerms: true },
      page: { ...completeState().page, supportEmail: "用户@例子.广告\n" },
    });
    const slug = await publishState(state);
    expect(await api.anon().ask(PAGE, { slug })).toMatchObject({ publishedEvent: { supportEmail: "用户@例子.广告" } });
  });

  it("are refused with a blank, a bidi control or no domain", async () => {
    for (const email of ["ju rgen@example.com", "ada@exam\u202eple.com", "ada@", "ada@example"]) {
      const state = withValue(completeState(), "/basics/organizerEmail", email);
      expect(await problemsOf(state)).toEqual([["/basics/organizerEmail", "wrong_format"]]);
    }
  });
});

describe("tickets", () => {
  const publish = { visibility: "public", acceptTerms: true };
  const ticket = { name: "Seat", kind: "free", quantity: 1 };

  it("have no currency if all are free, and are listed in the organizer's order", async () => {
    const tickets = {
      a: { ...ticket, position: 3 },
      b: { ...ticket, position: 1 },
      c: { ...ticket, position: 2 },
      d: ticket,
    };
    const slug = await publishState(completeState({ tickets: { tickets }, publish }));
    expect(await api.anon().ask(PAGE, { slug })).toMatchObject({
      publishedEvent: { currency: null, tickets: ["b", "c", "a", "d"].map((key) => ({ key })) },
    });
    const document = `query ($slug: String!) {
      events(filter: { slug: { equalTo: $slug } }) { nodes { tickets(orderBy: [POSITION_ASC]) { nodes { key position } } } }
    }`;
    expect(await ada.ask(document, { slug })).toEqual({
      events: {
        nodes: [{ tickets: { nodes: ["b", "c", "a", "d"].map((key, index) => ({ key, position: index + 1 })) } }],
      },
    });
  });

  it.each(["paid", "donation"])("need a currency if one is %s", async (kind) => {
    const tickets = { a: ticket, b: { ...ticket, kind, priceMinor: 100 } };
    expect(await problemsOf(completeState({ tickets: { tickets }, publish }))).toEqual([
      ["/tickets/currency", "required"],
    ]);
  });
});
