import { describe, expect, it } from "@jest/globals";
import { problemsOf } from "./problems.ts";
import { progressOf } from "./progress.ts";
import { STAGES } from "./stages.ts";
import { COMPLETE_STATE } from "./testing/completeState.ts";
import { without, withValue } from "./testing/edit.ts";

describe("progressOf", () => {
  it("shows no stage as started for an empty state", () => {
    expect(progressOf({})).toEqual(
      STAGES.map(({ number, key, title }) => {
        const problems = problemsOf({}).filter(({ stage }) => stage === number);
        return { number, key, title, started: false, complete: false, problems };
      }),
    );
  });

  it("shows every stage as complete for a complete state", () => {
    expect(progressOf(COMPLETE_STATE)).toEqual(
      STAGES.map(({ number, key, title }) => ({ number, key, title, started: true, complete: true, problems: [] })),
    );
  });

  it("lists the problems of each stage", () => {
    const state = withValue(without(COMPLETE_STATE, "/basics/title"), "/publish/publishAt", "2030-01-01T00:00:00Z");
    expect(progressOf(state).map(({ number, problems }) => [number, problems.map(({ pointer }) => pointer)])).toEqual([
      [1, ["/basics/title"]],
      [2, []],
      [3, []],
      [4, []],
      [5, []],
      [6, ["/publish/publishAt"]],
    ]);
  });

  it.each<[stage: unknown, started: boolean]>([
    [{}, false],
    [null, false],
    [[], false],
    ["Summer party", false],
    [{ title: "" }, false],
    [{ title: null, mood: "high" }, false],
    [{ title: "S" }, true],
    [{ title: 5 }, true],
  ])("shows a stage as started if it has an answer: %j", (basics, started) => {
    expect(progressOf({ basics })[0]?.started).toBe(started);
  });

  it.each<[state: unknown, complete: number[]]>([
    [{}, []],
    [null, []],
    [{ basics: COMPLETE_STATE.basics }, [1]],
    [{ schedule: COMPLETE_STATE.schedule, page: COMPLETE_STATE.page }, [2, 5]],
    [COMPLETE_STATE, [1, 2, 3, 4, 5, 6]],
    [{ ...COMPLETE_STATE, location: [] }, [1, 2, 4, 5, 6]],
    // With this start, the event would be published too late: a problem of stage 6.
    [withValue(COMPLETE_STATE, "/schedule/startsAt", "2027-01-01T00:00:00Z"), [1, 3, 4, 5]],
  ])("shows a stage as complete if it has no problems", (state, complete) => {
    const stages = progressOf(state).filter((stage) => stage.complete);
    expect(stages.map(({ number }) => number)).toEqual(complete);
  });
});
