import { randomUUID } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { listenerState, type Subscription, useTabs } from "../testkit/live.ts";
import { createEventAs, createSession, deleteSession, updateSession } from "../testkit/sessions.ts";
import { until } from "../testkit/until.ts";

const api = useTestApi();
const tab = useTabs(api);

const SAVE = `mutation ($id: UUID!, $saveId: UUID!, $base: Int!, $patch: JSON!, $stage: Int) {
  saveWizardSession(input: { id: $id, saveId: $saveId, baseRevision: $base, patch: $patch, stage: $stage }) {
    outcome
  }
}`;

let ada: Caller;
let ben: Caller;
let id: string;
beforeAll(async () => {
  [ada, ben] = [await api.user(), await api.user()];
});
beforeEach(async () => {
  ({ id } = await createSession(ada, { stage: 2, state: { basics: { title: "Fête" } } }));
});

/** Saves again and waits for that event. Everything before it has then arrived. */
async function marker(watching: Subscription): Promise<string> {
  const saveId = randomUUID();
  const before = watching.changes.length;
  await api.db.root.query("update wizard_sessions set last_save_id = $2 where id = $1", [id, saveId]);
  await until(() => watching.changes.slice(before).some((change) => change.saveId === saveId), "marker");
  return saveId;
}

describe("two tabs", () => {
  it("both get an event for a save: the save, its user and the present session", async () => {
    const [one, other] = [await tab(ada).watch(id), await tab(ada).watch(id)];
    const saveId = randomUUID();
    await ada.ask(SAVE, { id, saveId, base: 0, patch: { basics: { title: "Fair" } }, stage: 3 });
    for (const { waitForChanges } of [one, other]) {
      expect(await waitForChanges(2)).toEqual({
        ...{ kind: "SAVED", revision: 1, saveId, stage: 3, savedBy: ada.id },
        wizardSession: expect.objectContaining({
          ...{ id, userId: ada.id, revision: 1, stage: 3, status: "IN_PROGRESS" },
          state: { basics: { title: "Fair" } },
        }),
      });
    }
  });

  it("first get the present revision", async () => {
    const saveId = randomUUID();
    await ada.ask(SAVE, { id, saveId, base: 0, patch: { basics: { summary: "Stalls" } } });
    const { changes } = await tab(ada).watch(id);
    expect(changes).toEqual([
      {
        ...{ kind: "REFETCH", revision: 1, saveId, stage: 2, savedBy: ada.id },
        wizardSession: expect.objectContaining({
          id,
          revision: 1,
          state: { basics: { title: "Fête", summary: "Stalls" } },
        }),
      },
    ]);
  });

  it("get each save once, in order", async () => {
    const watching = await tab(ada).watch(id);
    for (const stage of [1, 2, 3, 4, 5, 6]) await updateSession(ada, id, { stage });
    await watching.waitForChanges(7);
    expect(watching.changes.slice(1).map(({ kind, revision, stage }) => [kind, revision, stage])).toEqual(
      [1, 2, 3, 4, 5, 6].map((number) => ["SAVED", number, number]),
    );
  });

  it("can watch several sessions over one socket, and stop watching one of them", async () => {
    const second = await createSession(ada);
    const page = tab(ada);
    const [one, two] = [await page.watch(id), await page.watch(second.id)];
    one.stop();
    await updateSession(ada, id, { stage: 5 });
    await updateSession(ada, second.id, { stage: 6 });
    expect(await two.waitForChanges(2)).toMatchObject({ stage: 6, wizardSession: { id: second.id } });
    expect([one.changes.length, two.changes.length]).toEqual([1, 2]);
    expect(page.closed).toBeUndefined();
  });
});

describe("every API", () => {
  it("updateWizardSession sends an event without a key", async () => {
    const watching = await tab(ada).watch(id);
    await updateSession(ada, id, { stage: 4 });
    expect(await watching.waitForChanges(2)).toMatchObject({
      kind: "SAVED",
      revision: 1,
      saveId: null,
      savedBy: ada.id,
    });
  });

  it("restoreWizardSession sends an event", async () => {
    await updateSession(ada, id, { state: {} });
    const watching = await tab(ada).watch(id);
    await ada.ask(
      "mutation ($id: UUID!) { restoreWizardSession(input: { id: $id, revision: 0 }) { wizardSession { id } } }",
      {
        id,
      },
    );
    expect(await watching.waitForChanges(2)).toMatchObject({
      ...{ kind: "SAVED", revision: 2, savedBy: ada.id },
      wizardSession: { state: { basics: { title: "Fête" } } },
    });
  });

  it("SQL sends an event, without a user if there is none", async () => {
    const watching = await tab(ada).watch(id);
    await api.db.root.query("update wizard_sessions set stage = 6 where id = $1", [id]);
    expect(await watching.waitForChanges(2)).toMatchObject({ kind: "SAVED", revision: 1, stage: 6, savedBy: null });
  });

  it("a trusted back end sends an event with its id", async () => {
    const service = await api.service();
    const watching = await tab(ada).watch(id);
    await updateSession(service, id, { stage: 6 });
    expect(await watching.waitForChanges(2)).toMatchObject({ kind: "SAVED", revision: 1, savedBy: service.id });
  });

  it("a save that is refused or rolled back sends no event", async () => {
    const watching = await tab(ada).watch(id);
    await ada.refused(SAVE, { id, saveId: randomUUID(), base: 9, patch: {} });
    const client = await api.db.root.connect();
    try {
      await client.query("begin");
      await client.query("update wizard_sessions set stage = 6 where id = $1", [id]);
      await client.query("rollback");
    } finally {
      client.release();
    }
    const saveId = await marker(watching);
    expect(watching.changes.slice(1)).toEqual([expect.objectContaining({ revision: 1, saveId })]);
  });

  it("deleting a session's event is not a save and sends no event", async () => {
    const eventId = await createEventAs(ada);
    await updateSession(ada, id, { eventId });
    const watching = await tab(ada).watch(id);
    await ada.ask("mutation ($id: UUID!) { deleteEvent(input: { id: $id }) { clientMutationId } }", { id: eventId });
    const saveId = await marker(watching);
    expect(watching.changes.slice(1)).toEqual([expect.objectContaining({ revision: 2, saveId })]);
  });
});

describe("the end of a session", () => {
  it("ends the subscription", async () => {
    const watching = await tab(ada).watch(id);
    await deleteSession(ada, id);
    await until(() => watching.ended, "end");
    expect([watching.changes.length, watching.errors]).toEqual([1, []]);
  });

  it("ends the subscription if the user is deleted", async () => {
    const watching = await tab(ada).watch(id);
    const others = await api.db.root.query("delete from profiles where id = $1 returning id", [ada.id]);
    expect(others.rowCount).toBe(1);
    await until(() => watching.ended, "end");
    expect([watching.changes.length, watching.errors]).toEqual([1, []]);
  });
});

describe("another user's session", () => {
  const NOT_FOUND = {
    message: "This session does not exist or is not yours.",
    extensions: { code: "NOT_FOUND" },
  };

  it("is refused like one that does not exist, and nothing listens for it", async () => {
    await until(async () => (await listenerState(api)).connections === 0, "end of what was before");
    const page = tab(ben);
    const document = "subscription ($id: UUID!) { wizardSessionChanged(id: $id) { revision } }";
    expect(await page.refused(document, { id })).toMatchObject(NOT_FOUND);
    expect(await page.refused(document, { id: randomUUID() })).toMatchObject(NOT_FOUND);
    expect(await listenerState(api)).toEqual({ connections: 0, locks: 0 });
    expect(page.closed).toBeUndefined();
  });

  it("sends no event", async () => {
    const his = await createSession(ben);
    const [hers, own] = [await tab(ada).watch(id), await tab(ben).watch(his.id)];
    await updateSession(ben, his.id, { stage: 6 });
    await own.waitForChanges(2);
    await marker(hers);
    expect(hers.changes.every(({ wizardSession }) => wizardSession?.id === id)).toBe(true);
    expect([hers.changes.length, own.changes.length]).toEqual([2, 2]);
  });

  it("ends the subscription if the session's user changes", async () => {
    const watching = await tab(ada).watch(id);
    await createSession(ben);
    // The API can't change a session's user. If the database owner does, the former user gets no more events.
    await api.db.root.query("update wizard_sessions set user_id = $2, stage = 6 where id = $1", [id, ben.id]);
    await until(() => watching.ended, "end");
    expect([watching.changes.length, watching.errors]).toEqual([1, []]);
  });

  it("can be watched by a trusted back end", async () => {
    const watching = await tab(await api.service()).watch(id);
    await updateSession(ada, id, { stage: 6 });
    expect(await watching.waitForChanges(2)).toMatchObject({ savedBy: ada.id, wizardSession: { userId: ada.id } });
  });
});

describe("the history", () => {
  it("names the user of each save", async () => {
    await updateSession(await api.service(), id, { stage: 3 });
    await api.db.root.query("update wizard_sessions set stage = 4 where id = $1", [id]);
    const service = expect.stringMatching(/^[0-9a-f-]{36}$/);
    const answer = await ada.ask(
      "query ($id: UUID!) { wizardSession(id: $id) { revisions { nodes { revision savedBy } } } }",
      {
        id,
      },
    );
    expect(answer).toEqual({
      wizardSession: {
        revisions: {
          nodes: [
            { revision: 2, savedBy: null },
            { revision: 1, savedBy: service },
            { revision: 0, savedBy: ada.id },
          ],
        },
      },
    });
  });
});
