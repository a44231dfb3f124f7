import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import pg from "pg";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { completeState, countEvents } from "../testkit/events.ts";
import { interleave } from "../testkit/locks.ts";
import { countSessions, storedSession } from "../testkit/rows.ts";
import { history } from "../testkit/saving.ts";
import { CREATE, createSession, UPDATE, updateSession } from "../testkit/sessions.ts";
import { problemsOf } from "../wizard/problems.ts";
import { COMPLETE_STATE } from "../wizard/testing/completeState.ts";

const api = useTestApi();
let ada: Caller;
beforeEach(async () => {
  ada = await api.user();
});

/** All answers are there, but the schemas and rules refuse some. */
const INVALID_STATE = {
  ...COMPLETE_STATE,
  basics: { ...COMPLETE_STATE.basics, category: "unknown", organizerEmail: "nobody" },
  schedule: { ...COMPLETE_STATE.schedule, endsAt: COMPLETE_STATE.schedule.startsAt },
};
const INCOMPLETE_STATES = [
  ["is empty", {}],
  ["lacks one answer", { ...COMPLETE_STATE, location: { mode: "online" } }],
  ["has invalid answers only", INVALID_STATE],
] as const;

describe.each(["user", "service"] as const)("for a caller who is a %s, the status COMPLETED", (kind) => {
  it.each(INCOMPLETE_STATES)(
    "is refused with all problems if the state %s, and nothing is written",
    async (_, state) => {
      const { id } = await createSession(ada, { state });
      const stored = await storedSession(api.db, id);
      const caller = kind === "user" ? ada : await api.service();
      const problems = problemsOf(state);
      const count = problems.length === 1 ? "1 answer is" : `${problems.length} answers are`;
      expect(problems.length).toBeGreaterThan(0);
      expect(await caller.refused(UPDATE, { id, patch: { status: "COMPLETED", stage: 6 } })).toEqual({
        message: `The session can't be completed yet: ${count} missing or wrong.`,
        path: ["updateWizardSession"],
        extensions: { code: "INCOMPLETE", problems },
      });
      expect(await storedSession(api.db, id)).toEqual(stored);
      expect(await history(api.db, id)).toHaveLength(1);
    },
  );

  it.each(INCOMPLETE_STATES)("is refused for a new session whose state %s", async (_, state) => {
    const { userId } = await createSession(ada);
    const caller = kind === "user" ? ada : await api.service();
    expect(await caller.refused(CREATE, { session: { userId, status: "COMPLETED", state } })).toMatchObject({
      path: ["createWizardSession"],
      extensions: { code: "INCOMPLETE", problems: problemsOf(state) },
    });
    expect(await countSessions(api.db, userId)).toBe(1);
  });

  it("is refused for a new session without a state", async () => {
    const { userId } = await createSession(ada);
    const caller = kind === "user" ? ada : await api.service();
    const { extensions } = await caller.refused(CREATE, { session: { userId, status: "COMPLETED" } });
    expect(extensions).toEqual({ code: "INCOMPLETE", problems: problemsOf({}) });
    expect(await countSessions(api.db, userId)).toBe(1);
  });

  it("locks a session without problems and publishes nothing", async () => {
    const { id } = await createSession(ada, { state: completeState() });
    const caller = kind === "user" ? ada : await api.service();
    expect(await updateSession(caller, id, { status: "COMPLETED" })).toMatchObject({
      ...{ status: "COMPLETED", revision: 1, eventId: null, completedAt: expect.any(String) },
    });
    expect(await countEvents(api.db, ada.id as string)).toBe(0);
  });

  it("can be that of a new session without problems", async () => {
    const caller = kind === "user" ? ada : await api.service();
    const { userId } = await createSession(ada);
    const session = { userId, status: "COMPLETED", state: completeState() };
    expect(await createSession(caller, session)).toMatchObject({ ...session, completedAt: expect.any(String) });
  });
});

describe("the status COMPLETED", () => {
  it("depends on the state that the same patch writes", async () => {
    const { id } = await createSession(ada, { state: INVALID_STATE });
    const patch = { status: "COMPLETED", state: COMPLETE_STATE };
    expect(await updateSession(ada, id, patch)).toMatchObject({ ...patch, revision: 1 });

    const full = await createSession(ada, { state: COMPLETE_STATE });
    const stored = await storedSession(api.db, full.id);
    const { extensions } = await ada.refused(UPDATE, { id: full.id, patch: { ...patch, state: INVALID_STATE } });
    expect(extensions).toEqual({ code: "INCOMPLETE", problems: problemsOf(INVALID_STATE) });
    expect(await storedSession(api.db, full.id)).toEqual(stored);
  });

  it("is checked if the document contains it as a literal or in a variable of its own", async () => {
    const { id } = await createSession(ada, { state: INVALID_STATE });
    const literal = `mutation ($id: UUID!) {
      updateWizardSession(input: { id: $id, patch: { status: COMPLETED } }) { clientMutationId }
    }`;
    const variable = `mutation ($id: UUID!, $status: WizardSessionStatus) {
      updateWizardSession(input: { id: $id, patch: { status: $status } }) { clientMutationId }
    }`;
    const created =
      "mutation { createWizardSession(input: { wizardSession: { status: COMPLETED } }) { clientMutationId } }";
    for (const document of [literal, variable, created]) {
      const { extensions } = await ada.refused(document, { id, status: "COMPLETED" });
      expect(extensions.code).toBe("INCOMPLETE");
    }
    expect(await storedSession(api.db, id)).toMatchObject({ status: "in_progress", revision: 0 });
  });

  it("is checked after earlier mutations of the same document", async () => {
    const { id } = await createSession(ada);
    const document = `mutation ($id: UUID!, $state: JSON!) {
      first: updateWizardSession(input: { id: $id, patch: { state: $state } }) { clientMutationId }
      second: updateWizardSession(input: { id: $id, patch: { status: COMPLETED } }) { wizardSession { status } }
    }`;
    expect(await ada.ask(document, { id, state: COMPLETE_STATE })).toMatchObject({
      second: { wizardSession: { status: "COMPLETED" } },
    });
  });

  it("can be that of an abandoned session without problems", async () => {
    const { id } = await createSession(ada, { status: "ABANDONED", state: COMPLETE_STATE });
    expect(await updateSession(ada, id, { status: "COMPLETED" })).toMatchObject({ status: "COMPLETED", revision: 1 });
  });

  it("is a conflict if another save is written between the check and the update", async () => {
    const { id } = await createSession(ada, { state: COMPLETE_STATE });
    const hold = `select from wizard_sessions where id = '${id}' for update`;
    const [saved, completed] = await interleave(api.db, hold, [
      () => updateSession(ada, id, { state: {} }),
      () => ada.refused(UPDATE, { id, patch: { status: "COMPLETED" } }),
    ]);
    expect(saved).toMatchObject({ revision: 1, state: {} });
    expect(completed).toMatchObject({ extensions: { code: "REVISION_CONFLICT", currentRevision: 1 } });
    expect(await storedSession(api.db, id)).toMatchObject({ status: "in_progress", state: {}, revision: 1 });
  });

  it("overwrites a save in between if the patch contains the whole state and no revision", async () => {
    const { id } = await createSession(ada);
    const hold = `select from wizard_sessions where id = '${id}' for update`;
    const patch = { status: "COMPLETED", state: COMPLETE_STATE };
    const [, completed] = await interleave(api.db, hold, [
      () => updateSession(ada, id, { state: { a: 1 } }),
      () => updateSession(ada, id, patch),
    ]);
    expect(completed).toMatchObject({ ...patch, revision: 2 });
  });

  it.each([
    ["an older", 0],
    ["a later", 2],
  ])("is a conflict, also without problems, if the patch names %s revision", async (_, revision) => {
    for (const state of [COMPLETE_STATE, {}]) {
      const { id } = await createSession(ada, { state });
      await updateSession(ada, id, { stage: 6 });
      const stored = await storedSession(api.db, id);
      const refusal = await ada.refused(UPDATE, { id, patch: { status: "COMPLETED", revision } });
      // SQL answers the same.
      const { message } = await ada.refused(UPDATE, { id, patch: { stage: 6, revision } });
      expect(refusal).toMatchObject({ message, extensions: { code: "REVISION_CONFLICT", currentRevision: 1 } });
      expect(await storedSession(api.db, id)).toEqual(stored);
    }
  });

  it("is accepted with the present revision, and refused with a null one", async () => {
    const { id } = await createSession(ada, { state: COMPLETE_STATE });
    const { extensions } = await ada.refused(UPDATE, { id, patch: { status: "COMPLETED", revision: null } });
    expect(extensions).toEqual({ code: "INVALID_INPUT", field: "revision" });
    const patch = { status: "COMPLETED", revision: 0 };
    expect(await updateSession(ada, id, patch)).toMatchObject({ status: "COMPLETED", revision: 1 });
  });

  it("is refused in a completed session as locked, and in another user's session as not found", async () => {
    const ben = await api.user();
    for (const patch of [
      { status: "COMPLETED" },
      { status: "COMPLETED", state: {} },
      { status: "COMPLETED", revision: 9 },
    ]) {
      const { id } = await createSession(ada, { state: COMPLETE_STATE });
      const stored = await storedSession(api.db, id);
      for (const wanted of [id, randomUUID()]) {
        expect((await ben.refused(UPDATE, { id: wanted, patch })).extensions).toEqual({ code: "NOT_FOUND" });
      }
      expect(await storedSession(api.db, id)).toEqual(stored);
      await updateSession(ada, id, { status: "COMPLETED" });
      expect((await ada.refused(UPDATE, { id, patch })).extensions).toEqual({ code: "SESSION_COMPLETED" });
      expect((await api.anon().refused(UPDATE, { id, patch })).extensions).toEqual({ code: "FORBIDDEN" });
    }
  });
});

describe("an update that sets another status, or none", () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it.each([[{ stage: 2 }], [{ status: "IN_PROGRESS", state: {} }], [{ status: "ABANDONED" }]])(
    "costs no other statement and no other transaction: %j",
    async (patch) => {
      const { id } = await createSession(ada);
      const query = jest.spyOn(pg.Client.prototype, "query");
      await updateSession(ada, id, patch);
      const texts = query.mock.calls.map(([config]) => {
        const text: unknown = typeof config === "string" ? config : (config as pg.QueryConfig | undefined)?.text;
        return String(text);
      });
      expect(texts.filter((text) => text.includes("wizard_sessions"))).toEqual([expect.stringContaining("update")]);
      expect(texts.filter((text) => /^begin/i.test(text)).length).toBeLessThanOrEqual(1);
    },
  );
});
