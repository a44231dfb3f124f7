import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { createAutosaver } from "./createAutosaver.ts";
import { memoryJournal } from "./journal.ts";
import type { JsonObject } from "./json.ts";
import { applyPatch } from "./mergePatch.ts";
import { type Change, SaveError, type SaveRequest, type Snapshot, type Transport } from "./transport.ts";

/** Only when something is sent is looked at here; what becomes of it, `client/autosaver.test.ts` asks the real server. */
function serverOf(answers: (() => Promise<void>)[] = []) {
  const sent: { readonly at: number; readonly request: SaveRequest }[] = [];
  let session: Snapshot = {
    revision: 0,
    stage: 1,
    state: {} as JsonObject,
    completed: false,
    eventId: null,
    lastSavedAt: new Date(0).toISOString(),
    problems: [],
    progress: [],
  };
  const reads: number[] = [];
  const listeners: ((change: Change) => void)[] = [];
  const transport: Transport = {
    start: async () => session,
    read: async () => {
      reads.push(Date.now());
      return session;
    },
    watch: (onChange) => {
      listeners.push(onChange);
      return () => {};
    },
    restore: async () => session,
    save: async (request) => {
      sent.push({ at: Date.now(), request });
      await answers.shift()?.();
      session = { ...session, revision: session.revision + 1, state: applyPatch(session.state, request.patch) };
      return { outcome: "SAVED", session, conflicts: [] };
    },
  };
  const tell = (change: Change) => listeners.map((listener) => listener(change));
  return { transport, sent, reads, listeners, tell };
}

const overloaded = (retryAfterMs: number) => () =>
  Promise.reject(new SaveError("OVERLOADED", "Too much to do.", { retryAfterMs }));

describe("when a saver sends", () => {
  beforeEach(() => void jest.useFakeTimers({ now: 0 }));
  afterEach(() => void jest.useRealTimers());

  async function begun(answers?: (() => Promise<void>)[]) {
    const server = serverOf(answers);
    const journal = Promise.resolve(memoryJournal());
    const saver = createAutosaver({ userId: "ada", sessionId: "s", transport: server.transport, journal });
    await jest.advanceTimersByTimeAsync(0);
    expect(saver.getView().status.phase).toBe("saved");
    return { saver, ...server };
  }

  it("waits until nobody has typed for 800 ms", async () => {
    const { saver, sent } = await begun();
    for (const title of ["F", "Fê", "Fêt"]) {
      saver.setField("/title", title);
      await jest.advanceTimersByTimeAsync(700);
    }
    expect(sent).toEqual([]);
    await jest.advanceTimersByTimeAsync(100);
    expect(sent.map(({ at, request }) => [at, request.patch])).toEqual([[2_200, { title: "Fêt" }]]);
    saver.stop();
  });

  it("waits no longer than five seconds for that", async () => {
    const { saver, sent } = await begun();
    for (let letter = 0; letter < 20; letter++) {
      saver.setField("/title", `${letter}`);
      await jest.advanceTimersByTimeAsync(500);
    }
    expect(sent.map(({ at }) => at)).toEqual([5_000, 10_000]);
    saver.stop();
  });

  it("sends at once when it is asked to", async () => {
    const { saver, sent } = await begun();
    saver.setField("/title", "F");
    const flushed = saver.flush();
    await jest.advanceTimersByTimeAsync(0);
    await flushed;
    expect(sent).toHaveLength(1);
    saver.stop();
  });

  it("comes back as late as the server asks, with the same save", async () => {
    const { saver, sent } = await begun([overloaded(30_000)]);
    saver.setField("/title", "F");
    await jest.advanceTimersByTimeAsync(800);
    expect(saver.getView().status).toMatchObject({ phase: "editing", reason: "retrying" });
    await jest.advanceTimersByTimeAsync(29_999);
    expect(sent).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(sent).toHaveLength(2);
    expect(sent[1]?.request).toEqual(sent[0]?.request);
    expect(saver.getView().status.phase).toBe("saved");
    saver.stop();
  });

  it("asks again when there is no answer for 20 seconds", async () => {
    const { saver, sent } = await begun([() => new Promise(() => {})]);
    saver.setField("/title", "F");
    await jest.advanceTimersByTimeAsync(800 + 20_000);
    expect(saver.getView().status).toMatchObject({ reason: "retrying" });
    await jest.advanceTimersByTimeAsync(1_000);
    expect(sent.map(({ request }) => request.saveId)).toEqual([sent[0]?.request.saveId, sent[0]?.request.saveId]);
    expect(saver.getView().status.phase).toBe("saved");
    saver.stop();
  });

  it("listens for other saves once there is a session, not before", async () => {
    const { transport, listeners } = serverOf();
    let begin = () => {};
    const { start } = transport;
    const waiting: Transport = {
      ...transport,
      start: async (how) => {
        await new Promise<void>((done) => {
          begin = done;
        });
        return start(how);
      },
    };
    const saver = createAutosaver({ userId: "ada", sessionId: "s", transport: waiting, journal: memoryJournal() });
    await jest.advanceTimersByTimeAsync(0);
    expect(listeners).toHaveLength(0);
    begin();
    await jest.advanceTimersByTimeAsync(0);
    expect(listeners).toHaveLength(1);
    saver.stop();
  });

  it("reads when it hears of a save that is not its own, also where the news is faster than the answer", async () => {
    let answer = () => {};
    const { saver, sent, reads, tell } = await begun([() => new Promise((done) => (answer = done))]);
    saver.setField("/title", "F");
    await jest.advanceTimersByTimeAsync(800);
    tell({ revision: 1, saveId: sent[0]?.request.saveId });
    answer();
    await jest.advanceTimersByTimeAsync(0);
    tell({ revision: 1, saveId: sent[0]?.request.saveId });
    await jest.advanceTimersByTimeAsync(0);
    expect(saver.getView().status).toMatchObject({ phase: "saved", revision: 1 });
    expect(reads).toEqual([]);
    tell({ revision: 2, saveId: "somebody else's" });
    await jest.advanceTimersByTimeAsync(0);
    expect(reads).toHaveLength(1);
    saver.stop();
  });
});
