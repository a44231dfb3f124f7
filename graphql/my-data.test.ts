import { describe, expect, it } from "@jest/globals";
import { useTestApi } from "../testkit/api.ts";
import { createEventAs, createSession, readSession, updateSession } from "../testkit/sessions.ts";
import { COMPLETE_STATE } from "../wizard/testing/completeState.ts";

const api = useTestApi();
const EXPORT = "{ exportMyData }";
const ERASE = "mutation ($id: UUID!) { eraseMe(input: { userId: $id }) { erased } }";
const NO_EVENTS = { events: 0, event_tickets: 0, event_private_details: 0 };
const NOTHING = {
  ...{ profiles: 0, ...NO_EVENTS },
  ...{ wizard_sessions: 0, wizard_session_event_bases: 0, wizard_session_revisions: 0 },
};

interface MyData {
  readonly exportMyData: { readonly tables: Readonly<Record<string, readonly object[]>> };
}

/** A user with an event, a session in progress, and a completed session on the event. */
async function userWithData() {
  const caller = await api.user();
  const eventId = await createEventAs(caller);
  const draft = await createSession(caller, { state: { basics: { title: "Fair" } } });
  const done = await createSession(caller, { eventId });
  await updateSession(caller, done.id, { state: COMPLETE_STATE, status: "COMPLETED" });
  return { caller, eventId, draft, done };
}

describe("exportMyData", () => {
  it("returns all of the caller's data as one document", async () => {
    const { caller, eventId, draft, done } = await userWithData();
    expect(await caller.ask(EXPORT)).toEqual({
      exportMyData: {
        ...{ format: "stagekeep-my-data", version: 1, userId: caller.id, history: true },
        exportedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+\+00:00$/),
        tables: {
          profiles: [expect.objectContaining({ id: caller.id })],
          events: [expect.objectContaining({ id: eventId })],
          event_tickets: [],
          event_private_details: [],
          wizard_sessions: [
            expect.objectContaining({ id: draft.id, state: { basics: { title: "Fair" } } }),
            expect.objectContaining({ id: done.id, status: "completed" }),
          ],
          wizard_session_event_bases: [
            expect.objectContaining({ session_id: done.id, event_id: eventId, answers: expect.anything() }),
          ],
          wizard_session_revisions: [expect.anything(), expect.anything(), expect.anything()],
        },
      },
    });
  });

  it("can omit the history", async () => {
    const { caller } = await userWithData();
    const { exportMyData } = await caller.ask<MyData>("{ exportMyData(history: false) }");
    expect(Object.keys(exportMyData.tables)).toEqual([
      ...["profiles", "events", "event_tickets", "event_private_details", "wizard_sessions"],
      "wizard_session_event_bases",
    ]);
  });

  it("is refused with its limit if it is too large", async () => {
    const { caller, draft } = await userWithData();
    const text = "x".repeat(255 * 1024);
    await api.db.asUser(String(caller.id), async (client) => {
      for (let n = 0; n < 34; n++) {
        // The null makes each revision a checkpoint.
        const values = [draft.id, { [`none${n}`]: null, text: `${n} ${text}` }];
        await client.query("update wizard_sessions set state = $2 where id = $1", values);
      }
    });
    expect(await caller.refused(EXPORT)).toMatchObject({
      message: expect.stringContaining("Export it in result pages"),
      extensions: { code: "STATE_TOO_LARGE", limit: 16 * 1024 * 1024 },
    });
  });

  it("runs only once at a time for a user", async () => {
    const { caller } = await userWithData();
    await api.db.asUser(String(caller.id), async (client) => {
      await client.query("select export_my_data()");
      expect(await caller.refused(EXPORT)).toMatchObject({
        message: "Another export of your data is already running. Try again when it has finished.",
        extensions: { code: "TIMEOUT" },
      });
    });
    expect(await caller.ask<MyData>(EXPORT)).toMatchObject({ exportMyData: { userId: caller.id } });
  });

  it("is refused to anonymous callers and analysts", async () => {
    for (const caller of [api.anon(), await api.analyst()]) {
      expect((await caller.refused(EXPORT)).extensions).toEqual({ code: "FORBIDDEN" });
    }
  });
});

interface Page {
  readonly exportMyDataPage: {
    readonly rows: readonly { readonly table: string; readonly row: Readonly<Record<string, unknown>> }[];
    readonly next: string | null;
  };
}

describe("exportMyDataPage", () => {
  const PAGE =
    "query ($after: String, $history: Boolean) { exportMyDataPage(after: $after, history: $history) { rows next } }";

  it("returns the rows that exportMyData returns, in as many result pages as needed", async () => {
    const { caller, draft } = await userWithData();
    const text = "x".repeat(200 * 1024);
    await api.db.asUser(String(caller.id), async (client) => {
      for (let n = 0; n < 14; n++) {
        const values = [draft.id, 1 + (n % 6), { text: `${n} ${text}` }];
        await client.query("update wizard_sessions set stage = $2, state = $3 where id = $1", values);
      }
    });
    const { exportMyData } = await caller.ask<MyData>(EXPORT);
    const rows: Page["exportMyDataPage"]["rows"][number][] = [];
    let [after, pages]: [string | null, number] = [null, 0];
    do {
      const page: Page = await caller.ask<Page>(PAGE, { after });
      rows.push(...page.exportMyDataPage.rows);
      after = page.exportMyDataPage.next;
      pages++;
    } while (after !== null);
    expect(pages).toBeGreaterThan(1);
    for (const [table, expected] of Object.entries(exportMyData.tables)) {
      const exported = rows.filter((row) => row.table === table).map(({ row }) => row);
      expect(exported).toHaveLength(expected.length);
      expect(exported).toEqual(expect.arrayContaining([...expected]));
    }
  });

  it("can omit the history", async () => {
    const { caller } = await userWithData();
    const { exportMyDataPage } = await caller.ask<Page>(PAGE, { history: false });
    expect(exportMyDataPage.next).toBeNull();
    expect(exportMyDataPage.rows.map(({ table }) => table)).toEqual([
      ...["profiles", "events", "wizard_sessions", "wizard_sessions", "wizard_session_event_bases"],
    ]);
  });

  it("is refused with an `after` that no page has returned", async () => {
    const { caller } = await userWithData();
    expect(await caller.refused(PAGE, { after: "elsewhere" })).toMatchObject({
      message: "after must be the `next` of another page.",
      extensions: { code: "INVALID_INPUT", field: "after" },
    });
  });

  it("is refused to anonymous callers and analysts", async () => {
    for (const caller of [api.anon(), await api.analyst()]) {
      expect((await caller.refused(PAGE)).extensions).toEqual({ code: "FORBIDDEN" });
    }
  });
});

describe("eraseMe", () => {
  it("erases at most the given number of sessions per call, until nothing is left", async () => {
    const { caller, draft, done } = await userWithData();
    const some = "mutation ($id: UUID!, $atMost: Int) { eraseMe(input: { userId: $id, atMost: $atMost }) { erased } }";
    const erase = () => caller.ask(some, { id: caller.id, atMost: 1 });
    expect(await erase()).toMatchObject({ eraseMe: { erased: { profiles: 0, events: 0, wizard_sessions: 1 } } });
    expect(await erase()).toMatchObject({ eraseMe: { erased: { profiles: 1, events: 1, wizard_sessions: 1 } } });
    expect(await erase()).toEqual({ eraseMe: { erased: NOTHING } });
    expect([await readSession(caller, draft.id), await readSession(caller, done.id)]).toEqual([null, null]);
    expect(await caller.refused(some, { id: caller.id, atMost: 0 })).toMatchObject({
      extensions: { code: "INVALID_INPUT", field: "atMost" },
    });
  });

  it("erases all of the caller's data, once, and nothing else; a later save creates a new profile", async () => {
    const [{ caller, draft, done }, other] = [await userWithData(), await userWithData()];
    const erased = {
      ...{ ...NOTHING, profiles: 1, events: 1 },
      ...{ wizard_sessions: 2, wizard_session_event_bases: 1, wizard_session_revisions: 3 },
    };
    expect(await caller.ask(ERASE, { id: caller.id })).toEqual({ eraseMe: { erased } });
    expect([await readSession(caller, draft.id), await readSession(caller, done.id)]).toEqual([null, null]);
    expect(await caller.ask(ERASE, { id: caller.id })).toEqual({ eraseMe: { erased: NOTHING } });
    expect(await readSession(other.caller, other.draft.id)).toEqual(other.draft);
    await createSession(caller);
    expect(await caller.ask("{ profiles { totalCount } wizardSessions { totalCount } }")).toEqual({
      ...{ profiles: { totalCount: 1 }, wizardSessions: { totalCount: 1 } },
    });
  });

  it("is refused if it is confirmed with another user's id", async () => {
    const [{ caller, draft }, other] = [await userWithData(), await userWithData()];
    expect(await caller.refused(ERASE, { id: other.caller.id })).toMatchObject({
      message: "To erase your data, send your own user id as userId.",
      extensions: { code: "INVALID_INPUT", field: "userId" },
    });
    expect(await caller.refused("mutation { eraseMe(input: {}) { erased } }")).toMatchObject({
      extensions: { code: "INVALID_INPUT" },
    });
    expect(await readSession(caller, draft.id)).toEqual(draft);
    expect(await readSession(other.caller, other.draft.id)).toEqual(other.draft);
  });

  it("is refused to anonymous callers and analysts", async () => {
    const { caller, draft } = await userWithData();
    for (const [id, refused] of [
      [caller.id, api.anon()],
      [caller.id, await api.analyst()],
    ] as const) {
      expect((await refused.refused(ERASE, { id })).extensions).toEqual({ code: "FORBIDDEN" });
    }
    expect(await readSession(caller, draft.id)).toEqual(draft);
  });

  it("changes nothing for a trusted back end, which has no data", async () => {
    const { caller, draft } = await userWithData();
    const service = await api.service();
    expect(await service.ask(ERASE, { id: service.id })).toEqual({ eraseMe: { erased: NOTHING } });
    expect((await service.refused(ERASE, { id: caller.id })).extensions).toEqual({
      code: "INVALID_INPUT",
      field: "userId",
    });
    expect(await readSession(caller, draft.id)).toEqual(draft);
  });
});
