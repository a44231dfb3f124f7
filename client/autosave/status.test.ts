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
      "Kept on this device: the server can’t be reached. Next attempt in 7 seconds.",
    ],
    [{ phase: "refused", code: "STATE_TOO_LARGE", message: "It is too large." }, "Not saved: It is too large."],
  ])("%j", (status, text) => expect(statusText(status, now)).toBe(text));

  it("says «saved» and «kept on this device» of nothing else", () => {
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
    for (const status of others) expect(statusText(status, now)).not.toMatch(/^Saved|Kept/);
  });
});

describe("makeAnnouncer", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  function listening() {
    const told: string[] = [];
    const { hear } = makeAnnouncer((text) => told.push(text), { now: () => now });
    return { told, hear };
  }

  it("tells a success when it lasts, and not again while there is nothing else", () => {
    const { told, hear } = listening();
    hear(saved(0));
    jest.advanceTimersByTime(1_000);
    hear({ phase: "editing" });
    hear({ phase: "saving" });
    jest.advanceTimersByTime(10_000);
    expect(told).toEqual([]);
    for (let save = 0; save < 3; save++) {
      hear({ phase: "saving" });
      hear(saved(0));
      jest.advanceTimersByTime(5_000);
    }
    expect(told).toEqual(["Saved"]);
  });

  it("tells at once what needs somebody, and the success after it", () => {
    const { told, hear } = listening();
    hear({ phase: "conflict" });
    hear({ phase: "conflict" });
    expect(told).toEqual([statusText({ phase: "conflict" }, now)]);
    hear(saved(0));
    jest.advanceTimersByTime(5_000);
    expect(told[1]).toBe("Saved");
  });

  it("tells of an outage once, however often it is tried again", () => {
    const { told, hear } = listening();
    for (let attempt = 0; attempt < 3; attempt++) {
      hear({ phase: "saving" });
      hear({ phase: "kept", reason: "retrying", retryAt: before(-attempt) });
      jest.advanceTimersByTime(5_000);
    }
    expect(told).toHaveLength(1);
  });
});
