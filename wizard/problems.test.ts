import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isObject } from "../json/equality.ts";
import { pointerTo, segmentsOf } from "../json/pointer.ts";
import { allFieldsOf, fieldsOf } from "./fields.ts";
import { MAX_PROBLEMS_PER_STAGE, problemsOf } from "./problems.ts";
import { progressOf } from "./progress.ts";
import type { Schema } from "./schema.ts";
import { STAGES } from "./stages.ts";
import { COMPLETE_HYBRID_STATE, COMPLETE_ONLINE_STATE, COMPLETE_STATE } from "./testing/completeState.ts";
import { without, withValue } from "./testing/edit.ts";

const COMPLETE_STATES = { venue: COMPLETE_STATE, online: COMPLETE_ONLINE_STATE, hybrid: COMPLETE_HYBRID_STATE };

const TICKET_KEY = "3f0e8a52-6c1d-4b7a-9e2f-5d8c7b6a1f04";
const TICKET = `/tickets/tickets/${TICKET_KEY}`;
const FREE_TICKET = { name: "Child", kind: "free", quantity: 1 };

/** The pointer and the code of each problem. */
const codesOf = (state: unknown) => problemsOf(state).map(({ pointer, code }) => `${pointer} ${code}`);

interface FieldTable {
  readonly field: string;
  readonly required?: true;
  readonly in?: unknown;
  readonly accepts: readonly unknown[];
  readonly refuses: readonly (readonly [unknown, string])[];
}

const text = (length: number) => "ä".repeat(length);
const upTo = (length: number) => ({
  accepts: ["x", text(length), "😀".repeat(length), " x "],
  refuses: [
    [text(length + 1), "too_long"],
    [`${"😀".repeat(length)}x`, "too_long"],
    [5, "wrong_type"],
    [true, "wrong_type"],
    [["x"], "wrong_type"],
    [{}, "wrong_type"],
  ] as const,
});
const oneOf = (...values: string[]) => ({
  accepts: values,
  refuses: [
    ["something", "not_an_option"],
    [values[0]?.toUpperCase(), "not_an_option"],
    [0, "wrong_type"],
    [[values[0]], "wrong_type"],
  ] as const,
});
const email = {
  accepts: ["a@example.com", `${"a".repeat(242)}@example.com`],
  refuses: [
    ["ada", "wrong_format"],
    ["ada@example", "wrong_format"],
    [`${"a".repeat(243)}@example.com`, "too_long"],
    [1, "wrong_type"],
  ] as const,
};
const url = {
  accepts: ["https://example.com", `https://example.com/${"a".repeat(2028)}`],
  refuses: [
    ["http://example.com", "wrong_format"],
    ["example.com", "wrong_format"],
    ["javascript:alert(1)", "wrong_format"],
    [`https://example.com/${"a".repeat(2029)}`, "too_long"],
    [{}, "wrong_type"],
  ] as const,
};
const instant = (...accepts: string[]) => ({
  accepts,
  refuses: [
    ["2027-06-19", "wrong_format"],
    ["2027-06-19T18:00:00", "wrong_format"],
    ["2027-02-29T18:00:00Z", "wrong_format"],
    ["tomorrow", "wrong_format"],
    [1_800_000_000, "wrong_type"],
  ] as const,
});
const wholeNumber = (smallest: number, largest: number) => ({
  accepts: [smallest, largest, 2.0],
  refuses: [
    [smallest - 1, "too_small"],
    [-largest, "too_small"],
    [largest + 1, "too_large"],
    [Number.MAX_VALUE, "too_large"],
    [1.5, "wrong_type"],
    ["1", "wrong_type"],
    [Number.POSITIVE_INFINITY, "wrong_type"],
    [Number.NaN, "wrong_type"],
  ] as const,
});

const FIELDS: readonly FieldTable[] = [
  { field: "/basics/title", required: true, ...upTo(150) },
  {
    field: "/basics/category",
    required: true,
    ...oneOf(
      ...["music", "arts", "film", "food_and_drink", "sports", "health", "science_and_technology", "business"],
      ...["education", "community", "charity", "family", "travel_and_outdoors", "hobbies", "other"],
    ),
  },
  { field: "/basics/summary", ...upTo(140) },
  { field: "/basics/organizerName", required: true, ...upTo(255) },
  { field: "/basics/organizerEmail", ...email },

  {
    field: "/schedule/timezone",
    required: true,
    accepts: ["Europe/Berlin", "Asia/Kolkata", "UTC"],
    refuses: [
      ["Europe/Atlantis", "wrong_format"],
      ["+02:00", "wrong_format"],
      ["europe/berlin", "wrong_format"],
      [2, "wrong_type"],
    ],
  },
  { field: "/schedule/startsAt", required: true, ...instant("2027-06-19T19:00:00.5+02:00", "2027-06-19T16:00:00Z") },
  { field: "/schedule/endsAt", required: true, ...instant("2027-06-19T21:00:00Z", "2028-02-29T00:00:00Z") },
  { field: "/schedule/doorsAt", ...instant("2027-06-19T15:00:00Z") },

  { field: "/location/mode", required: true, in: COMPLETE_HYBRID_STATE, ...oneOf("venue", "online", "hybrid") },
  { field: "/location/venueName", required: true, ...upTo(100) },
  { field: "/location/address", required: true, ...upTo(255) },
  { field: "/location/city", required: true, ...upTo(85) },
  { field: "/location/region", ...upTo(85) },
  { field: "/location/postalCode", required: true, ...upTo(20) },
  {
    field: "/location/country",
    required: true,
    accepts: ["DE", "US", "TL"],
    refuses: [
      ["de", "wrong_format"],
      ["DEU", "wrong_format"],
      ["UK", "wrong_format"],
      ["ZZ", "wrong_format"],
      [49, "wrong_type"],
    ],
  },
  { field: "/location/joinUrl", required: true, in: COMPLETE_ONLINE_STATE, ...url },

  {
    field: "/tickets/currency",
    required: true,
    accepts: ["EUR", "JPY"],
    refuses: [
      ["eur", "wrong_format"],
      ["EURO", "wrong_format"],
      ["ABC", "wrong_format"],
      [978, "wrong_type"],
    ],
  },
  {
    field: "/tickets/tickets",
    required: true,
    accepts: [
      { a: { name: "A", kind: "free", quantity: 1 } },
      { constructor: { name: "A", kind: "free", quantity: 1 } },
      manyTickets(100),
      manyTickets(500),
    ],
    refuses: [
      [{}, "required"],
      [{ a: null, b: " " }, "required"],
      [manyTickets(501), "too_many"],
      [[], "wrong_type"],
      [[{ name: "A", kind: "free", quantity: 1 }], "wrong_type"],
      [1, "wrong_type"],
    ],
  },
  { field: `${TICKET}/name`, required: true, ...upTo(255) },
  { field: `${TICKET}/kind`, required: true, ...oneOf("free", "paid", "donation") },
  { field: `${TICKET}/priceMinor`, required: true, ...wholeNumber(1, 999_999_999_999) },
  { field: `${TICKET}/quantity`, required: true, ...wholeNumber(1, 2_147_483_647) },
  { field: `${TICKET}/maxPerOrder`, ...wholeNumber(1, 2_147_483_647) },
  { field: `${TICKET}/salesStart`, ...instant("2027-05-31T21:59:58Z") },
  { field: `${TICKET}/position`, ...wholeNumber(1, 2_147_483_647) },
  { field: `${TICKET}/salesEnd`, ...instant("2027-06-19T21:00:00Z") },

  { field: "/page/description", required: true, ...upTo(50_000) },
  {
    field: "/page/slug",
    required: true,
    accepts: ["abc", "---", "a-1", "a".repeat(60)],
    refuses: [
      ["ab", "wrong_format"],
      ["a".repeat(61), "wrong_format"],
      ["Summer", "wrong_format"],
      ["summer_party", "wrong_format"],
      ["summer party", "wrong_format"],
      ["sommer-fête", "wrong_format"],
      ["summer\n", "wrong_format"],
      [2027, "wrong_type"],
    ],
  },
  { field: "/page/coverImageUrl", ...url },
  { field: "/page/coverImageAlt", required: true, ...upTo(255) },
  {
    field: "/page/accent",
    accepts: ["#000000", "#ABCDEF", "#abcdef"],
    refuses: [
      ["#fff", "wrong_format"],
      ["#0000000", "wrong_format"],
      ["1a73e8", "wrong_format"],
      ["#gggggg", "wrong_format"],
      ["red", "wrong_format"],
      [0, "wrong_type"],
    ],
  },
  { field: "/page/supportEmail", ...email },

  { field: "/publish/visibility", required: true, ...oneOf("public", "unlisted", "private") },
  { field: "/publish/publishAt", ...instant("2027-06-19T16:00:00Z", "2000-01-01T00:00:00Z") },
  {
    field: "/publish/refundPolicy",
    ...oneOf("none", "until_1_day_before", "until_7_days_before", "until_30_days_before", "case_by_case"),
  },
  {
    field: "/publish/acceptTerms",
    required: true,
    accepts: [true],
    refuses: [
      [false, "not_accepted"],
      ["true", "wrong_type"],
      [1, "wrong_type"],
    ],
  },
];

function manyTickets(count: number) {
  const ids = Array.from({ length: count }, (_, index) => `ticket-${index}`);
  return Object.fromEntries(ids.map((id) => [id, { name: id, kind: "paid", priceMinor: 100, quantity: 1 }]));
}

/** The pointers of all fields of a stage, with `*` for the keys of a collection. */
function pointersIn(schema: Schema, pointer: string): string[] {
  if (schema.additionalProperties) return [pointer, ...pointersIn(schema.additionalProperties, `${pointer}/*`)];
  if (schema.type !== "object") return [pointer];
  return allFieldsOf(schema).flatMap((field) => pointersIn(field.schema, `${pointer}/${field.name}`));
}

describe("a complete state", () => {
  it.each(Object.entries(COMPLETE_STATES))("has no problems: %s", (_, state) => {
    expect(problemsOf(state)).toEqual([]);
  });
});

describe("the fields", () => {
  it("are all in the table of this test", () => {
    const tested = FIELDS.map(({ field }) => field.replace(TICKET, "/tickets/tickets/*"));
    expect(tested.toSorted()).toEqual(STAGES.flatMap(({ key, schema }) => pointersIn(schema, `/${key}`)).toSorted());
  });

  describe.each(FIELDS)("$field", ({ field, required, in: state = COMPLETE_STATE, accepts, refuses }) => {
    it.each(accepts)("accepts %.60j", (value) => {
      expect(codesOf(withValue(state, field, value))).toEqual([]);
    });

    it.each(refuses)("refuses %.60j: %s", (value, code) => {
      expect(codesOf(withValue(state, field, value))).toEqual([`${field} ${code}`]);
    });

    it.each([
      ["left out", undefined],
      ["null", null],
      ["empty", ""],
      ["blank", " \t\n\u00a0"],
    ])(`${required ? "is required" : "is optional"}: %s`, (_, value) => {
      const emptied = value === undefined ? without(state, field) : withValue(state, field, value);
      // The description of an image is shown only with the image.
      expect(codesOf(emptied)).toEqual(required ? [`${field} required`] : []);
    });
  });
});

describe("which fields are shown depends on", () => {
  const VENUE = ["venueName", "address", "city", "country"];

  it.each([
    ["venue", VENUE],
    ["online", ["joinUrl"]],
    ["hybrid", [...VENUE, "joinUrl"]],
    ["boat", []],
    [["venue"], []],
  ])("the location type: %j", (mode, fields) => {
    const missing = codesOf({ ...COMPLETE_STATE, location: { mode } }).filter((code) => code.endsWith(" required"));
    expect(missing).toEqual(fields.map((field) => `/location/${field} required`));
  });

  it.each([
    ["free", []],
    ["paid", ["/tickets/currency required"]],
    ["donation", ["/tickets/currency required"]],
    [null, [`${TICKET}/kind required`]],
  ])("whether a ticket costs something: %s", (kind, expected) => {
    const tickets = { [TICKET_KEY]: { name: "Seat", kind, priceMinor: 5, quantity: 1 }, b: FREE_TICKET, c: null };
    const state = withValue(withValue(COMPLETE_STATE, "/tickets/tickets", tickets), "/tickets/currency", undefined);
    expect(codesOf(state)).toEqual(expected);
    // A currency that is not needed does not count.
    const withJunk = withValue(state, "/tickets/currency", "???");
    expect(codesOf(withJunk)).toEqual(
      kind === "paid" || kind === "donation" ? ["/tickets/currency wrong_format"] : expected,
    );
  });

  it.each([
    ...["DE", "US", "GB", "JP", "IN", "BR"].map((country) => [country, ["/location/postalCode required"]] as const),
    ...["HK", "AE", "QA", "PA", "IE", "CL"].map((country) => [country, []] as const),
  ])("the country of the venue, which may need a postal code: %s", (country, expected) => {
    const state = withValue(without(COMPLETE_HYBRID_STATE, "/location/postalCode"), "/location/country", country);
    expect(codesOf(state)).toEqual(expected);
    // A hidden country requires nothing.
    expect(codesOf(withValue(state, "/location/mode", "online"))).toEqual([]);
  });

  it("the country: exactly those require a postal code whose addresses need one in Google's libaddressinput", () => {
    const rows = readFileSync(new URL("testing/postal-codes.csv", import.meta.url), "utf8")
      .trim()
      .split("\n")
      .slice(1);
    const required = rows.filter((row) => row.endsWith(",required")).map((row) => row.slice(0, 2));
    const location = STAGES.find(({ key }) => key === "location")?.schema;
    const found = rows
      .map((row) => row.slice(0, 2))
      .filter((country) =>
        fieldsOf(location ?? {}, { mode: "venue", country }).some(
          (field) => field.name === "postalCode" && field.required,
        ),
      );
    expect(required.length).toBeGreaterThan(50);
    expect(found).toEqual(required);
  });

  it("no other field while the location type is missing", () => {
    const location = { venueName: 5, joinUrl: "nowhere" };
    expect(codesOf({ ...COMPLETE_STATE, location })).toEqual(["/location/mode required"]);
  });

  it("the location type, also for the problems of wrong values", () => {
    const wrong = { venueName: text(101), address: 1, city: {}, postalCode: [], country: "XX", region: 2 };
    expect(
      codesOf(withValue(COMPLETE_ONLINE_STATE, "/location", { ...COMPLETE_ONLINE_STATE.location, ...wrong })),
    ).toEqual([]);
    expect(codesOf(withValue(COMPLETE_STATE, "/location/joinUrl", "http://example.com"))).toEqual([]);
    expect(codesOf(withValue(COMPLETE_HYBRID_STATE, "/location/joinUrl", "http://example.com"))).toEqual([
      "/location/joinUrl wrong_format",
    ]);
    expect(codesOf(withValue(COMPLETE_HYBRID_STATE, "/location/country", "XX"))).toEqual([
      "/location/country wrong_format",
    ]);
  });

  it.each([
    ["free", []],
    ["donation", []],
    ["paid", [`${TICKET}/priceMinor required`]],
  ])("the price type of a ticket: %s", (kind, problems) => {
    expect(codesOf(withValue(without(COMPLETE_STATE, `${TICKET}/priceMinor`), `${TICKET}/kind`, kind))).toEqual(
      problems,
    );
  });

  it.each([
    ["free", 0, []],
    ["free", "much", []],
    ["donation", -5, []],
    ["paid", 0, [`${TICKET}/priceMinor too_small`]],
    ["paid", "much", [`${TICKET}/priceMinor wrong_type`]],
  ])("the price type of a ticket: %s for %j", (kind, price, problems) => {
    const priced = withValue(COMPLETE_STATE, `${TICKET}/priceMinor`, price);
    expect(codesOf(withValue(priced, `${TICKET}/kind`, kind))).toEqual(problems);
  });

  it("whether the event has a cover image", () => {
    const undescribed = without(COMPLETE_STATE, "/page/coverImageAlt");
    expect(codesOf(undescribed)).toEqual(["/page/coverImageAlt required"]);
    expect(codesOf(without(undescribed, "/page/coverImageUrl"))).toEqual([]);
    expect(codesOf(withValue(undescribed, "/page/coverImageUrl", ""))).toEqual([]);
    // Without an image, its description is not checked.
    const noImage = without(COMPLETE_STATE, "/page/coverImageUrl");
    expect(codesOf(withValue(noImage, "/page/coverImageAlt", 5))).toEqual([]);
  });
});

describe("the keys of tickets", () => {
  const ticket = { name: "A", kind: "free", quantity: 1 };
  const keyed = (key: string) => withValue(COMPLETE_STATE, "/tickets/tickets", Object.fromEntries([[key, ticket]]));

  it.each(["a", "0", "A-b_9", "3f0e8a52-6c1d-4b7a-9e2f-5d8c7b6a1f04", "a".repeat(36), "constructor", "toString"])(
    "may be %j",
    (key) => expect(codesOf(keyed(key))).toEqual([]),
  );

  it.each(["", "-a", "_a", "a b", "a/b", "~", "ä", "a\n", "a".repeat(37), "__proto__"])("may not be %j", (key) => {
    expect(codesOf(keyed(key))).toEqual([`${pointerTo(["tickets", "tickets", key])} wrong_key`]);
  });
});

describe("an unexpected state", () => {
  const EMPTY = problemsOf({});

  it("misses the required fields of each stage if it is empty", () => {
    expect(codesOf({})).toEqual(
      STAGES.flatMap(({ key, schema }) =>
        fieldsOf(schema, {}).flatMap(({ name, required }) => (required ? [`/${key}/${name} required`] : [])),
      ),
    );
    expect(EMPTY).toHaveLength(12);
  });

  it.each([undefined, null, true, 0, "", "state", [], [{}], [COMPLETE_STATE]])("counts as empty: %j", (state) => {
    expect(problemsOf(state)).toEqual(EMPTY);
  });

  it.each(STAGES)("misses the required fields of a missing stage: $key", ({ key, number }) => {
    const ofStage = EMPTY.filter(({ stage }) => stage === number);
    expect(problemsOf(without(COMPLETE_STATE, `/${key}`))).toEqual(ofStage);
    expect(problemsOf({ ...COMPLETE_STATE, [key]: null })).toEqual(ofStage);
    expect(problemsOf({ ...COMPLETE_STATE, [key]: {} })).toEqual(ofStage);
  });

  describe.each(STAGES)("has one problem for a stage that is not an object", ({ key, number, title }) => {
    it.each([[[]], ["text"], [5], [false], [[{ title: "x" }]]])(`${key}: %j`, (value) => {
      expect(problemsOf({ ...COMPLETE_STATE, [key]: value })).toEqual([
        {
          stage: number,
          pointer: `/${key}`,
          code: "wrong_type",
          message: `“${title}” can't be read. Fill it in again.`,
        },
      ]);
    });
  });

  it("has one problem for a ticket that is not an object", () => {
    expect(codesOf(withValue(COMPLETE_STATE, "/tickets/tickets/child", "x"))).toEqual([
      "/tickets/tickets/child wrong_type",
    ]);
    expect(codesOf(withValue(COMPLETE_STATE, "/tickets/tickets/child", []))).toEqual([
      "/tickets/tickets/child wrong_type",
    ]);
    expect(codesOf(withValue(COMPLETE_STATE, "/tickets/tickets/child", null))).toEqual([]);
  });

  it("has no problems with unknown fields", () => {
    const junk = JSON.parse('{"__proto__": {"title": 5}, "constructor": 1, "if": {}, "": [], "hasOwnProperty": null}');
    const state = withValue(
      withValue({ ...COMPLETE_STATE, ...junk, catering: { menu: [1] } }, "/basics/mood", 5),
      `${TICKET}/x`,
      junk,
    );
    expect(problemsOf(state)).toEqual([]);
  });

  it.each(["", ...STAGES.map(({ key }) => `/${key}`), TICKET])(
    "has the same problems with any unknown field at %j",
    (level) => {
      const names = ["__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "", "/", "~1"];
      const late = { doorsAt: "2999-01-01T00:00:00Z", salesEnd: "2999-01-01T00:00:00Z" };
      const given = { ...late, title: 5, name: "N", mode: "online", basics: {}, toString: "x", length: 1 };
      const lacking = ["/basics/title", "/schedule/doorsAt", `${TICKET}/quantity`, `${TICKET}/salesEnd`];
      for (const state of [COMPLETE_STATE, lacking.reduce<unknown>(without, COMPLETE_STATE)]) {
        const group = segmentsOf(level).reduce<unknown>((parent, name) => Object(parent)[name], state);
        for (const name of names) {
          for (const value of [null, 1, "", [], {}, given]) {
            const beside = Object.fromEntries([...Object.entries(Object(group)), [name, value]]);
            const changed = level === "" ? beside : withValue(state, level, beside);
            expect(problemsOf(changed)).toEqual(problemsOf(state));
            expect(progressOf(changed)).toEqual(progressOf(state));
          }
        }
      }
      expect("title" in {}).toBe(false);
    },
  );

  it("does not treat inherited properties as answers", () => {
    const title = JSON.parse('{"basics": {"__proto__": {"title": "T", "category": "music", "organizerName": "A"}}}');
    expect(codesOf({ ...COMPLETE_STATE, ...title })).toEqual([
      "/basics/title required",
      "/basics/category required",
      "/basics/organizerName required",
    ]);
    const inherited = JSON.parse(`{"__proto__": ${JSON.stringify(COMPLETE_STATE)}}`);
    expect(problemsOf(inherited)).toEqual(EMPTY);
    expect(problemsOf(Object.create(COMPLETE_STATE))).toEqual(EMPTY);
    expect(codesOf({ ...COMPLETE_STATE, page: Object.create(COMPLETE_STATE.page) })).toEqual([
      "/page/description required",
      "/page/slug required",
    ]);
  });

  it("may consist of objects without a prototype", () => {
    const bare = (value: unknown): unknown =>
      isObject(value)
        ? Object.assign(Object.create(null), Object.fromEntries(Object.entries(value).map(([k, v]) => [k, bare(v)])))
        : value;
    expect(problemsOf(bare(COMPLETE_STATE))).toEqual([]);
  });

  it("may be nested deeply", () => {
    const deep = JSON.parse(`${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`);
    const deepList = JSON.parse(`${"[".repeat(50_000)}${"]".repeat(50_000)}`);
    expect(codesOf(deep)).toEqual(codesOf({}));
    expect(codesOf(withValue(COMPLETE_STATE, "/basics/title", deep))).toEqual(["/basics/title wrong_type"]);
    expect(codesOf(withValue(COMPLETE_STATE, "/basics/category", deepList))).toEqual(["/basics/category wrong_type"]);
    expect(codesOf(withValue(COMPLETE_STATE, "/basics/unknown", deep))).toEqual([]);
    expect(codesOf(withValue(COMPLETE_STATE, "/publish/acceptTerms", deep))).toEqual([
      "/publish/acceptTerms wrong_type",
    ]);
  });

  // A regular expression with nested repetition would run for minutes on these. The test times out after 30 seconds.
  it.each(["a", "a.", "a-", "a@", " ", "-", "0", "#", "https://a.", "%", "\u0000", "😀", "\ud800"])(
    "may hold a huge text that repeats %j",
    (part) => {
      const huge = part.repeat(300_000 / part.length);
      for (const { field } of FIELDS) {
        for (const value of [huge, `a@${huge}`, `https://${huge}`, `${huge}!`]) {
          expect(problemsOf(withValue(COMPLETE_STATE, field, value)).length).toBeLessThan(10);
        }
      }
    },
  );
});

describe("many problems", () => {
  const broken = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`t${String(index).padStart(5, "0")}`, { quantity: 0 }]),
    );

  it("are listed up to a limit per stage", () => {
    expect(problemsOf(withValue(COMPLETE_STATE, "/tickets/tickets", broken(60)))).toHaveLength(180);
    expect(problemsOf(withValue(COMPLETE_STATE, "/tickets/tickets", broken(100)))).toHaveLength(MAX_PROBLEMS_PER_STAGE);
  });

  it("do not hide the problems of later stages", () => {
    const problems = problemsOf({ tickets: { tickets: broken(20_000) } });
    expect(problems.filter(({ stage }) => stage === 4)).toHaveLength(MAX_PROBLEMS_PER_STAGE);
    expect(problems.filter(({ stage }) => stage > 4)).toEqual(problemsOf({}).filter(({ stage }) => stage > 4));
    expect(problems[7]).toMatchObject({ pointer: "/tickets/tickets", code: "too_many" });
  });

  it("are at most one per field", () => {
    fc.assert(
      fc.property(wizardLike(), (state) => {
        const pointers = problemsOf(state).map(({ pointer }) => pointer);
        expect(pointers).toEqual([...new Set(pointers)]);
      }),
    );
  });
});

describe("the order of problems", () => {
  it("is the order of the form, not of the state", () => {
    const state = {
      publish: { publishAt: "x" },
      page: { coverImageUrl: "x", accent: "x", slug: "x" },
      tickets: { tickets: { b: { quantity: 0, kind: "paid" }, a: 1, 10: 1, 9: 1 } },
      location: { mode: "hybrid", joinUrl: "x", country: "x" },
    };
    const expected = [
      "/basics/title",
      "/basics/category",
      "/basics/organizerName",
      "/schedule/timezone",
      "/schedule/startsAt",
      "/schedule/endsAt",
      "/location/venueName",
      "/location/address",
      "/location/city",
      "/location/country",
      "/location/joinUrl",
      "/tickets/tickets/10",
      "/tickets/tickets/9",
      "/tickets/tickets/a",
      "/tickets/tickets/b/name",
      "/tickets/tickets/b/priceMinor",
      "/tickets/tickets/b/quantity",
      "/tickets/currency",
      "/page/description",
      "/page/slug",
      "/page/coverImageUrl",
      "/page/coverImageAlt",
      "/page/accent",
      "/publish/visibility",
      "/publish/publishAt",
      "/publish/acceptTerms",
    ];
    expect(problemsOf(state).map(({ pointer }) => pointer)).toEqual(expected);
  });

  it("does not depend on the order of keys", () => {
    const reversed = (value: unknown): unknown =>
      isObject(value)
        ? Object.fromEntries(
            Object.entries(value)
              .toReversed()
              .map(([key, inner]) => [key, reversed(inner)]),
          )
        : value;
    fc.assert(fc.property(wizardLike(), (state) => expect(problemsOf(reversed(state))).toEqual(problemsOf(state))));
  });
});

describe("any JSON", () => {
  const numbers = new Set(STAGES.map(({ number }) => number));
  const check = (state: unknown) => {
    const before = JSON.stringify(state);
    const problems = problemsOf(state);
    for (const { stage, pointer, code, message } of problems) {
      expect(numbers).toContain(stage);
      expect(segmentsOf(pointer)[0]).toBe(STAGES[stage - 1]?.key);
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(message).toMatch(/^\S.*\.$/s);
    }
    expect(problemsOf(state)).toEqual(problems);
    expect(JSON.stringify(state)).toBe(before);
  };

  it("is accepted as a state", () => {
    fc.assert(fc.property(fc.jsonValue(), check), { numRuns: 500 });
  });

  it("is accepted as answers", () => {
    fc.assert(fc.property(wizardLike(), check), { numRuns: 1000 });
  });

  it("is accepted as any single answer", () => {
    const field = fc.constantFrom(...FIELDS.map(({ field }) => field));
    fc.assert(fc.property(field, fc.jsonValue(), (at, value) => check(withValue(COMPLETE_STATE, at, value))));
  });
});

describe("a complete state without one answer", () => {
  const requiredIn = (schema: Schema, value: unknown, pointer: string): string[] => {
    if (!isObject(value)) return [];
    const entry = schema.additionalProperties;
    if (entry) return Object.keys(value).flatMap((key) => requiredIn(entry, value[key], `${pointer}/${key}`));
    return fieldsOf(schema, value).flatMap((field) => [
      ...(field.required ? [`${pointer}/${field.name}`] : []),
      ...requiredIn(field.schema, value[field.name], `${pointer}/${field.name}`),
    ]);
  };
  const cases = Object.entries(COMPLETE_STATES).flatMap(([name, state]) =>
    STAGES.flatMap(({ key, schema }) => requiredIn(schema, state[key], `/${key}`)).map((field) => ({
      name,
      state,
      field,
    })),
  );

  it.each(cases)("has exactly that problem: $name without $field", ({ state, field }) => {
    expect(codesOf(without(state, field))).toEqual([`${field} required`]);
  });
});

/** States in the shape of the wizard, with valid, invalid and blank answers. */
function wizardLike(): fc.Arbitrary<unknown> {
  const answer = (schema: Schema): fc.Arbitrary<unknown> => {
    const junk = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom("", null, 0, -1, 1, "paid", "hybrid", "2027-06-19T18:00:00Z"),
    );
    if (schema.additionalProperties) {
      const key = fc.oneof(fc.string(), fc.constantFrom("a", "b", "__proto__", "constructor"));
      return fc.oneof({ weight: 5, arbitrary: fc.dictionary(key, answer(schema.additionalProperties)) }, junk);
    }
    if (schema.type !== "object")
      return fc.oneof(fc.constantFrom(...(schema.oneOf ?? []).map((c) => c.const), true), junk);
    const fields = Object.fromEntries(allFieldsOf(schema).map((field) => [field.name, answer(field.schema)]));
    return fc.oneof({ weight: 5, arbitrary: fc.record(fields, { requiredKeys: [] }) }, junk);
  };
  return fc.record(Object.fromEntries(STAGES.map(({ key, schema }) => [key, answer(schema)])), { requiredKeys: [] });
}
