import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it, jest } from "@jest/globals";
import pg from "pg";
import { isObject } from "../json/equality.ts";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { completeState, storedEvent } from "../testkit/events.ts";
import { storedSession } from "../testkit/rows.ts";
import { history } from "../testkit/saving.ts";
import { createSession, UPDATE, updateSession } from "../testkit/sessions.ts";
import type { Migration } from "../wizard/migrations.ts";
import { COMPLETE_STATE } from "../wizard/testing/completeState.ts";

/** The second version renames "name" to "title". */
const NAME_BECAME_TITLE: Migration = {
  to: 2,
  change: (state) => {
    if (!isObject(state.basics) || !Object.hasOwn(state.basics, "name")) return state;
    const { name, ...basics } = state.basics;
    return { ...state, basics: { ...basics, title: name } };
  },
};
const api = useTestApi({ definition: { version: 2, migrations: [NAME_BECAME_TITLE] } });
let ada: Caller;
beforeEach(async () => {
  ada = await api.user();
});

const SESSION = "wizardSession { id revision state status definitionVersion }";
const START = `mutation ($id: UUID!) { startWizardSession(input: { id: $id }) { ${SESSION} } }`;
const RESTORE = `mutation ($id: UUID!, $revision: Int!) {
  restoreWizardSession(input: { id: $id, revision: $revision }) { ${SESSION} }
}`;
const COMPLETE = `mutation ($id: UUID!, $revision: Int!) {
  completeWizardSession(input: { id: $id, baseRevision: $revision }) { wizardSession { status } event { id } }
}`;

const SAVE = `mutation ($input: SaveWizardSessionInput!) {
  saveWizardSession(input: $input) { outcome conflicts { pointer yours } }
}`;

const state = completeState();
const { title, ...basics } = COMPLETE_STATE.basics;
const oldState = { ...state, basics: { ...basics, name: title } };
const createOld = (fields: object = {}) => createSession(ada, { state: oldState, definitionVersion: 1, ...fields });

describe("a session", () => {
  it("has the server's version, or the one that its client names", async () => {
    const versionOf = async (fields: object) => {
      const { id } = await createSession(ada, fields);
      return (await storedSession(api.db, id))?.definition_version;
    };
    expect(await versionOf({})).toBe(2);
    expect(await versionOf({ definitionVersion: 1 })).toBe(1);
    const id = randomUUID();
    await ada.ask(START, { id });
    expect(await storedSession(api.db, id)).toMatchObject({ definition_version: 2, revision: 0 });
  });

  it("can't have an invalid version", async () => {
    const { extensions } = await ada.refused(
      "mutation { createWizardSession(input: { wizardSession: { definitionVersion: 0 } }) { wizardSession { id } } }",
    );
    expect(extensions).toEqual({ code: "INVALID_INPUT", field: "definitionVersion" });
  });

  it("shows the problems of the upgraded state before it is opened", async () => {
    const { id } = await createOld();
    const document = "query ($id: UUID!) { wizardSession(id: $id) { problems { pointer } progress { complete } } }";
    expect(await ada.ask(document, { id })).toEqual({
      wizardSession: { problems: [], progress: Array.from({ length: 6 }, () => ({ complete: true })) },
    });
  });
});

it("a save of a session of the current version is one query", async () => {
  const { id } = await createSession(ada, { state });
  const save = (baseRevision: number) =>
    ada.ask(SAVE, { input: { id, saveId: randomUUID(), baseRevision, patch: { n: baseRevision } } });
  await save(0);
  const query = jest.spyOn(pg.Client.prototype, "query");
  await save(1);
  expect(query).toHaveBeenCalledTimes(1);
  query.mockRestore();
});

describe("a session saved under an older version", () => {
  it("is upgraded once when it is opened, as a save of its own", async () => {
    const { id } = await createOld();
    const { startWizardSession } = await ada.ask<Record<string, unknown>>(START, { id });
    expect(startWizardSession).toEqual({
      wizardSession: { id, revision: 1, state, status: "IN_PROGRESS", definitionVersion: 2 },
    });
    expect(await ada.ask(START, { id })).toEqual({ startWizardSession });
    const { rows } = await api.db.root.query(
      "select revision, definition_version from wizard_session_revisions where session_id = $1 order by 1",
      [id],
    );
    expect(rows).toEqual([
      { revision: 0, definition_version: 1 },
      { revision: 1, definition_version: 2 },
    ]);
  });

  it("stays abandoned until its owner saves it", async () => {
    const { id } = await createOld({ status: "ABANDONED" });
    await ada.ask(START, { id });
    expect(await storedSession(api.db, id)).toMatchObject({ status: "abandoned", state, definition_version: 2 });
  });

  it("is not upgraded if it is completed", async () => {
    const { id } = await createOld();
    await api.db.root.query("update wizard_sessions set status = 'completed' where id = $1", [id]);
    const before = await storedSession(api.db, id);
    await ada.ask(START, { id });
    expect(await storedSession(api.db, id)).toEqual(before);
  });

  it("is not upgraded for another user, who gets NOT_FOUND", async () => {
    const { id } = await createOld();
    const before = await storedSession(api.db, id);
    const ben = await api.user();
    expect((await ben.refused(START, { id })).extensions).toEqual({ code: "NOT_FOUND" });
    expect(await storedSession(api.db, id)).toEqual(before);
  });

  it("is upgraded when an old revision is restored", async () => {
    const { id } = await createOld();
    await ada.ask(START, { id });
    await updateSession(ada, id, { state: {} });
    const answer = await ada.ask(RESTORE, { id, revision: 0 });
    expect(answer).toMatchObject({ restoreWizardSession: { wizardSession: { state, definitionVersion: 2 } } });
    expect(await history(api.db, id)).toHaveLength(5);
  });

  it("is upgraded before a save, so a later upgrade does not undo the save", async () => {
    const save = async (id: string, patch: object) => {
      const { saveWizardSession } = await ada.ask<{ saveWizardSession: { outcome: string; conflicts: unknown[] } }>(
        SAVE,
        {
          input: { id, saveId: randomUUID(), baseRevision: 0, patch },
        },
      );
      return saveWizardSession;
    };
    const { id } = await createOld();
    expect(await save(id, { basics: { summary: "Stalls" } })).toMatchObject({ outcome: "MERGED" });
    const saved = { ...state, basics: { ...state.basics, summary: "Stalls" } };
    expect(await storedSession(api.db, id)).toMatchObject({ state: saved, definition_version: 2, revision: 2 });

    // An old page that is still open, and a new one that has not opened the session.
    for (const name of ["name", "title"]) {
      const { id } = await createOld();
      expect(await save(id, { basics: { [name]: "Winter party" } })).toMatchObject({
        outcome: "CONFLICT",
        conflicts: [{ pointer: `/basics/${name}`, yours: "Winter party" }],
      });
      expect(await storedSession(api.db, id)).toMatchObject({ state, definition_version: 2, revision: 1 });
    }
  });

  it("is upgraded before it is completed", async () => {
    const { id } = await createOld();
    const { completeWizardSession } = await ada.ask<{ completeWizardSession: { event: { id: string } } }>(COMPLETE, {
      id,
      revision: 0,
    });
    expect(await storedEvent(api.db, completeWizardSession.event.id)).toMatchObject({ title: "Summer party" });
    expect(await storedSession(api.db, id)).toMatchObject({ status: "completed", state, definition_version: 2 });
  });

  it("can't get the status COMPLETED while it lacks an answer under its present name, until it is opened", async () => {
    const { id } = await createOld();
    const before = await storedSession(api.db, id);
    const { extensions } = await ada.refused(UPDATE, { id, patch: { status: "COMPLETED" } });
    expect(extensions).toMatchObject({ code: "INCOMPLETE", problems: [{ pointer: "/basics/title" }] });
    expect(await storedSession(api.db, id)).toEqual(before);
    await ada.ask(START, { id });
    expect(await updateSession(ada, id, { status: "COMPLETED" })).toMatchObject({ status: "COMPLETED", state });
  });

  it("is not changed if completing is refused", async () => {
    const { id } = await createOld({ state: { basics: { name: "Summer party" } } });
    const before = await storedSession(api.db, id);
    expect((await ada.refused(COMPLETE, { id, revision: 0 })).extensions).toMatchObject({ code: "INCOMPLETE" });
    expect(await storedSession(api.db, id)).toEqual(before);
  });
});

it("a session of a newer version is not changed", async () => {
  const { id } = await createSession(ada, { state: oldState, definitionVersion: 3 });
  const before = await storedSession(api.db, id);
  await ada.ask(START, { id });
  expect(await storedSession(api.db, id)).toEqual(before);
});
