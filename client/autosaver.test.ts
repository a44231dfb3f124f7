import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { useTestApi } from "../testkit/api.ts";
import { history } from "../testkit/saving.ts";
import { until } from "../testkit/until.ts";
import { COMPLETE_STATE } from "../wizard/testing/completeState.ts";
import { type Journal, memoryJournal, openJournal, ownerOf } from "./autosave/journal.ts";
import { statusText } from "./autosave/status.ts";
import { makeBrowser } from "./testing/page.ts";
import { type Tab, useTabs } from "./testing/tabs.ts";

const api = useTestApi();
const tabs = useTabs(api);

const SAVE = "SaveWizardSession";
const saves = ({ network }: Tab) => network.sent.filter(({ operation }) => operation === SAVE);
const saveIds = (tab: Tab) => saves(tab).map(({ variables }) => variables.input?.saveId);
const revisions = async (sessionId: string) => (await history(api.db, sessionId)).length - 1;

async function opened(): Promise<{ ada: Awaited<ReturnType<typeof tabs.newUser>>; tab: Tab }> {
  const ada = await tabs.newUser();
  const tab = tabs.open(ada);
  await tab.saved();
  return { ada, tab };
}

describe("saving", () => {
  it("starts the session, and saves an edit", async () => {
    const { ada, tab } = await opened();
    expect(tab.saver.getView()).toMatchObject({
      state: {},
      stage: 1,
      revision: 0,
      status: { phase: "saved", revision: 0 },
    });
    tab.saver.setField("/basics/title", "Fête");
    expect(tab.saver.getView()).toMatchObject({ state: { basics: { title: "Fête" } }, status: { phase: "editing" } });
    await tab.saved();
    expect(await tabs.stored(ada.sessionId)).toMatchObject({ state: { basics: { title: "Fête" } }, revision: 1 });
    expect(tab.saver.getView().progress[0]).toMatchObject({ key: "basics", started: true, complete: false });
    expect(tab.saver.getView().problems).toContainEqual(expect.objectContaining({ pointer: "/basics/category" }));
  });

  it("sends one save at a time, and puts the edits made meanwhile into one patch", async () => {
    const { ada, tab } = await opened();
    tab.network.fail(SAVE, "held");
    tab.saver.setField("/basics/title", "F");
    await tab.phase("saving");
    await until(() => saves(tab).length === 1);
    for (const title of ["Fê", "Fêt", "Fête"]) tab.saver.setField("/basics/title", title);
    tab.saver.setField("/basics/summary", "Stalls");
    await tab.network.release();
    await tab.saved();
    expect(saves(tab).map(({ variables }) => variables.input?.patch)).toEqual([
      { basics: { title: "F" } },
      { basics: { title: "Fête", summary: "Stalls" } },
    ]);
    expect(await tabs.stored(ada.sessionId)).toMatchObject({
      state: { basics: { title: "Fête", summary: "Stalls" } },
      revision: 2,
    });
  });

  it("saves the user's stage without other changes, and keeps it when another device goes elsewhere", async () => {
    const { ada, tab } = await opened();
    const other = tabs.open({ ...ada, browser: makeBrowser() });
    await other.saved();
    tab.saver.goTo(3);
    await tab.saved();
    expect(saves(tab).map(({ variables }) => variables.input)).toEqual([
      expect.objectContaining({ patch: {}, stage: 3 }),
    ]);
    expect(await tabs.stored(ada.sessionId)).toMatchObject({ stage: 3, revision: 1 });
    other.page.happen("visible");
    await until(() => other.saver.getView().stage === 3);
    other.saver.goTo(5);
    await other.saved();
    tab.page.happen("visible");
    await until(() => tab.saver.getView().revision === 2);
    expect(tab.saver.getView().stage).toBe(3);
  });

  it("sends nothing if an edit was undone before it was sent", async () => {
    const tab = tabs.open({ ...(await tabs.newUser()), debounceMs: 60_000, maxWaitMs: 60_000 });
    await tab.saved();
    tab.saver.setField("/basics/title", "Fête");
    expect(tab.saver.getView().canUndo).toBe(true);
    tab.saver.undo();
    expect(tab.saver.getView()).toMatchObject({ state: {}, canUndo: false, status: { phase: "saved" } });
    expect(saves(tab)).toEqual([]);
  });

  it("undoes the last change made here, except what another device has changed since", async () => {
    const { ada, tab } = await opened();
    tab.saver.setField("/basics/title", "Fête");
    tab.saver.setField("/basics/summary", "Stalls");
    await tab.saved();
    const other = tabs.open({ ...ada, browser: makeBrowser() });
    await other.saved();
    other.saver.setField("/basics/summary", "Music");
    await other.saved();
    tab.page.happen("visible");
    await until(() => tab.saver.getView().revision === 2);
    tab.saver.undo();
    await tab.saved();
    expect(await tabs.stored(ada.sessionId)).toMatchObject({ state: { basics: { summary: "Music" } }, revision: 3 });
  });

  it("undoes changes made together, except what another device has changed since", async () => {
    const { ada, tab } = await opened();
    tab.saver.setField("/tickets/price", 1250);
    tab.saver.setFields([
      { pointer: "/tickets/price", value: 13 },
      { pointer: "/basics/summary", value: "Stalls" },
      { pointer: "/tickets/currency", value: "JPY" },
    ]);
    await tab.saved();
    const other = tabs.open({ ...ada, browser: makeBrowser() });
    await other.saved();
    other.saver.setField("/basics/summary", "Music");
    await other.saved();
    tab.page.happen("visible");
    await until(() => tab.saver.getView().revision === 2);
    tab.saver.undo();
    await tab.saved();
    const state = { tickets: { price: 1250 }, basics: { summary: "Music" } };
    expect(await tabs.stored(ada.sessionId)).toMatchObject({ state, revision: 3 });
  });

  it("keeps the identity of unchanged parts", async () => {
    const { tab } = await opened();
    tab.saver.setField("/basics/title", "Fête");
    const { basics } = tab.saver.getView().state;
    tab.saver.setField("/page/slug", "fete");
    expect(tab.saver.getView().state.basics).toBe(basics);
    await tab.saved();
    const view = tab.saver.getView();
    expect(view.state.basics).toBe(basics);
    tab.page.happen("visible");
    await until(() => tab.network.sent.some(({ operation }) => operation === "ReadWizardSession"));
    await tab.saver.flush();
    expect(tab.saver.getView().state).toBe(view.state);
  });
});

describe("failed requests", () => {
  it.each(["request lost", "answer lost", "overloaded"] as const)(
    "sends the same save again after: %s",
    async (fault) => {
      const { ada, tab } = await opened();
      tab.network.fail(SAVE, fault, fault);
      tab.saver.setField("/basics/title", "Fête");
      const phases = new Set<string>();
      tab.saver.subscribe(() => phases.add(tab.saver.getView().status.phase));
      await tab.saved();
      expect(new Set(saveIds(tab)).size).toBe(1);
      expect(saves(tab)).toHaveLength(3);
      expect(await revisions(ada.sessionId)).toBe(1);
      expect(phases).toContain("kept");
    },
  );

  it("handles a request that arrives after its timeout", async () => {
    const ada = await tabs.newUser();
    const tab = tabs.open({ ...ada, requestTimeoutMs: 500 });
    await tab.saved();
    tab.network.fail(SAVE, "held");
    tab.saver.setField("/basics/title", "Fête");
    await tab.saved();
    tab.saver.setField("/basics/title", "Fair");
    await tab.saved();
    await tab.network.release();
    expect(await tabs.stored(ada.sessionId)).toMatchObject({ state: { basics: { title: "Fair" } }, revision: 2 });
  });

  it('is "kept" while offline, and saves when it comes online', async () => {
    const { ada, tab } = await opened();
    tab.page.setOnline(false);
    tab.saver.setField("/basics/title", "Fê");
    await tab.phase("kept");
    expect(tab.saver.getView().status).toEqual({ phase: "kept", reason: "offline" });
    tab.saver.setField("/basics/title", "Fête");
    await expect(tab.saver.flush()).rejects.toMatchObject({ code: "NETWORK", message: "You are offline." });
    expect(saves(tab)).toEqual([]);
    tab.page.setOnline(true);
    await tab.saved();
    expect(saves(tab)).toHaveLength(1);
    expect(await tabs.stored(ada.sessionId)).toMatchObject({ state: { basics: { title: "Fête" } }, revision: 1 });
  });

  it('is never "kept" without a durable journal', async () => {
    const ada = await tabs.newUser();
    const tab = tabs.open({ ...ada, journal: memoryJournal() });
    await tab.saved();
    tab.page.setOnline(false);
    tab.saver.setField("/basics/title", "Fête");
    await expect(tab.saver.flush()).rejects.toMatchObject({ code: "NETWORK" });
    expect(tab.saver.getView().status).toEqual({ phase: "editing", reason: "offline" });
    tab.page.setOnline(true);
    await tab.saved();
  });

  it("keeps a state that is refused as too large, and saves it once it is smaller", async () => {
    const { ada, tab } = await opened();
    // In this order, since the first may be sent before the second is typed.
    tab.saver.setField("/page/description", "x".repeat(300_000));
    tab.saver.setField("/basics/title", "Fête");
    await tab.phase("refused");
    expect(tab.saver.getView().status).toMatchObject({ phase: "refused", code: "STATE_TOO_LARGE" });
    expect(await revisions(ada.sessionId)).toBe(0);
    const sent = saves(tab).length;
    tab.page.happen("visible");
    await tab.phase("refused");
    expect(saves(tab)).toHaveLength(sent);
    await expect(tab.saver.flush()).rejects.toMatchObject({ code: "STATE_TOO_LARGE" });
    tab.saver.setField("/page/description", "short");
    await tab.saved();
    expect((await tabs.stored(ada.sessionId)).state).toEqual({
      basics: { title: "Fête" },
      page: { description: "short" },
    });
  });

  it("keeps a save that is refused because of a quota, says what to do, and saves it once there is room", async () => {
    const { ada, tab } = await opened();
    const quota = (bytes: number) => api.db.root.query("update app_private.quotas set stored_bytes = $1", [bytes]);
    await quota(100);
    tab.saver.setField("/page/description", "x".repeat(20_000));
    await tab.phase("refused");
    const { status } = tab.saver.getView();
    expect(status).toMatchObject({ phase: "refused", code: "QUOTA_EXCEEDED" });
    expect(statusText(status, new Date())).toMatch(/^Not saved\. Your drafts .* Delete drafts that you no longer need/);
    expect(await revisions(ada.sessionId)).toBe(0);
    await quota(512 * 1024 * 1024);
    tab.saver.setField("/basics/title", "Fête");
    await tab.saved();
    expect((await tabs.stored(ada.sessionId)).state).toMatchObject({ basics: { title: "Fête" } });
  });

  it("shows why a session can't be started because of a quota", async () => {
    await api.db.root.query("update app_private.quotas set unfinished_sessions = 0");
    try {
      const tab = tabs.open(await tabs.newUser());
      await tab.phase("refused");
      expect(tab.saver.getView()).toMatchObject({
        revision: undefined,
        status: { phase: "refused", code: "QUOTA_EXCEEDED", message: expect.stringMatching(/^You have 0 unfinished/) },
      });
    } finally {
      await api.db.root.query("update app_private.quotas set unfinished_sessions = 1000");
    }
  });

  it("stops at another user's session, and at a deleted one", async () => {
    const { ada, tab } = await opened();
    const ben = await tabs.newUser();
    const bens = tabs.open({ ...ben, sessionId: ada.sessionId });
    await bens.phase("missing");
    await api.db.root.query("delete from wizard_sessions where id = $1", [ada.sessionId]);
    tab.saver.setField("/basics/title", "Fête");
    await tab.phase("missing");
    expect(tab.saver.getView().state).toEqual({ basics: { title: "Fête" } });
    await expect(tab.saver.flush()).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("signing in", () => {
  it("pauses when the token has expired, and sends the same save after a new sign-in", async () => {
    const ada = await tabs.newUser();
    let token = String(ada.authorization());
    const tab = tabs.open({ ...ada, authorization: () => token, getToken: () => token });
    await tab.saved();
    token = "Bearer spoilt";
    tab.saver.setField("/basics/title", "Fête");
    await tab.phase("signIn");
    tab.saver.setField("/basics/summary", "Stalls");
    await expect(tab.saver.flush()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(saves(tab)).toHaveLength(1);
    token = String(ada.authorization());
    await tab.saved();
    expect(saveIds(tab)[1]).toBe(saveIds(tab)[0]);
    expect((await tabs.stored(ada.sessionId)).state).toEqual({ basics: { title: "Fête", summary: "Stalls" } });
  });

  it("continues if the new token comes before the old one is refused", async () => {
    const ada = await tabs.newUser();
    let token = String(ada.authorization());
    const tab = tabs.open({ ...ada, authorization: () => token, getToken: () => token });
    await tab.saved();
    token = "Bearer spoilt";
    tab.network.fail(SAVE, "held");
    tab.saver.setField("/basics/title", "Fête");
    await until(() => saves(tab).length === 1);
    token = String(ada.authorization());
    await tab.network.release();
    await tab.saved();
    expect(new Set(saveIds(tab)).size).toBe(1);
  });

  it("sends nothing of one user with the token of another, and keeps it for the first", async () => {
    const ada = await tabs.newUser();
    const ben = await tabs.newUser();
    const browser = makeBrowser();
    let header = ada.authorization();
    const getToken = () => header?.slice("Bearer ".length);
    const tab = tabs.open({ ...ada, browser, authorization: () => header, getToken });
    await tab.saved();
    header = ben.authorization();
    tab.saver.setField("/basics/title", "Ada's");
    await tab.phase("signIn");
    tab.saver.stop();

    const bens = tabs.open({ ...ben, sessionId: ada.sessionId, browser });
    await bens.phase("missing");
    expect(bens.saver.getView().state).toEqual({});
    expect([...saves(tab), ...saves(bens)]).toEqual([]);

    const again = tabs.open({ ...ada, browser });
    await until(() => again.saver.getView().revision === 1);
    expect((await tabs.stored(ada.sessionId)).state).toEqual({ basics: { title: "Ada's" } });
  });
});

describe("the journal", () => {
  it("contains each save before it is sent", async () => {
    const ada = await tabs.newUser();
    const browser = makeBrowser();
    const journal = await openJournal(browser.name);
    const order: string[] = [];
    const watched: Journal = {
      ...journal,
      durable: true,
      put: async (record) => {
        await journal.put(record);
        order.push(...record.pending.saves.map(({ saveId }) => `kept ${saveId}`));
      },
    };
    const tab = tabs.open({ ...ada, browser, journal: Promise.resolve(watched) });
    await tab.saved();
    const { sent } = tab.network;
    sent.push = (...requests) => {
      order.push(...requests.map(({ variables }) => `sent ${variables.input?.saveId}`));
      return Array.prototype.push.apply(sent, requests);
    };
    tab.saver.setField("/basics/title", "Fête");
    await tab.saved();
    const [saveId] = saveIds(tab);
    expect(order.slice(0, 2)).toEqual([`kept ${saveId}`, `sent ${saveId}`]);
    expect(await journal.all(ownerOf(ada.userId, ada.sessionId))).toEqual([]);
  });

  it("restores after a crash the unanswered save, with its key and base, and the draft", async () => {
    const { ada, tab } = await opened();
    tab.network.fail(SAVE, "held");
    tab.saver.setField("/basics/title", "Fête");
    await until(() => saves(tab).length === 1);
    tab.saver.setField("/basics/summary", "Stalls");
    await tab.crash();
    // The request arrives after the tab is gone.
    await tab.network.release();

    const again = tabs.open({ ...ada, browser: tab.browser });
    await until(() => again.saver.getView().revision !== undefined);
    expect(again.saver.getView().state).toEqual({ basics: { title: "Fête", summary: "Stalls" } });
    await again.saved();
    expect(saves(again)[0]?.variables.input).toEqual(saves(tab)[0]?.variables.input);
    expect(await tabs.stored(ada.sessionId)).toMatchObject({
      state: { basics: { title: "Fête", summary: "Stalls" } },
      revision: 2,
    });
  });

  it("restores changes that a page was restoring when it was left", async () => {
    const { ada, tab } = await opened();
    tab.page.setOnline(false);
    tab.saver.setField("/basics/title", "Fête");
    await tab.phase("kept");
    await tab.crash();
    const journal = await openJournal(tab.browser.name);
    let leave = () => {};
    const slow: Journal = {
      ...journal,
      durable: true,
      get: async (...which) => {
        const record = await journal.get(...which);
        leave();
        await sleep(50);
        return record;
      },
    };
    const left = tabs.open({ ...ada, browser: tab.browser, journal: slow });
    await new Promise<void>((done) => {
      leave = () => void left.crash().then(done);
    });
    const again = tabs.open({ ...ada, browser: tab.browser });
    await again.saved();
    await until(() => again.saver.getView().revision === 1);
    expect(again.saver.getView().state).toEqual({ basics: { title: "Fête" } });
  });

  it("is not written any more once other tabs may have read it", async () => {
    const { ada, tab } = await opened();
    tab.network.fail("ReadWizardSession", "held");
    tab.page.happen("visible");
    await until(() => tab.network.sent.some(({ operation }) => operation === "ReadWizardSession"));
    tab.saver.setField("/basics/title", "Fête");
    await tab.crash();
    const again = tabs.open({ ...ada, browser: tab.browser });
    again.page.setOnline(false);
    await again.phase("kept");
    // The answer comes after the tab is gone.
    await tab.network.release();
    await sleep(50);
    again.page.setOnline(true);
    await again.saved();
    const journal = await openJournal(tab.browser.name);
    expect(await journal.all(ownerOf(ada.userId, ada.sessionId))).toEqual([]);
  });

  it("gives a loading tab the changes of a tab that is closed meanwhile", async () => {
    const { ada, tab } = await opened();
    tab.page.setOnline(false);
    tab.saver.setField("/basics/title", "Fête");
    await tab.phase("kept");
    const journal = await openJournal(tab.browser.name);
    let found = () => {};
    const isFound = new Promise<void>((done) => {
      found = done;
    });
    let goOn = () => {};
    const wait = new Promise<void>((done) => {
      goOn = done;
    });
    const slow: Journal = {
      ...journal,
      durable: true,
      all: async (owner) => {
        await journal.all(owner);
        found();
        await wait;
        return [];
      },
    };
    const other = tabs.open({ ...ada, browser: tab.browser, journal: slow });
    await isFound;
    // A third tab makes the first one announce itself.
    const third = tabs.open({ ...ada, browser: tab.browser });
    await third.saved();
    await sleep(50);
    await third.crash();
    await tab.crash();
    await sleep(50);
    goOn();
    await until(() => other.saver.getView().revision === 1);
    expect(other.saver.getView().state).toEqual({ basics: { title: "Fête" } });
  });

  it("shows unsaved changes after a reload without a network", async () => {
    const { ada, tab } = await opened();
    tab.page.setOnline(false);
    tab.saver.setField("/basics/title", "Fête");
    await tab.phase("kept");
    tab.saver.stop();
    const again = tabs.open({ ...ada, browser: tab.browser });
    again.page.setOnline(false);
    await again.phase("kept");
    expect(again.saver.getView().state).toEqual({ basics: { title: "Fête" } });
    again.page.setOnline(true);
    await again.saved();
    expect(await revisions(ada.sessionId)).toBe(1);
  });

  it("gives the changes of a closed tab to an open one", async () => {
    const { ada, tab } = await opened();
    const other = tabs.open({ ...ada, browser: tab.browser });
    await other.saved();
    tab.page.setOnline(false);
    tab.saver.setField("/basics/title", "Fête");
    await tab.phase("kept");
    other.saver.setField("/basics/summary", "Stalls");
    await other.saved();
    await tab.crash();
    await until(() => other.saver.getView().revision === 2);
    await other.saved();
    expect(other.saver.getView().state).toEqual({ basics: { title: "Fête", summary: "Stalls" } });
    expect((await tabs.stored(ada.sessionId)).state).toEqual({ basics: { title: "Fête", summary: "Stalls" } });
  });
});

describe("leaving the page", () => {
  it("sends a keepalive request, and the same save again after a lost answer", async () => {
    const { ada, tab } = await opened();
    tab.network.fail(SAVE, "answer lost");
    tab.saver.setField("/basics/title", "Fête");
    tab.page.happen("leaving");
    await until(() => saves(tab).length === 1);
    expect(saves(tab)[0]?.keepalive).toBe(true);
    await tab.saved();
    expect(new Set(saveIds(tab)).size).toBe(1);
    expect(await revisions(ada.sessionId)).toBe(1);
  });

  it("does not send a save again if its turn comes after the keepalive request", async () => {
    const { ada, tab } = await opened();
    const other = tabs.open({ ...ada, browser: tab.browser });
    await other.saved();
    other.network.fail(SAVE, "held");
    other.saver.setField("/basics/summary", "Stalls");
    await until(() => saves(other).length === 1);
    tab.saver.setField("/basics/title", "Fête");
    await tab.phase("saving");
    expect(saves(tab)).toEqual([]);
    tab.page.happen("hidden");
    await until(() => tab.saver.getView().revision === 1);
    await other.network.release();
    await other.saved();
    // The next save is sent after that turn.
    tab.saver.setField("/basics/title", "Fair");
    await tab.saved();
    expect(saves(tab).map(({ keepalive }) => keepalive)).toEqual([true, false]);
    expect(new Set(saveIds(tab)).size).toBe(2);
  });

  it("gives up its turn once it is stopped", async () => {
    const { ada, tab } = await opened();
    const other = tabs.open({ ...ada, browser: tab.browser });
    await other.saved();
    other.network.fail(SAVE, "held");
    other.saver.setField("/basics/summary", "Stalls");
    await until(() => saves(other).length === 1);
    tab.saver.setField("/basics/title", "Fête");
    await tab.phase("saving");
    await tab.crash();
    await other.network.release();
    await until(() => other.saver.getView().revision === 2);
    await other.saved();
    expect(saves(tab)).toEqual([]);
    expect((await tabs.stored(ada.sessionId)).state).toEqual({ basics: { title: "Fête", summary: "Stalls" } });
  });

  it("leaves the base values out of a keepalive request that would be too large with them", async () => {
    const { ada, tab } = await opened();
    tab.saver.setField("/page/description", "x".repeat(61 * 1024));
    await tab.saved();
    tab.saver.setField("/page/description", "short");
    tab.page.happen("hidden");
    await tab.saved();
    const sent = saves(tab).map(({ keepalive, variables }) => [keepalive, variables.input?.baseValues]);
    expect(sent).toEqual([
      [false, {}],
      [true, undefined],
    ]);
    expect((await tabs.stored(ada.sessionId)).state).toEqual({ page: { description: "short" } });
  });

  it("sends no keepalive request that is too large", async () => {
    const { tab } = await opened();
    tab.saver.setField("/page/description", "x".repeat(61 * 1024));
    tab.page.happen("hidden");
    await tab.saved();
    expect(saves(tab).map(({ keepalive }) => keepalive)).toEqual([false]);
  });
});

describe("other tabs and devices", () => {
  it("reads after a save in another tab, and applies its own edits on top", async () => {
    const { ada, tab } = await opened();
    const other = tabs.open({ ...ada, browser: tab.browser });
    await other.saved();
    tab.page.setOnline(false);
    tab.saver.setField("/basics/title", "Fête");
    other.saver.setField("/basics/summary", "Stalls");
    await other.saved();
    tab.page.setOnline(true);
    await tab.saved();
    await until(() => other.saver.getView().revision === 2);
    for (const { saver } of [tab, other]) {
      expect(saver.getView().state).toEqual({ basics: { title: "Fête", summary: "Stalls" } });
    }
  });

  it("reads after a save on another device by the subscription, but not after its own", async () => {
    const ada = await tabs.newUser();
    const tab = tabs.open({ ...ada, live: true });
    await tab.saved();
    const other = tabs.open({ ...ada, browser: makeBrowser() });
    await other.saved();
    other.saver.setField("/basics/summary", "Stalls");
    await other.saved();
    await until(() => tab.saver.getView().revision === 1);
    expect(tab.saver.getView().state).toEqual({ basics: { summary: "Stalls" } });
    const reads = () => tab.network.sent.filter(({ operation }) => operation === "ReadWizardSession").length;
    const before = reads();
    tab.saver.setField("/basics/title", "Fête");
    await tab.saved();
    other.page.happen("visible");
    await until(() => other.saver.getView().revision === 2);
    expect(reads()).toBe(before);
  });

  it('is not "saved" any more after the session was deleted on another device', async () => {
    const ada = await tabs.newUser();
    const tab = tabs.open({ ...ada, live: true });
    await tab.saved();
    const other = tabs.open({ ...ada, browser: makeBrowser() });
    await other.saved();
    other.saver.setField("/basics/summary", "Stalls");
    await until(() => tab.saver.getView().revision === 1, "subscription");
    await api.db.root.query("delete from wizard_sessions where id = $1", [ada.sessionId]);
    await tab.phase("missing");
  });

  async function inConflict() {
    const { ada, tab } = await opened();
    const other = tabs.open({ ...ada, browser: makeBrowser() });
    await other.saved();
    other.saver.setField("/basics/title", "Fair");
    await other.saved();
    tab.saver.setField("/basics/title", "Fête");
    tab.saver.setField("/basics/summary", "Stalls");
    await tab.phase("conflict");
    return { ada, tab, other };
  }

  it("shows both values of a field that both have changed, and writes nothing", async () => {
    const { ada, tab } = await inConflict();
    expect(tab.saver.getView()).toMatchObject({
      conflicts: [{ pointer: "/basics/title", base: null, yours: "Fête", theirs: "Fair" }],
      state: { basics: { title: "Fête", summary: "Stalls" } },
    });
    expect((await tabs.stored(ada.sessionId)).state).toEqual({ basics: { title: "Fair" } });
    await expect(tab.saver.flush()).rejects.toMatchObject({ code: "CONFLICT" });
    const { sent } = tab.network;
    const before = sent.length;
    await expect(tab.saver.complete()).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(tab.saver.restore(0)).rejects.toMatchObject({ code: "CONFLICT" });
    expect(sent).toHaveLength(before);
    expect(tab.saver.getView().state).toEqual({ basics: { title: "Fête", summary: "Stalls" } });
  });

  it.each([
    ["yours", "Fête"],
    ["theirs", "Fair"],
  ] as const)('saves the choice "%s", and the other edits', async (choice, title) => {
    const { ada, tab } = await inConflict();
    tab.saver.setField("/page/slug", "fete");
    tab.saver.resolve({ "/basics/title": choice });
    await tab.saved();
    const state = { basics: { title, summary: "Stalls" }, page: { slug: "fete" } };
    expect(tab.saver.getView()).toMatchObject({ state, conflicts: [] });
    expect((await tabs.stored(ada.sessionId)).state).toEqual(state);
  });

  it("merges what was typed offline with more saves elsewhere than the history keeps", async () => {
    const { ada, tab } = await opened();
    tab.saver.setField("/basics/title", "Fair");
    await tab.saved();
    tab.page.setOnline(false);
    tab.saver.setField("/basics/title", "Fête");
    await tab.phase("kept");
    await api.db.asUser(ada.userId, (client) =>
      client.query(`do $$ begin
        for n in 1..320 loop
          update wizard_sessions set state = jsonb_set(state, '{basics,summary}', to_jsonb(n)) where id = '${ada.sessionId}';
        end loop;
      end $$`),
    );
    tab.page.setOnline(true);
    await tab.saved();
    expect(saves(tab).at(-1)?.variables.input).toMatchObject({
      baseRevision: 1,
      baseValues: { basics: { title: "Fair" } },
    });
    expect(tab.saver.getView().state).toEqual({ basics: { title: "Fête", summary: 320 } });
  });

  it("keeps a conflict and its edits after a crash", async () => {
    const { ada, tab } = await inConflict();
    tab.saver.setField("/page/slug", "fete");
    await tab.crash();
    const again = tabs.open({ ...ada, browser: tab.browser });
    await again.phase("conflict");
    expect(again.saver.getView()).toMatchObject({
      conflicts: [{ pointer: "/basics/title", yours: "Fête", theirs: "Fair" }],
      state: { basics: { title: "Fête", summary: "Stalls" }, page: { slug: "fete" } },
    });
    again.saver.resolve({ "/basics/title": "yours" });
    await again.saved();
    expect((await tabs.stored(ada.sessionId)).state).toMatchObject({ basics: { title: "Fête" } });
  });

  it("finds a conflict with an edit made while a save was in flight", async () => {
    const { ada, tab } = await opened();
    const other = tabs.open({ ...ada, browser: makeBrowser() });
    await other.saved();
    tab.network.fail(SAVE, "held");
    tab.saver.setField("/basics/title", "Fête");
    await until(() => saves(tab).length === 1);
    other.saver.setField("/basics/summary", "Music");
    await other.saved();
    tab.saver.setField("/basics/summary", "Stalls");
    await tab.network.release();
    await tab.phase("conflict");
    expect(tab.saver.getView().conflicts).toEqual([
      { pointer: "/basics/summary", base: null, yours: "Stalls", theirs: "Music" },
    ]);
    expect((await tabs.stored(ada.sessionId)).state).toEqual({ basics: { title: "Fête", summary: "Music" } });
  });
});

describe("restoring and completing", () => {
  it("restores a revision after saving the edits", async () => {
    const { ada, tab } = await opened();
    tab.saver.setField("/basics/title", "Fête");
    await tab.saved();
    tab.saver.setField("/basics/title", "Fair");
    await tab.saver.restore(1);
    await tab.saved();
    expect(tab.saver.getView()).toMatchObject({ state: { basics: { title: "Fête" } }, revision: 3, canUndo: false });
    expect((await tabs.stored(ada.sessionId)).state).toEqual({ basics: { title: "Fête" } });
    await expect(tab.saver.restore(99)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(tab.saver.getView().status.phase).toBe("saved");
  });

  it("returns the problems of an incomplete session, and completes a complete one in every tab", async () => {
    const { ada, tab } = await opened();
    const other = tabs.open({ ...ada, browser: tab.browser });
    await other.saved();
    tab.saver.setField("/basics/title", "Fête");
    const refused = await tab.saver.complete();
    expect(refused).toMatchObject({ ok: false });
    expect(refused.ok || refused.problems).toContainEqual(
      expect.objectContaining({ stage: 1, pointer: "/basics/category" }),
    );
    expect((await tabs.stored(ada.sessionId)).status).toBe("in_progress");

    const slug = `fete-${randomUUID().slice(0, 8)}`;
    tab.saver.setField("", { ...COMPLETE_STATE, page: { ...COMPLETE_STATE.page, slug } } as never);
    const completed = await tab.saver.complete();
    expect(completed).toEqual({ ok: true, eventId: expect.any(String), slug });
    expect(tab.saver.getView()).toMatchObject({
      status: { phase: "completed" },
      eventId: completed.ok && completed.eventId,
    });
    await other.phase("completed");
    expect(await other.saver.complete()).toEqual(completed);
    tab.saver.setField("/basics/title", "Too late");
    expect(tab.saver.getView().state.basics).toEqual(COMPLETE_STATE.basics);
  });

  it("drops edits after the session was completed elsewhere, and rejects flush", async () => {
    const { ada, tab } = await opened();
    await api.db.root.query("update wizard_sessions set status = 'completed' where id = $1", [ada.sessionId]);
    tab.saver.setField("/basics/title", "Fête");
    await expect(tab.saver.flush()).rejects.toMatchObject({ code: "SESSION_COMPLETED" });
    await tab.phase("completed");
  });
});
