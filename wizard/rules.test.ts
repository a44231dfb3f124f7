import { describe, expect, it } from "@jest/globals";
import { problemsOf } from "./problems.ts";
import { COMPLETE_STATE } from "./testing/completeState.ts";
import { without, withValue } from "./testing/edit.ts";

const START = "2027-06-19T18:00:00+02:00";
const END = "2027-06-19T23:00:00+02:00";
const TICKET = "/tickets/tickets/3f0e8a52-6c1d-4b7a-9e2f-5d8c7b6a1f04";

const problemsWith = (values: Readonly<Record<string, unknown>>) =>
  problemsOf(Object.entries(values).reduce((state, [at, value]) => withValue(state, at, value), BARE));

// Without the optional dates that other rules compare.
const BARE = ["/schedule/doorsAt", `${TICKET}/salesStart`, `${TICKET}/salesEnd`, "/publish/publishAt"].reduce(
  without,
  withValue(withValue(COMPLETE_STATE, "/schedule/startsAt", START), "/schedule/endsAt", END),
);

interface Rule {
  readonly rule: string;
  readonly field: string;
  readonly other: string;
  /** The time in the other field: as written there, in another zone, and a microsecond before and after it. */
  readonly moment: readonly [same: string, elsewhere: string, before: string, after: string];
  readonly refuses: readonly ("same" | "elsewhere" | "before" | "after")[];
  readonly problem: { readonly stage: number; readonly code: string; readonly message: string };
}

const AT_START = [
  START,
  "2027-06-19T16:00:00Z",
  "2027-06-19T17:59:59.999999+02:00",
  "2027-06-19T18:00:00.000001+02:00",
] as const;
const AT_END = [
  END,
  "2027-06-20T06:00:00+09:00",
  "2027-06-19T22:59:59.999999+02:00",
  "2027-06-19T23:00:00.000001+02:00",
] as const;

describe.each<Rule>([
  {
    rule: "an event must end after it starts",
    field: "/schedule/endsAt",
    other: "/schedule/startsAt",
    moment: AT_START,
    refuses: ["same", "elsewhere", "before"],
    problem: { stage: 2, code: "not_after_start", message: "The event must end after it starts." },
  },
  {
    rule: "doors must open by the start",
    field: "/schedule/doorsAt",
    other: "/schedule/startsAt",
    moment: AT_START,
    refuses: ["after"],
    problem: {
      stage: 2,
      code: "after_start",
      message: "The doors can't open after the event starts.",
    },
  },
  {
    rule: "sales must end by the end of the event",
    field: `${TICKET}/salesEnd`,
    other: "/schedule/endsAt",
    moment: AT_END,
    refuses: ["after"],
    problem: {
      stage: 4,
      code: "after_end",
      message: "Ticket “Early bird”: Sales can't end after the event ends.",
    },
  },
  {
    rule: "an event must be published by its start",
    field: "/publish/publishAt",
    other: "/schedule/startsAt",
    moment: AT_START,
    refuses: ["after"],
    problem: {
      stage: 6,
      code: "after_start",
      message: "The event can't be published after it starts.",
    },
  },
])("$rule", ({ field, other, moment: [same, elsewhere, before, after], refuses, problem }) => {
  const values = { same, elsewhere, before, after };

  it.each(["same", "elsewhere", "before", "after"] as const)("compares microseconds: %s", (when) => {
    const expected = refuses.includes(when) ? [{ pointer: field, ...problem }] : [];
    expect(problemsWith({ [field]: values[when] })).toEqual(expected);
  });

  it("ignores a value that is missing or not a date", () => {
    const broken = refuses.includes("after") ? after : before;
    const codes = (state: unknown) => problemsOf(state).map(({ pointer, code }) => `${pointer} ${code}`);
    const state = withValue(BARE, field, broken);
    expect(codes(without(state, other))).toEqual([`${other} required`]);
    expect(codes(withValue(state, other, "soon"))).toEqual([`${other} wrong_format`]);
    expect(codes(withValue(state, field, "soon"))).toEqual([`${field} wrong_format`]);
    expect(codes(withValue(state, field, 5))).toEqual([`${field} wrong_type`]);
  });
});

describe("sales must end after they start", () => {
  const problem = {
    stage: 4,
    pointer: `${TICKET}/salesEnd`,
    code: "not_after_sales_start",
    message: "Ticket “Early bird”: Sales must end after they start.",
  };
  const sales = (salesStart: unknown, salesEnd: unknown) =>
    problemsWith({ [`${TICKET}/salesStart`]: salesStart, [`${TICKET}/salesEnd`]: salesEnd });

  it.each([
    ["2027-05-01T10:00:00Z", "2027-05-01T10:00:00Z", [problem]],
    ["2027-05-01T10:00:00Z", "2027-05-01T12:00:00+02:00", [problem]],
    ["2027-05-01T10:00:00.000001Z", "2027-05-01T10:00:00Z", [problem]],
    ["2027-05-01T10:00:00Z", "2027-05-01T10:00:00.000001Z", []],
    [null, "2027-05-01T10:00:00Z", []],
    ["2027-05-01T10:00:00Z", null, []],
    // Also after the end of the event: still one problem per field.
    ["2028-01-01T00:00:00Z", "2027-12-31T00:00:00Z", [problem]],
  ])("from %s to %s", (start, end, expected) => expect(sales(start, end)).toEqual(expected));

  it("ignores a start that is not a date", () => {
    expect(sales("soon", "2027-05-01T10:00:00Z").map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      `${TICKET}/salesStart wrong_format`,
    ]);
  });

  it("is checked for each ticket separately, even for a free one", () => {
    const ticket = { name: "A", kind: "free", quantity: 1 };
    const tickets = {
      a: { ...ticket, salesStart: "2027-05-02T00:00:00Z", salesEnd: "2027-05-01T00:00:00Z" },
      b: { ...ticket, salesStart: "2027-05-01T00:00:00Z", salesEnd: "2027-05-02T00:00:00Z" },
      c: { ...ticket, salesEnd: "2027-06-20T00:00:00Z" },
      d: { ...ticket, salesStart: "2027-05-03T00:00:00Z" },
    };
    const found = problemsWith({ "/tickets/tickets": tickets }).map(({ pointer, code }) => `${pointer} ${code}`);
    expect(found).toEqual([
      "/tickets/tickets/a/salesEnd not_after_sales_start",
      "/tickets/tickets/c/salesEnd after_end",
    ]);
  });
});

describe("the problems of several rules", () => {
  it("belong to the stage of their field and are in the order of the form", () => {
    const found = problemsWith({
      "/schedule/startsAt": "2027-06-20T10:00:00Z",
      "/schedule/doorsAt": "2027-06-20T11:00:00Z",
      "/schedule/endsAt": "2027-06-20T09:00:00Z",
      "/schedule/timezone": "Mars",
      [`${TICKET}/salesEnd`]: "2027-06-20T09:30:00Z",
      "/publish/publishAt": "2027-06-20T12:00:00Z",
    });
    expect(found.map(({ stage, pointer, code }) => `${stage} ${pointer} ${code}`)).toEqual([
      "2 /schedule/timezone wrong_format",
      "2 /schedule/endsAt not_after_start",
      "2 /schedule/doorsAt after_start",
      `4 ${TICKET}/salesEnd after_end`,
      "6 /publish/publishAt after_start",
    ]);
  });
});
