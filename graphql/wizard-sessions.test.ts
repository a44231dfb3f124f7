import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { countSessions, storedSession } from "../testkit/rows.ts";
import {
  CREATE,
  createEventAs,
  createSession,
  DELETE,
  deleteSession,
  readSession,
  UPDATE,
  updateSession,
} from "../testkit/sessions.ts";
import { COMPLETE_STATE } from "../wizard/testing/completeState.ts";

const api = useTestApi();
let ada: Caller;
let ben: Caller;
beforeAll(async () => {
  [ada, ben] = [await api.user(), await api.user()];
});

const idOf = ({ id }: Caller) => id ?? "";

describe("creating a session", () => {
  it("starts at stage 1, in progress, with an empty state, for the caller", async () => {
    const session = await createSession(ada);
    expect(session).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      userId: ada.id,
      eventId: null,
      stage: 1,
      status: "IN_PROGRESS",
      state: {},
      startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      lastSavedAt: session.startedAt,
      completedAt: null,
      revision: 0,
    });
    expect(await storedSession(api.db, session.id)).toMatchObject({
      user_id: ada.id,
      stage: 1,
      state: {},
      revision: 0,
    });
  });

  it("accepts initial values", async () => {
    const known = { id: randomUUID(), userId: ada.id, eventId: await createEventAs(ada), stage: 3, state: { a: [1] } };
    expect(await createSession(ada, known)).toMatchObject(known);
    expect(await storedSession(api.db, known.id)).toMatchObject({
      event_id: known.eventId,
      stage: 3,
      state: { a: [1] },
    });
  });

  it("works for a user without a profile, and creates it", async () => {
    const newcomer = await api.user();
    const profiles = () => api.db.root.query("select from profiles where id = $1", [newcomer.id]);
    expect((await profiles()).rowCount).toBe(0);
    await createSession(newcomer);
    expect((await profiles()).rowCount).toBe(1);
  });

  it("refuses an id that is in use, and changes nothing", async () => {
    const { id } = await createSession(ada);
    const [stored, count] = [await storedSession(api.db, id), await countSessions(api.db, idOf(ada))];
    const { extensions } = await ada.refused(CREATE, { session: { id, stage: 2 } });
    expect(extensions).toEqual({ code: "ALREADY_EXISTS", field: "id" });
    expect(await storedSession(api.db, id)).toEqual(stored);
    expect(await countSessions(api.db, idOf(ada))).toBe(count);
  });

  it("reveals nothing about another user's session with the same id", async () => {
    const { id } = await createSession(ada, { stage: 2, state: { title: "Secret" } });
    const stored = await storedSession(api.db, id);
    const refusal = await ben.refused(CREATE, { session: { id } });
    expect(refusal).toEqual({
      message: "`id` is in use already. Send another value, or read the row that has it.",
      path: ["createWizardSession"],
      extensions: { code: "ALREADY_EXISTS", field: "id" },
    });
    expect(refusal).toEqual(await ada.refused(CREATE, { session: { id } }));
    expect(await storedSession(api.db, id)).toEqual(stored);
    expect(await countSessions(api.db, idOf(ben))).toBe(0);
  });

  it("is not possible in another user's name", async () => {
    const before = await countSessions(api.db, idOf(ada));
    const { extensions } = await ben.refused(CREATE, { session: { userId: ada.id } });
    expect(extensions).toEqual({ code: "FORBIDDEN" });
    expect(await countSessions(api.db, idOf(ada))).toBe(before);
  });
});

describe("saving a session", () => {
  it("changes the fields in the patch, increments the revision and sets the time", async () => {
    const session = await createSession(ada);
    const patch = { eventId: await createEventAs(ada), stage: 4, state: { basics: { title: "Fête" } } };
    const saved = await updateSession(ada, session.id, { ...patch, status: "ABANDONED", revision: 0 });
    const lastSavedAt = expect.any(String);
    expect(saved).toEqual({ ...session, ...patch, status: "ABANDONED", revision: 1, lastSavedAt });
    expect(Date.parse(saved.lastSavedAt)).toBeGreaterThanOrEqual(Date.parse(session.lastSavedAt));
    expect(saved.lastSavedAt).not.toBe(session.lastSavedAt);
    expect(await storedSession(api.db, session.id)).toMatchObject({
      status: "abandoned",
      state: patch.state,
      revision: 1,
    });
  });

  it.each([
    ["stage", { stage: 2 }],
    ["state", { state: { b: 2 } }],
    ["status", { status: "ABANDONED" }],
    ["eventId", { eventId: null }],
  ])("changes nothing else if the patch contains only %s", async (_, patch) => {
    const eventId = await createEventAs(ada);
    const session = await createSession(ada, { eventId, stage: 5, state: { a: 1 } });
    const saved = await updateSession(ada, session.id, patch);
    expect(saved).toEqual({ ...session, ...patch, revision: 1, lastSavedAt: saved.lastSavedAt });
  });

  it("is accepted for any revision if the patch names none", async () => {
    const { id } = await createSession(ada);
    for (const stage of [2, 3, 4]) await updateSession(ada, id, { stage });
    expect(await storedSession(api.db, id)).toMatchObject({ stage: 4, revision: 3 });
  });

  it("is accepted repeatedly for the newest revision", async () => {
    const { id } = await createSession(ada);
    for (const revision of [0, 1, 2]) await updateSession(ada, id, { revision, state: { revision } });
    expect(await storedSession(api.db, id)).toMatchObject({ state: { revision: 2 }, revision: 3 });
  });

  it.each([
    ["an older", 0],
    ["a later", 2],
    ["a negative", -1],
  ])("is refused for %s revision, with the number of the newest", async (_, revision) => {
    const { id } = await createSession(ada);
    await updateSession(ada, id, { stage: 2 });
    const stored = await storedSession(api.db, id);
    const { message, extensions } = await ada.refused(UPDATE, { id, patch: { stage: 3, revision } });
    expect(extensions).toEqual({ code: "REVISION_CONFLICT", currentRevision: 1 });
    expect(message).toContain(`it is at revision 1, not ${revision}`);
    expect(await storedSession(api.db, id)).toEqual(stored);
  });

  it("is refused if the revision is null", async () => {
    const { id } = await createSession(ada);
    const stored = await storedSession(api.db, id);
    const { extensions } = await ada.refused(UPDATE, { id, patch: { stage: 3, revision: null } });
    expect(extensions).toEqual({ code: "INVALID_INPUT", field: "revision" });
    expect(await storedSession(api.db, id)).toEqual(stored);
  });

  it("succeeds for one of two concurrent saves of the same revision", async () => {
    const { id } = await createSession(ada);
    const saves = await Promise.allSettled([2, 3].map((stage) => updateSession(ada, id, { stage, revision: 0 })));
    expect(saves.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const saved = saves.find((save) => save.status === "fulfilled");
    expect(await storedSession(api.db, id)).toMatchObject({ stage: saved?.value.stage, revision: 1 });
  });

  it("is refused if the patch is empty", async () => {
    const { id } = await createSession(ada);
    const stored = await storedSession(api.db, id);
    const { extensions } = await ada.refused(UPDATE, { id, patch: {} });
    expect(extensions).toEqual({ code: "INVALID_INPUT" });
    expect(await storedSession(api.db, id)).toEqual(stored);
  });
});

describe("the status of a session", () => {
  it.each([
    ["IN_PROGRESS", "in_progress"],
    ["COMPLETED", "completed"],
    ["ABANDONED", "abandoned"],
  ])("is %s in GraphQL and %s in SQL", async (status, text) => {
    const created = await createSession(ada, { status, state: COMPLETE_STATE });
    expect(created.status).toBe(status);
    expect(await storedSession(api.db, created.id)).toMatchObject({ status: text });

    const { id } = await createSession(ada, { state: COMPLETE_STATE });
    expect((await updateSession(ada, id, { status })).status).toBe(status);
    expect(await storedSession(api.db, id)).toMatchObject({ status: text });
    expect(await readSession(ada, id)).toMatchObject({ status });
  });

  it.each([
    ["its state", { state: { a: 1 } }, "IN_PROGRESS"],
    ["its stage", { stage: 2 }, "IN_PROGRESS"],
    ["its state and that it is abandoned", { state: { a: 1 }, status: "ABANDONED" }, "IN_PROGRESS"],
    ["its state and that it is completed", { state: COMPLETE_STATE, status: "COMPLETED" }, "COMPLETED"],
  ])(
    "follows from a save of an abandoned session that writes %s: it is resumed unless it is completed",
    async (_, patch, status) => {
      const { id } = await createSession(ada, { status: "ABANDONED" });
      expect(await updateSession(ada, id, patch)).toMatchObject({ ...patch, status, revision: 1 });
    },
  );

  it("can change from abandoned to in progress", async () => {
    const { id } = await createSession(ada, { status: "ABANDONED" });
    expect(await updateSession(ada, id, { status: "IN_PROGRESS" })).toMatchObject({ status: "IN_PROGRESS" });
  });

  it("sets the time of completion when it changes to completed", async () => {
    const { id } = await createSession(ada, { state: COMPLETE_STATE });
    const { completedAt } = await updateSession(ada, id, { status: "COMPLETED" });
    expect(Date.now() - Date.parse(completedAt ?? "")).toBeLessThan(10_000);
  });

  it.each([
    ["its stage", { stage: 2 }],
    ["its state", { state: { late: true } }],
    ["its status", { status: "IN_PROGRESS" }],
    ["its event", { eventId: null }],
    ["anything, with the right revision", { stage: 2, revision: 1 }],
    ["anything, with a stale revision", { stage: 2, revision: 0 }],
  ])("locks a completed session: its user can't change %s", async (_, patch) => {
    const { id } = await createSession(ada, { state: COMPLETE_STATE });
    await updateSession(ada, id, { status: "COMPLETED" });
    const stored = await storedSession(api.db, id);
    const { extensions } = await ada.refused(UPDATE, { id, patch });
    expect(extensions).toEqual({ code: "SESSION_COMPLETED" });
    expect(await storedSession(api.db, id)).toEqual(stored);
  });
});

describe("deleting a session", () => {
  it("returns it and removes it", async () => {
    const session = await createSession(ada);
    expect(await deleteSession(ada, session.id)).toEqual(session);
    expect(await storedSession(api.db, session.id)).toBeUndefined();
    expect(await readSession(ada, session.id)).toBeNull();
  });

  it("fails the second time", async () => {
    const { id } = await createSession(ada);
    await deleteSession(ada, id);
    expect((await ada.refused(DELETE, { id })).extensions).toEqual({ code: "NOT_FOUND" });
  });
});

describe("another user's session", () => {
  const REFUSED = { message: "This WizardSession does not exist or is not yours.", extensions: { code: "NOT_FOUND" } };

  it("can't be read", async () => {
    const { id } = await createSession(ada);
    expect(await readSession(ben, id)).toBeNull();
    expect(await readSession(ada, id)).toMatchObject({ id });
  });

  it.each([
    ["updated", UPDATE, "updateWizardSession"],
    ["deleted", DELETE, "deleteWizardSession"],
  ])("can't be %s; the error is the same as for a session that does not exist", async (_, document, field) => {
    const { id } = await createSession(ada);
    const stored = await storedSession(api.db, id);
    const refusal = await ben.refused(document, { id, patch: { stage: 2 } });
    expect(refusal).toEqual({ ...REFUSED, path: [field] });
    expect(await ben.refused(document, { id: randomUUID(), patch: { stage: 2 } })).toEqual(refusal);
    expect(await storedSession(api.db, id)).toEqual(stored);
  });

  it.each([
    ["a stale revision", { revision: 7 }],
    ["the right revision", { revision: 1 }],
    ["no revision at all", { revision: null }],
    ["an unknown stage", { stage: 7 }],
    ["a state that is not an object", { state: [] }],
    ["a state that is too large", { state: { text: "x".repeat(300_000) } }],
    ["an event that is not there", { eventId: randomUUID() }],
  ])("does not reveal by its answer to %s whether it exists or is completed", async (_, patch) => {
    const { id } = await createSession(ada, { state: COMPLETE_STATE });
    await updateSession(ada, id, { status: "COMPLETED" });
    const stored = await storedSession(api.db, id);
    expect(await ben.refused(UPDATE, { id, patch })).toMatchObject(REFUSED);
    expect(await storedSession(api.db, id)).toEqual(stored);
  });

  it.each([
    ["updateWizardSession", "clientMutationId", "id: $id, patch: { stage: 2 }"],
    ["updateWizardSession", "query { __typename }", "id: $id, patch: { stage: 2 }"],
    ["deleteWizardSession", "clientMutationId", "id: $id"],
    ["deleteWizardSession", "query { __typename }", "id: $id"],
  ])("is refused to %s also if only %s is selected", async (field, selection, input) => {
    const { id } = await createSession(ada);
    const stored = await storedSession(api.db, id);
    const refusal = await ben.refused(`mutation ($id: UUID!) { ${field}(input: { ${input} }) { ${selection} } }`, {
      id,
    });
    expect(refusal).toEqual({ ...REFUSED, path: [field] });
    expect(await storedSession(api.db, id)).toEqual(stored);
  });
});

describe("a trusted back end", () => {
  it("can create a session for a user", async () => {
    const [service, { userId }] = [await api.service(), await createSession(ada)];
    const session = await createSession(service, { userId, stage: 2 });
    const saved = await updateSession(service, session.id, { state: { imported: true } });
    expect(await readSession(ada, session.id)).toEqual({ ...session, ...saved });
    expect(saved).toMatchObject({ userId, stage: 2, state: { imported: true }, revision: 1 });
    await deleteSession(service, session.id);
    expect(await storedSession(api.db, session.id)).toBeUndefined();
  });

  it("gets an error with the field's name for an unknown event", async () => {
    const [service, { id }] = [await api.service(), await createSession(ada)];
    const stored = await storedSession(api.db, id);
    const { extensions } = await service.refused(UPDATE, { id, patch: { eventId: randomUUID() } });
    expect(extensions).toEqual({ code: "UNKNOWN_REFERENCE", field: "eventId" });
    expect(await storedSession(api.db, id)).toEqual(stored);
  });

  it("gets an error with the field's name for an unknown user", async () => {
    const [service, unknown] = [await api.service(), randomUUID()];
    const { extensions } = await service.refused(CREATE, { session: { userId: unknown } });
    expect(extensions).toEqual({ code: "UNKNOWN_REFERENCE", field: "userId" });
    expect(await countSessions(api.db, unknown)).toBe(0);
  });

  it("is bound by revisions and completion like every caller", async () => {
    const [service, { id }] = [await api.service(), await createSession(ada, { state: COMPLETE_STATE })];
    const stale = await service.refused(UPDATE, { id, patch: { stage: 2, revision: 5 } });
    expect(stale.extensions).toEqual({ code: "REVISION_CONFLICT", currentRevision: 0 });
    await updateSession(service, id, { status: "COMPLETED" });
    const stored = await storedSession(api.db, id);
    const late = await service.refused(UPDATE, { id, patch: { stage: 2 } });
    expect(late.extensions).toEqual({ code: "SESSION_COMPLETED" });
    expect(await storedSession(api.db, id)).toEqual(stored);
  });
});
