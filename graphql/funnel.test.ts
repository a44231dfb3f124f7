import { beforeAll, describe, expect, it } from "@jest/globals";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { insertHistory } from "../testkit/funnel.ts";
import { STAGES } from "../wizard/stages.ts";

const api = useTestApi();
const FUNNEL = `query ($from: Datetime!, $to: Datetime!) {
  wizardFunnel(from: $from, to: $to) {
    stage key title started reached completed abandoned dropOff medianSeconds p90Seconds
  }
}`;
const MARCH = { from: "2026-03-01T00:00:00Z", to: "2026-04-01T00:00:00Z" };

let analyst: Caller;
beforeAll(async () => {
  analyst = await api.analyst();
  for (let n = 0; n < 5; n++) {
    await insertHistory(api.db, "2026-03-10T12:00:00Z", [
      { at: 0, stage: 1 },
      { at: 60, stage: 2 },
      ...(n === 0 ? [{ at: 90, stage: 2, status: "abandoned" as const }] : []),
      ...(n > 2
        ? [
            { at: 100 + n, stage: 6 },
            { at: 300, stage: 6, status: "completed" as const },
          ]
        : []),
    ]);
  }
});

describe("wizardFunnel", () => {
  it("returns each stage with its key, title and numbers", async () => {
    const none = {
      started: 0,
      reached: 2,
      completed: 2,
      abandoned: 0,
      dropOff: 0,
      medianSeconds: null,
      p90Seconds: null,
    };
    const numbers = [
      { ...none, started: 5, reached: 5, medianSeconds: 60, p90Seconds: 60 },
      { ...none, started: 5, reached: 5, abandoned: 1, dropOff: 3 },
      ...[none, none, none],
      { ...none, started: 2 },
    ];
    expect(await analyst.ask(FUNNEL, MARCH)).toEqual({
      wizardFunnel: STAGES.map(({ number, key, title }, i) => ({ stage: number, key, title, ...numbers[i] })),
    });
  });

  it("reads times with any offset", async () => {
    const span = { from: "2026-03-10T13:00:00+01:00", to: "2026-03-10T13:00:00.000001+01:00" };
    expect(await analyst.ask(FUNNEL, span)).toMatchObject({ wizardFunnel: [{ started: 5 }, {}, {}, {}, {}, {}] });
  });

  it("is returned to a trusted back end", async () => {
    const service = await api.service();
    expect(await service.ask(FUNNEL, MARCH)).toMatchObject({ wizardFunnel: [{ started: 5 }, {}, {}, {}, {}, {}] });
  });

  it("is refused to users and anonymous callers", async () => {
    for (const caller of [await api.user(), api.anon()]) {
      expect((await caller.refused(FUNNEL, MARCH)).extensions).toEqual({ code: "FORBIDDEN" });
    }
  });

  it.each([
    ["that ends when it starts", { from: MARCH.from, to: MARCH.from }, "`from` must be before `to`."],
    ["that ends before it starts", { from: MARCH.to, to: MARCH.from }, "`from` must be before `to`."],
    [
      "of more than 400 days",
      { from: "2025-01-01T00:00:00Z", to: "2026-02-06T00:00:00Z" },
      "The time from `from` to `to` must be at most 400 days.",
    ],
    ["that can't be read", { from: "soon", to: MARCH.to }, "Send a time with its offset from UTC"],
    ["without a start", { to: MARCH.to }, "from"],
  ])("refuses a span %s", async (_, span, message) => {
    const refusal = await analyst.refused(FUNNEL, span);
    expect(refusal).toMatchObject({ message: expect.stringContaining(message), extensions: { code: "INVALID_INPUT" } });
  });
});
