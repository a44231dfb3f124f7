import { beforeAll, describe, expect, it } from "@jest/globals";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { ADA, BEN, FAIR, FETE, insertSampleSessions } from "../testkit/sampleSessions.ts";

const api = useTestApi();
let ada: Caller;
let ben: Caller;
beforeAll(async () => {
  await insertSampleSessions(api.db);
  [ada, ben] = [await api.user(ADA), await api.user(BEN)];
});

interface Group {
  readonly keys: readonly (string | null)[];
  readonly distinctCount: { readonly id: string };
}

/** The number of sessions that a caller sees, by key. */
async function groups(caller: Caller, by: string, args = ""): Promise<Record<string, number>> {
  const { wizardSessions } = await caller.ask<{ readonly wizardSessions: { readonly groupedAggregates: Group[] } }>(
    `{ wizardSessions${args} { groupedAggregates(groupBy: [${by}]) { keys distinctCount { id } } } }`,
  );
  return Object.fromEntries(
    wizardSessions.groupedAggregates.map(({ keys, distinctCount }) => [keys.join(" "), Number(distinctCount.id)]),
  );
}

const dates = (counts: Record<string, number>) =>
  Object.fromEntries(Object.entries(counts).map(([key, count]) => [key.slice(0, 10), count]));

describe("aggregates", () => {
  const NUMBERS = `
    totalCount
    aggregates {
      sum { stage revision } average { stage revision } min { stage revision } max { stage revision }
      distinctCount { id userId eventId stage status completedAt }
    }`;

  it("count all of the caller's sessions and no others", async () => {
    expect(await ada.ask(`{ wizardSessions { ${NUMBERS} } }`)).toEqual({
      wizardSessions: {
        totalCount: 6,
        aggregates: {
          sum: { stage: "22", revision: "27" },
          average: { stage: "3.6666666666666667", revision: "4.5000000000000000" },
          min: { stage: 1, revision: 0 },
          max: { stage: 6, revision: 9 },
          distinctCount: { id: "6", userId: "1", eventId: "2", stage: "3", status: "3", completedAt: "2" },
        },
      },
    });
    expect(await ben.ask(`{ wizardSessions { ${NUMBERS} } }`)).toMatchObject({
      wizardSessions: {
        totalCount: 2,
        aggregates: { sum: { stage: "7", revision: "99" }, max: { revision: 99 }, distinctCount: { userId: "1" } },
      },
    });
  });

  it("are empty for a user without sessions", async () => {
    expect(await (await api.user()).ask(`{ wizardSessions { ${NUMBERS} } }`)).toEqual({
      wizardSessions: {
        totalCount: 0,
        aggregates: {
          sum: { stage: "0", revision: "0" },
          average: { stage: null, revision: null },
          min: { stage: null, revision: null },
          max: { stage: null, revision: null },
          distinctCount: { id: "0", userId: "0", eventId: "0", stage: "0", status: "0", completedAt: "0" },
        },
      },
    });
  });

  it("follow the condition and the filter, but not the page", async () => {
    const args = "(condition: { stage: 3 }, filter: { revision: { greaterThan: 2 } }, first: 1)";
    expect(
      await ada.ask(`{ wizardSessions${args} { totalCount nodes { revision } aggregates { sum { revision } } } }`),
    ).toEqual({
      wizardSessions: { totalCount: 2, nodes: [{ revision: 4 }], aggregates: { sum: { revision: "9" } } },
    });
  });

  it("are the same through the profile; through an event they count the event's sessions", async () => {
    const document = `query ($ada: UUID!, $fair: UUID!) {
      profile(id: $ada) { wizardSessions { totalCount aggregates { sum { revision } } } }
      event(id: $fair) { wizardSessions { totalCount aggregates { sum { revision } } } }
    }`;
    expect(await ada.ask(document, { ada: ADA, fair: FAIR })).toEqual({
      profile: { wizardSessions: { totalCount: 6, aggregates: { sum: { revision: "27" } } } },
      event: { wizardSessions: { totalCount: 3, aggregates: { sum: { revision: "21" } } } },
    });
    expect(await ben.ask(document, { ada: ADA, fair: FAIR })).toEqual({ profile: null, event: null });
  });

  it.each(["totalCount", "aggregates { distinctCount { id } }", "groupedAggregates(groupBy: [STAGE]) { keys }"])(
    "are refused to anonymous callers and analysts: %s",
    async (selection) => {
      const document = `{ wizardSessions { ${selection} } }`;
      for (const caller of [api.anon(), await api.analyst()]) {
        expect((await caller.refused(document)).extensions).toEqual({ code: "FORBIDDEN" });
      }
      await expect(ada.ask(document)).resolves.toHaveProperty("wizardSessions");
    },
  );
});

describe("grouped aggregates", () => {
  it("count by stage", async () => {
    expect(await groups(ada, "STAGE")).toEqual({ "1": 1, "3": 3, "6": 2 });
    expect(await groups(ben, "STAGE")).toEqual({ "1": 1, "6": 1 });
  });

  it("count by status", async () => {
    expect(await groups(ada, "STATUS")).toEqual({ in_progress: 3, completed: 2, abandoned: 1 });
    expect(await groups(ben, "STATUS")).toEqual({ in_progress: 1, completed: 1 });
  });

  it("count by the day of the start", async () => {
    const expected = { "2026-03-01": 2, "2026-03-02": 1, "2026-03-03": 3 };
    expect(dates(await groups(ada, "STARTED_AT_TRUNCATED_TO_DAY"))).toEqual(expected);
    expect(dates(await groups(ben, "STARTED_AT_TRUNCATED_TO_DAY"))).toEqual({ "2026-01-01": 1, "2026-09-09": 1 });
  });

  it("count by the day of the last save", async () => {
    const expected = { "2026-03-03": 1, "2026-03-04": 2, "2026-03-05": 1, "2026-03-06": 2 };
    expect(dates(await groups(ada, "LAST_SAVED_AT_TRUNCATED_TO_DAY"))).toEqual(expected);
    expect(dates(await groups(ben, "LAST_SAVED_AT_TRUNCATED_TO_DAY"))).toEqual({ "2026-01-01": 1, "2026-09-09": 1 });
  });

  it("count by event, including sessions without one", async () => {
    expect(await groups(ada, "EVENT_ID")).toEqual({ "": 2, [FAIR]: 3, [FETE]: 1 });
  });

  it("show only the caller, however many users exist", async () => {
    expect(await groups(ada, "USER_ID")).toEqual({ [ADA]: 6 });
    expect(await groups(await api.service(), "USER_ID")).toEqual({ [ADA]: 6, [BEN]: 2 });
  });

  it("count by two columns", async () => {
    const expected = { "1 in_progress": 1, "3 abandoned": 1, "3 in_progress": 2, "6 completed": 2 };
    expect(await groups(ada, "STAGE, STATUS")).toEqual(expected);
  });

  it("follow the condition", async () => {
    expect(await groups(ada, "STAGE", "(condition: { status: IN_PROGRESS })")).toEqual({ "1": 1, "3": 2 });
  });

  it("leave out groups that `having` excludes", async () => {
    const document = `{
      wizardSessions { groupedAggregates(groupBy: [STAGE], having: { sum: { revision: { greaterThan: 11 } } }) { keys } }
    }`;
    expect(await ada.ask(document)).toEqual({ wizardSessions: { groupedAggregates: [{ keys: ["6"] }] } });
  });
});
