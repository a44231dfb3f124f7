import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { makeAnnouncer } from "./announcer.ts";
import { type SaveStatus, statusText } from "./status.ts";

const now = new Date("2027-06-19T18:00:00Z");
const before = (seconds: number) => new Date(now.getTime() - seconds * 1000);
const saved = (seconds: number): SaveStatus => ({ phase: "saved", revision: 3, at: before(seconds) });

describe("statusText", () => {
  it.each<[SaveStatus, string]>([
    [saved(-5), "Saved just now"],
    [saved(59), "Saved just now"],
    [saved(60), "Saved 1 minute ago"],
    [saved(179), "Saved 2 minutes ago"],
    [saved(3_600), "Saved 1 hour ago"],
    [saved(50 * 3_600), "Saved 2 days ago"],
    [
      { phase: "kept", reason: "retrying", retryAt: before(-7) },
      "The server can’t be reached. Your changes are kept on this device. Trying again in 7 seconds.",
    ],
    [{ phase: "refused", code: "STATE_TOO_LARGE", message: "It is too large." }, "Not saved. It is too large."],
  ])("%j", (status, text) => expect(statusText(status, now)).toBe(text));

  it('says "Saved" and "kept on this device" for no other status', () => {
    const others: SaveStatus[] = [
      { phase: "loading" },
      { phase: "editing" },
      { phase: "editing", reason: "offline" },
      { phase: "editing", reason: "retrying" },
      { phase: "saving" },
      { phase: "signIn" },
      { phase: "conflict" },
      { phase: "missing" },
      { phase: "completed" },
    ];
    for (const status of others) expect(statusText(status, now)).not.toMatch(/^Saved|kept/i);
  });
});

describe("makeAnnouncer", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  function listening() {
    const announced: string[] = [];
    const { hear } = makeAnnouncer((text) => announced.push(text), { now: () => now });
    return { announced, hear };
  }

  it("announces a success once it has lasted, and only once while nothing else happens", () => {
    const { announced, hear } = listening();
    hear(saved(0));
    jest.advanceTimersByTime(1_000);
    hear({ phase: "editing" });
    hear({ phase: "saving" });
    jest.advanceTimersByTime(10_000);
    expect(announced).toEqual([]);
    for (let save = 0; save < 3; save++) {
      hear({ phase: "saving" });
      hear(saved(0));
      jest.advanceTimersByTime(5_000);
    }
    expect(announced).toEqual(["Saved"]);
  });

  it("announces at once what needs the user, and the success after it", () => {
    const { announced, hear } = listening();
    hear({ phase: "conflict" });
    hear({ phase: "conflict" });
    expect(announced).toEqual([statusText({ phase: "conflict" }, now)]);
    hear(saved(0));
    jest.advanceTimersByTime(5_000);
    expect(announced[1]).toBe("Saved");
  });

  it("announces an outage once, however often it is retried", () => {
    const { announced, hear } = listening();
    for (let attempt = 0; attempt < 3; attempt++) {
      hear({ phase: "saving" });
      hear({ phase: "kept", reason: "retrying", retryAt: before(-attempt) });
      jest.advanceTimersByTime(5_000);
    }
    expect(announced).toHaveLength(1);
  });
});
