import { beforeEach, describe, expect, it } from "@jest/globals";
import { type Caller, useTestApi } from "../../testkit/api.ts";
import { createSession } from "../../testkit/sessions.ts";
import { problemsOf } from "../../wizard/problems.ts";
import { progressOf } from "../../wizard/progress.ts";

let validations = 0;
// Each validation reads every stage of the state once. A migration is the one place in which a test can put a counter.
const countValidations = (state: object) => ({
  ...state,
  get basics() {
    validations += 1;
    return { title: "Fête" };
  },
});
const api = useTestApi({ definition: { version: 2, migrations: [{ to: 2, change: countValidations }] } });
const STATE = { basics: { title: "Fête" } };
const PROBLEMS = "problems { stage pointer code message }";
const PROGRESS = `progress { number key title started complete ${PROBLEMS} }`;

describe("a request validates the state of a session", () => {
  let ada: Caller;
  let id: string;
  beforeEach(async () => {
    ada = await api.user();
    ({ id } = await createSession(ada, { state: STATE, definitionVersion: 1 }));
    validations = 0;
  });
  const read = (fields: string) =>
    ada.ask<{ wizardSession: object }>(`query ($id: UUID!) { wizardSession(id: $id) { ${fields} } }`, { id });

  it.each([
    ["once for problems and progress together", `${PROBLEMS} ${PROGRESS}`, 1],
    ["once for problems", PROBLEMS, 1],
    ["once for progress", PROGRESS, 1],
    ["once for the same field under two names", `one: ${PROBLEMS} other: ${PROBLEMS}`, 1],
    ["not at all for neither of them", "id revision stage state", 0],
  ])("%s", async (_, fields, count) => {
    await read(fields);
    expect(validations).toBe(count);
  });

  it("once for each session of a list", async () => {
    await createSession(ada, { state: STATE, definitionVersion: 1 });
    validations = 0;
    await ada.ask(`{ wizardSessions(first: 10) { nodes { ${PROBLEMS} ${PROGRESS} } } }`);
    expect(validations).toBe(2);
  });

  it("and answers both fields as wizard/ does", async () => {
    const { wizardSession } = await read(`${PROBLEMS} ${PROGRESS}`);
    expect(wizardSession).toEqual({ problems: problemsOf(STATE), progress: progressOf(STATE) });
  });
});
