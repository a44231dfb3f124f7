import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import pg from "pg";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { storedSession } from "../testkit/rows.ts";
import { history } from "../testkit/saving.ts";
import { createEventAs, createSession, readSession, type Session, updateSession } from "../testkit/sessions.ts";
import { COMPLETE_STATE } from "../wizard/testing/completeState.ts";

const api = useTestApi();
let ada: Caller;
let ben: Caller;
beforeAll(async () => {
  [ada, ben] = [await api.user(), await api.user()];
});

const SESSION = "id userId eventId stage status state startedAt lastSavedAt completedAt revision";
const SAVE = `mutation ($input: SaveWizardSessionInput!) {
  saveWizardSession(input: $input) {
    outcome wizardSession { ${SESSION} } conflicts { pointer base yours theirs }
  }
}`;
const START = `mutation ($id: UUID!, $eventId: UUID) {
  startWizardSession(input: { id: $id, eventId: $eventId }) { wizardSession { ${SESSION} } }
}`;
const RESTORE = `mutation ($id: UUID!, $revision: Int!) {
  restoreWizardSession(input: { id: $id, revision: $revision }) { wizardSession { ${SESSION} } }
}`;
const AT = `query ($id: UUID!, $revision: Int!) {
  wizardSessionAt(id: $id, revision: $revision) { revision stage state savedAt }
}`;
const REVISIONS = `query ($id: UUID!) {
  wizardSession(id: $id) { revisions { nodes { revision saveId stage status changedPaths size savedAt } totalCount } }
}`;
const NOT_FOUND = {
  message: "This session does not exist or is not yours.",
  extensions: { code: "NOT_FOUND" },
};

interface Answer {
  readonly outcome: string;
  readonly wizardSession: Session;
  readonly conflicts: readonly object[];
}

const inputFor = (id: string, baseRevision: number, patch: unknown, more: object = {}) => ({
  input: { id, saveId: randomUUID(), baseRevision, patch, ...more },
});
async function save(caller: Caller, ...input: Parameters<typeof inputFor>): Promise<Answer> {
  return (await caller.ask<{ readonly saveWizardSession: Answer }>(SAVE, inputFor(...input))).saveWizardSession;
}

describe("saveWizardSession", () => {
  it("takes one statement, conflicts included", async () => {
    const { id } = await createSession(ada, { state: { a: 1 } });
    await save(ada, id, 0, { a: 2 });
    const query = jest.spyOn(pg.Client.prototype, "query");
    await save(ada, id, 0, { a: 3 });
    expect(query).toHaveBeenCalledTimes(1);
    query.mockRestore();
  });

  it("returns each outcome with the session and the conflicts", async () => {
    const { id } = await createSession(ada, { state: { basics: { title: "Fair" } } });
    const saveId = randomUUID();
    const saved = await save(ada, id, 0, { basics: { title: "Fête" } }, { saveId, stage: 2 });
    expect(saved).toMatchObject({ outcome: "SAVED", conflicts: [], wizardSession: { revision: 1, stage: 2 } });
    expect(saved.wizardSession).toEqual(await readSession(ada, id));

    const merged = await save(ada, id, 0, { basics: { summary: "Stalls" } });
    const state = { basics: { title: "Fête", summary: "Stalls" } };
    expect(merged).toMatchObject({ outcome: "MERGED", conflicts: [], wizardSession: { revision: 2, state } });

    const stored = await storedSession(api.db, id);
    expect(await save(ada, id, 0, { basics: { title: "Feast" } })).toEqual({
      outcome: "CONFLICT",
      conflicts: [{ pointer: "/basics/title", base: "Fair", yours: "Feast", theirs: "Fête" }],
      wizardSession: merged.wizardSession,
    });
    expect(await save(ada, id, 0, { basics: { title: "Fête" } }, { saveId, stage: 2 })).toEqual({
      outcome: "DUPLICATE",
      conflicts: [],
      wizardSession: merged.wizardSession,
    });
    expect(await storedSession(api.db, id)).toEqual(stored);
  });

  it("refuses a completed session, but still confirms an earlier save by its key", async () => {
    const { id } = await createSession(ada);
    const saveId = randomUUID();
    await save(ada, id, 0, { a: 1 }, { saveId });
    await updateSession(ada, id, { state: COMPLETE_STATE, status: "COMPLETED" });
    const { extensions } = await ada.refused(SAVE, inputFor(id, 2, { a: 2 }));
    expect(extensions).toEqual({ code: "SESSION_COMPLETED" });
    expect(await save(ada, id, 0, { a: 1 }, { saveId })).toMatchObject({ outcome: "DUPLICATE" });
  });

  it.each([
    ["JSON in a string", '{"a":1}'],
    ["an array", []],
    ["a number", 1],
  ])("refuses a patch that is %s", async (_, patch) => {
    const { id } = await createSession(ada);
    const { extensions } = await ada.refused(SAVE, inputFor(id, 0, patch));
    expect(extensions).toEqual({ code: "INVALID_INPUT", field: "patch" });
    expect(await storedSession(api.db, id)).toMatchObject({ revision: 0, state: {} });
  });

  it.each([
    ["without a key", { saveId: null }],
    ["without a base", { baseRevision: null }],
    ["without a patch", { patch: null }],
    ["on a future base revision", { baseRevision: 1 }],
    ["at an unknown stage", { stage: 7 }],
    ["nested too deeply", { patch: JSON.parse(`${'{"a":'.repeat(100)}1${"}".repeat(100)}`) }],
    ["with a NUL character", { patch: { a: "\u0000" } }],
  ])("refuses a save %s", async (_, wrong) => {
    const { id } = await createSession(ada);
    const { input } = inputFor(id, 0, { a: 1 });
    expect((await ada.refused(SAVE, { input: { ...input, ...wrong } })).extensions).toMatchObject({
      code: "INVALID_INPUT",
    });
    expect(await storedSession(api.db, id)).toMatchObject({ revision: 0, state: {} });
  });

  it("refuses a patch that makes the state too large", async () => {
    const { id } = await createSession(ada);
    const { extensions } = await ada.refused(SAVE, inputFor(id, 0, { a: "x".repeat(256 * 1024) }));
    expect(extensions).toMatchObject({ code: "STATE_TOO_LARGE", limit: 256 * 1024 });
    expect(await storedSession(api.db, id)).toMatchObject({ revision: 0, state: {} });
  });

  it("stores keys that have a meaning in JavaScript", async () => {
    const { id } = await createSession(ada);
    const patch = JSON.parse('{"__proto__": {"polluted": true}, "constructor": null, "": "empty", "😀": "👍"}');
    const { wizardSession } = await save(ada, id, 0, patch);
    expect(JSON.stringify(wizardSession.state)).toContain('"__proto__":{"polluted":true}');
    expect(Object.hasOwn(Object(wizardSession.state), "constructor")).toBe(false);
    expect("polluted" in {}).toBe(false);
  });

  it("merges concurrent saves of many tabs", async () => {
    const { id } = await createSession(ada);
    const tickets = Array.from({ length: 20 }, (_, n) => `t${n}`);
    const answers = await Promise.all(tickets.map((ticket) => save(ada, id, 0, { tickets: { [ticket]: { n: 1 } } })));
    expect(answers.filter(({ outcome }) => outcome === "MERGED")).toHaveLength(19);
    const state = { tickets: Object.fromEntries(tickets.map((ticket) => [ticket, { n: 1 }])) };
    expect(await readSession(ada, id)).toMatchObject({ revision: 20, state });
  });

  it("returns the row of the save, even if the same request saves again", async () => {
    const { id } = await createSession(ada);
    const document = `mutation ($first: SaveWizardSessionInput!, $second: SaveWizardSessionInput!) {
      first: saveWizardSession(input: $first) { wizardSession { revision state } }
      second: saveWizardSession(input: $second) { wizardSession { revision state } }
    }`;
    const [first, second] = [inputFor(id, 0, { a: 1 }).input, inputFor(id, 1, { a: 2 }).input];
    expect(await ada.ask(document, { first, second })).toEqual({
      first: { wizardSession: { revision: 1, state: { a: 1 } } },
      second: { wizardSession: { revision: 2, state: { a: 2 } } },
    });
  });
});

describe("startWizardSession", () => {
  it("returns the same session each time", async () => {
    const id = randomUUID();
    const eventId = await createEventAs(ada);
    const first = await ada.ask(START, { id, eventId });
    expect(first).toMatchObject({
      startWizardSession: { wizardSession: { id, eventId, userId: ada.id, revision: 0 } },
    });
    expect(await ada.ask(START, { id })).toEqual(first);
    const { wizardSession } = await save(ada, id, 0, { a: 1 });
    expect(await ada.ask(START, { id, eventId })).toEqual({ startWizardSession: { wizardSession } });
  });

  it("does not reveal another user's session", async () => {
    const { id } = await createSession(ada, { state: { secret: 1 } });
    const stored = await storedSession(api.db, id);
    expect(await ben.refused(START, { id })).toMatchObject(NOT_FOUND);
    expect(await storedSession(api.db, id)).toEqual(stored);
  });
});

describe("the history", () => {
  it("contains the saves of both mutations, newest first, and can restore each of them", async () => {
    const { id } = await createSession(ada, { state: { a: 1 } });
    const saveId = randomUUID();
    await save(ada, id, 0, { a: 2, b: { c: 1 } }, { saveId, stage: 2 });
    await updateSession(ada, id, { state: { b: { c: 2 } }, status: "ABANDONED" });
    expect(await ada.ask(REVISIONS, { id })).toMatchObject({
      wizardSession: {
        revisions: {
          totalCount: 3,
          nodes: [
            { revision: 2, saveId: null, stage: 2, status: "ABANDONED", changedPaths: ["/a", "/b/c"], size: 15 },
            { revision: 1, saveId, stage: 2, status: "IN_PROGRESS", changedPaths: ["/a", "/b/c"], size: 23 },
            { revision: 0, saveId: null, stage: 1, status: "IN_PROGRESS", changedPaths: ["/a"], size: 8 },
          ],
        },
      },
    });
    expect(await ada.ask(AT, { id, revision: 1 })).toMatchObject({
      wizardSessionAt: { revision: 1, stage: 2, state: { a: 2, b: { c: 1 } }, savedAt: expect.any(String) },
    });
    expect(await ada.ask(RESTORE, { id, revision: 0 })).toMatchObject({
      restoreWizardSession: { wizardSession: { revision: 3, stage: 1, status: "IN_PROGRESS", state: { a: 1 } } },
    });
    expect(await readSession(ada, id)).toMatchObject({ revision: 3, state: { a: 1 } });
  });

  it("is not changed by restoring on an older base revision, nor twice by one saveId", async () => {
    const document = `mutation ($id: UUID!, $base: Int!, $saveId: UUID!, $revision: Int!) {
      restoreWizardSession(input: { id: $id, revision: $revision, baseRevision: $base, saveId: $saveId }) {
        wizardSession { revision state }
      }
    }`;
    const { id } = await createSession(ada, { state: { a: 1 } });
    await save(ada, id, 0, { a: 2 });
    const stored = await storedSession(api.db, id);
    const [revision, saveId] = [0, randomUUID()];
    expect(await ada.refused(document, { id, revision, saveId, base: 0 })).toMatchObject({
      extensions: { code: "REVISION_CONFLICT", currentRevision: 1 },
    });
    expect(await storedSession(api.db, id)).toEqual(stored);
    for (const base of [1, 1, 2]) {
      expect(await ada.ask(document, { id, revision, saveId, base })).toEqual({
        restoreWizardSession: { wizardSession: { revision: 2, state: { a: 1 } } },
      });
    }
    expect((await ada.refused(document, { id, revision: 1, saveId, base: 2 })).extensions).toEqual({
      ...{ code: "SAVE_ID_REUSED", field: "saveId" },
    });
  });

  it("returns NOT_FOUND for a revision that does not exist", async () => {
    const { id } = await createSession(ada);
    for (const document of [AT, RESTORE]) {
      expect(await ada.refused(document, { id, revision: 5 })).toMatchObject({
        message: "Revision 5 of this session does not exist or is no longer kept.",
        extensions: { code: "NOT_FOUND" },
      });
    }
  });

  it("is hidden from other users", async () => {
    const { id } = await createSession(ada, { state: { secret: 1 } });
    const stored = [await storedSession(api.db, id), await history(api.db, id)];
    expect(await ben.refused(AT, { id, revision: 0 })).toMatchObject(NOT_FOUND);
    expect(await ben.refused(RESTORE, { id, revision: 0 })).toMatchObject(NOT_FOUND);
    expect(await ben.refused(SAVE, inputFor(id, 0, { secret: 2 }))).toMatchObject(NOT_FOUND);
    expect(await ben.ask(REVISIONS, { id })).toEqual({ wizardSession: null });
    expect([await storedSession(api.db, id), await history(api.db, id)]).toEqual(stored);
  });
});
