import { describe, expect, it } from "@jest/globals";
import { useTestApi } from "../testkit/api.ts";
import { createSession, updateSession } from "../testkit/sessions.ts";
import { STAGES } from "../wizard/stages.ts";
import { COMPLETE_STATE } from "../wizard/testing/completeState.ts";

const api = useTestApi();
const READ = `query ($id: UUID!) {
  wizardSession(id: $id) {
    problems { stage pointer code message }
    progress { number title started complete problems { pointer } }
  }
}`;

interface Answer {
  readonly wizardSession: {
    readonly problems: readonly { readonly stage: number; readonly pointer: string; readonly code: string }[];
    readonly progress: readonly { readonly number: number; readonly started: boolean; readonly complete: boolean }[];
  };
}

describe("wizardStages", () => {
  it("returns the definition to everyone", async () => {
    const { wizardStages } = await api
      .anon()
      .ask<{ wizardStages: unknown }>("{ wizardStages { number key title schema } }");
    expect(wizardStages).toEqual(JSON.parse(JSON.stringify(STAGES)));
  });
});

describe("a session", () => {
  it("has no problems if it is complete", async () => {
    const ada = await api.user();
    const { id } = await createSession(ada, { state: COMPLETE_STATE });
    const { wizardSession } = await ada.ask<Answer>(READ, { id });
    expect(wizardSession.problems).toEqual([]);
    expect(wizardSession.progress.map(({ started, complete }) => [started, complete])).toEqual(
      STAGES.map(() => [true, true]),
    );
  });

  it("lists what is missing by stage and field, and keeps wrong answers", async () => {
    const ada = await api.user();
    const { id } = await createSession(ada, { state: COMPLETE_STATE });
    const basics = { ...COMPLETE_STATE.basics, title: "" };
    await updateSession(ada, id, { state: { ...COMPLETE_STATE, basics } });
    const { wizardSession } = await ada.ask<Answer>(READ, { id });
    expect(wizardSession.problems).toMatchObject([{ stage: 1, pointer: "/basics/title" }]);
    expect(wizardSession.progress.filter(({ complete }) => !complete)).toMatchObject([
      { number: 1, started: true, problems: [{ pointer: "/basics/title" }] },
    ]);
  });

  it("has a problem in each stage, and no stage started, when it is new", async () => {
    const ada = await api.user();
    const { id } = await createSession(ada);
    const { wizardSession } = await ada.ask<Answer>(READ, { id });
    expect([...new Set(wizardSession.problems.map(({ stage }) => stage))]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(wizardSession.progress.some(({ started }) => started)).toBe(false);
  });
});
