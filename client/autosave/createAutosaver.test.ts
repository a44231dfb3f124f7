import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { JsonObject } from "../../json/equality.ts";
import { applyPatch } from "../../json/mergePatch.ts";
import { until } from "../../testkit/until.ts";
import { createAutosaver } from "./createAutosaver.ts";
import { browserEnvironment, type Environment } from "./environment.ts";
import { memoryJournal, ownerOf } from "./journal.ts";
import { edit, nothingPending } from "./pending.ts";
import { type Change, SaveError, type SaveRequest, type Snapshot, type Transport } from "./transport.ts";

/** These tests look at when requests are sent. `client/autosaver.test.ts` looks at their results on the real server. */
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
  const publish = (change: Change) => listeners.map((listener) => listener(change));
  return { transport, sent, reads, listeners, publish };
}

const overloaded = (retryAfterMs: number) => () =>
  Promise.reject(new SaveError("OVERLOADED", "The server is overloaded.", { retryAfterMs }));

describe("the time of a request", () => {
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

  it("is 800 ms after the last change", async () => {
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

  it("is five seconds after the first change if typing does not pause", async () => {
    const { saver, sent } = await begun();
    for (let letter = 0; letter < 20; letter++) {
      saver.setField("/title", `${letter}`);
      await jest.advanceTimersByTimeAsync(500);
    }
    expect(sent.map(({ at }) => at)).toEqual([5_000, 10_000]);
    saver.stop();
  });

  it("is at once after flush", async () => {
    const { saver, sent } = await begun();
    saver.setField("/title", "F");
    const flushed = saver.flush();
    await jest.advanceTimersByTimeAsync(0);
    await flushed;
    expect(sent).toHaveLength(1);
    saver.stop();
  });

  it("is not before the server's retry-after, with the same save", async () => {
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

  it("comes again, with the same save, after 20 seconds without an answer", async () => {
    const { saver, sent } = await begun([() => new Promise(() => {})]);
    saver.setField("/title", "F");
    await jest.advanceTimersByTimeAsync(800 + 20_000);
    expect(saver.getView().status).toMatchObject({ reason: "retrying" });
    await jest.advanceTimersByTimeAsync(1_000);
    expect(sent.map(({ request }) => request.saveId)).toEqual([sent[0]?.request.saveId, sent[0]?.request.saveId]);
    expect(saver.getView().status.phase).toBe("saved");
    saver.stop();
  });

  it("watches for other saves only once there is a session", async () => {
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

  it("reads after a save that is not its own, but not if news of its own save come before the answer", async () => {
    let answer = () => {};
    const { saver, sent, reads, publish } = await begun([() => new Promise((done) => (answer = done))]);
    saver.setField("/title", "F");
    await jest.advanceTimersByTimeAsync(800);
    publish({ revision: 1, saveId: sent[0]?.request.saveId });
    answer();
    await jest.advanceTimersByTimeAsync(0);
    publish({ revision: 1, saveId: sent[0]?.request.saveId });
    await jest.advanceTimersByTimeAsync(0);
    expect(saver.getView().status).toMatchObject({ phase: "saved", revision: 1 });
    expect(reads).toEqual([]);
    publish({ revision: 2, saveId: "another device's" });
    await jest.advanceTimersByTimeAsync(0);
    expect(reads).toHaveLength(1);
    saver.stop();
  });
});

it("rejects flush if a read shows that the session was completed meanwhile", async () => {
  const { transport, sent, publish } = serverOf();
  let answer = () => {};
  const completed: Transport = {
    ...transport,
    read: async (how) => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return { ...(await transport.read(how)), completed: true };
    },
  };
  const saver = createAutosaver({ userId: "ada", sessionId: "s", transport: completed, journal: memoryJournal() });
  await until(() => saver.getView().status.phase === "saved");
  publish({ revision: 1 });
  saver.setField("/title", "F");
  const flushed = saver.flush();
  answer();
  await expect(flushed).rejects.toMatchObject({ code: "SESSION_COMPLETED" });
  expect(saver.getView().status.phase).toBe("completed");
  expect(sent).toEqual([]);
  saver.stop();
});

describe("errors around the autosaver", () => {
  beforeEach(() => void jest.useFakeTimers({ now: 0 }));
  afterEach(() => {
    jest.useRealTimers();
    delete (globalThis as { reportError?: unknown }).reportError;
  });

  const who = { userId: "ada", sessionId: "s" };
  const page = browserEnvironment({});
  const failing = () => Promise.reject(new SaveError("NETWORK", "No answer."));

  it("retries after a failure, at whatever moment the clock advances", async () => {
    for (let n = 0; n < 200; n++) {
      const { transport, sent } = serverOf([failing, failing]);
      let looks = 0;
      // A timer goes off at the full millisecond; the pause ends in the course of one.
      const environment = { ...page, now: () => Date.now() + ++looks / 20, random: () => n / 200 };
      const saver = createAutosaver({ ...who, transport, environment, journal: memoryJournal(), firstRetryMs: 10 });
      await jest.advanceTimersByTimeAsync(0);
      saver.setField("/title", "F");
      await jest.advanceTimersByTimeAsync(1_000);
      expect(sent).toHaveLength(3);
      expect(saver.getView().status.phase).toBe("saved");
      saver.stop();
    }
  });

  it("tries again after an unnoticed sign-in, at whatever moment the clock advances", async () => {
    const refused = () => Promise.reject(new SaveError("UNAUTHENTICATED", "Sign in."));
    for (let n = 0; n < 50; n++) {
      const { transport, sent } = serverOf([refused]);
      let looks = 0;
      // The clock is a little slower than the timers.
      const environment = { ...page, now: () => Date.now() * (1 - n * 1e-6) + ++looks / 20 };
      const saver = createAutosaver({ ...who, transport, environment, journal: memoryJournal() });
      await jest.advanceTimersByTimeAsync(0);
      saver.setField("/title", "F");
      await jest.advanceTimersByTimeAsync(900);
      expect(saver.getView().status.phase).toBe("signIn");
      await jest.advanceTimersByTimeAsync(31_000);
      expect(sent).toHaveLength(2);
      expect(saver.getView().status.phase).toBe("saved");
      saver.stop();
    }
  });

  it("does not wait for the old time after the clock was set back", async () => {
    const { transport, sent } = serverOf([failing]);
    const saver = createAutosaver({ ...who, transport, journal: memoryJournal() });
    await jest.advanceTimersByTimeAsync(0);
    saver.setField("/title", "F");
    jest.setSystemTime(Date.now() - 3_600_000);
    await jest.advanceTimersByTimeAsync(800);
    expect(sent).toHaveLength(1);
    jest.setSystemTime(Date.now() - 3_600_000);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(sent).toHaveLength(2);
    expect(saver.getView().status.phase).toBe("saved");
    saver.stop();
  });

  it("sleeps as long as a timer can if the server asks for longer", async () => {
    const { transport, sent } = serverOf([overloaded(2 ** 31 * 3)]);
    const setTimer = jest.fn(page.setTimer);
    const saver = createAutosaver({
      ...who,
      transport,
      environment: { ...page, setTimer },
      journal: memoryJournal(),
    });
    await jest.advanceTimersByTimeAsync(0);
    saver.setField("/title", "F");
    await jest.advanceTimersByTimeAsync(800);
    expect(sent).toHaveLength(1);
    expect(setTimer.mock.lastCall?.[1]).toBe(2 ** 31 - 1);
    saver.stop();
  });

  it("goes on saving when a listener or getToken throws", async () => {
    const errors: unknown[] = [];
    globalThis.reportError = (error) => void errors.push(error);
    const { transport, sent } = serverOf();
    let token = () => "token";
    const saver = createAutosaver({ ...who, transport, journal: memoryJournal(), getToken: () => token() });
    await jest.advanceTimersByTimeAsync(0);
    const others: string[] = [];
    saver.subscribe(() => {
      throw new Error("in the page");
    });
    saver.subscribe(() => others.push(saver.getView().status.phase));
    saver.setField("/title", "F");
    await jest.advanceTimersByTimeAsync(800);
    expect(sent).toHaveLength(1);
    expect(others.at(-1)).toBe("saved");
    token = () => {
      throw new Error("no storage");
    };
    saver.setField("/title", "Fê");
    await jest.advanceTimersByTimeAsync(800);
    expect(saver.getView().status.phase).toBe("signIn");
    token = () => "token";
    await jest.advanceTimersByTimeAsync(1_000);
    expect(saver.getView().status.phase).toBe("saved");
    expect(errors).toContainEqual(new Error("in the page"));
    expect(errors).toContainEqual(new Error("no storage"));
    saver.stop();
  });

  it("goes on saving when a journal rejects, and does not claim to keep changes", async () => {
    const fails = () => Promise.reject(new Error("The disk is full."));
    const { transport, sent } = serverOf([failing]);
    const journal = { ...memoryJournal(), durable: true, put: fails, remove: fails };
    const saver = createAutosaver({ ...who, transport, journal });
    await jest.advanceTimersByTimeAsync(0);
    saver.setField("/title", "F");
    await jest.advanceTimersByTimeAsync(800);
    expect(saver.getView().status).toMatchObject({ phase: "editing", reason: "retrying" });
    await jest.advanceTimersByTimeAsync(1_000);
    expect(sent).toHaveLength(2);
    expect(saver.getView().status.phase).toBe("saved");
    saver.stop();
  });

  it.each([
    ["can't be opened", () => Promise.reject(new Error("Refused."))],
    ["can't be read", () => ({ ...memoryJournal(), all: () => Promise.reject(new Error("Broken.")) })],
  ])("starts if the journal %s", async (_, journal) => {
    const { transport, sent } = serverOf();
    const saver = createAutosaver({ ...who, transport, journal: journal() });
    await jest.advanceTimersByTimeAsync(1_000);
    saver.setField("/title", "F");
    await jest.advanceTimersByTimeAsync(800);
    expect(sent).toHaveLength(1);
    expect(saver.getView().status.phase).toBe("saved");
    saver.stop();
  });

  it("sends changes of closed tabs even if there is always something new to read", async () => {
    const { transport, sent, publish } = serverOf();
    let revision = 0;
    const busy: Transport = {
      ...transport,
      read: async (how) => {
        await new Promise((done) => page.setTimer(() => done(undefined), 5));
        publish({ revision: ++revision + 100 });
        return transport.read(how);
      },
    };
    const journal = memoryJournal();
    for (const tab of ["t1", "t2"]) {
      const base = { revision: 0, stage: 1, state: {} };
      const pending = edit(nothingPending(base), { [tab]: 1 }, 1, () => tab);
      await journal.put({ owner: ownerOf("ada", "s"), tab, at: 0, pending });
    }
    const saver = createAutosaver({ ...who, transport: busy, journal });
    await jest.advanceTimersByTimeAsync(1_000);
    expect(sent.map(({ request }) => request.saveId).sort()).toEqual(["t1", "t2"]);
    expect(revision).toBeGreaterThan(10);
    saver.stop();
  });

  it("answers another tab once, also without locks", async () => {
    const { transport } = serverOf();
    const post = jest.fn();
    let hear: (message: unknown) => void = () => {};
    const openChannel: Environment["openChannel"] = (_, onMessage) => {
      hear = onMessage;
      return { post, close: () => {} };
    };
    const environment = { ...page, locks: undefined, openChannel };
    const saver = createAutosaver({ ...who, transport, journal: memoryJournal(), environment });
    await jest.advanceTimersByTimeAsync(0);
    post.mockClear();
    // Otherwise the two would answer each other for ever.
    for (let time = 0; time < 3; time++) hear({ tab: "other" });
    expect(post).toHaveBeenCalledTimes(1);
    saver.stop();
  });

  it("sends nothing to other tabs after stop, and rejects later calls", async () => {
    const { transport } = serverOf();
    const post = jest.fn();
    const saver = createAutosaver({
      ...who,
      transport,
      journal: memoryJournal(),
      environment: { ...page, openChannel: () => ({ post, close: () => {} }) },
    });
    saver.stop();
    await jest.advanceTimersByTimeAsync(0);
    expect(post).not.toHaveBeenCalled();
    await expect(saver.flush()).rejects.toMatchObject({ code: "NETWORK" });
    await expect(saver.restore(1)).rejects.toMatchObject({ code: "NETWORK" });
    await expect(saver.complete()).rejects.toMatchObject({ code: "NETWORK" });
  });
});
