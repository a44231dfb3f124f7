import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { IDBFactory } from "fake-indexeddb";
import { openDB } from "idb";
import { forgetJournal, JOURNAL_NAME, type JournalRecord, openJournal, ownerOf } from "./journal.ts";
import { edit, nothingPending } from "./pending.ts";

const owner = ownerOf("Ada", "S1");
const pending = edit(nothingPending({ revision: 4, stage: 1, state: {} }), { a: 1 }, 1, () => "id");
const record = (tab: string, at = Date.now(), of = owner): JournalRecord => ({ owner: of, tab, at, pending });

describe("the journal", () => {
  const factory = globalThis.indexedDB;
  beforeEach(() => {
    globalThis.indexedDB = new IDBFactory();
  });
  afterEach(() => {
    globalThis.indexedDB = factory;
  });

  it("returns the records of an owner to the next page, newest first", async () => {
    const journal = await openJournal();
    expect(journal.durable).toBe(true);
    await journal.put(record("t1", Date.now() - 10));
    await journal.put(record("t2"));
    await journal.put(record("t3", Date.now(), ownerOf("Ben", "S1")));
    journal.close();
    const next = await openJournal();
    expect((await next.all(owner)).map(({ tab }) => tab)).toEqual(["t2", "t1"]);
    expect(await next.get(owner, "t1")).toMatchObject({ pending });
    await next.remove(owner, "t1");
    expect(await next.get(owner, "t1")).toBeUndefined();
    next.close();
  });

  it("keeps the records of version 1, in which the base was called known", async () => {
    const old = await openDB(JOURNAL_NAME, 1, {
      upgrade: (db) => {
        db.createObjectStore("pending", { keyPath: ["owner", "tab"] }).createIndex("owner", "owner");
      },
    });
    const { base, ...others } = pending;
    await old.put("pending", { ...record("t1"), pending: { known: base, ...others } });
    old.close();
    const journal = await openJournal();
    expect(journal.durable).toBe(true);
    expect((await journal.get(owner, "t1"))?.pending).toEqual(pending);
    journal.close();
  });

  /** Another page, whose open transaction blocks every other one. */
  async function blocked() {
    const db = await openDB(JOURNAL_NAME);
    const store = db.transaction("pending", "readwrite").store;
    let isDone = false;
    const goOn = async () => {
      while (!isDone) await store.count();
    };
    const over = goOn();
    return async () => {
      isDone = true;
      await over;
      db.close();
    };
  }

  it("continues in memory, and is no longer durable, when the browser stops answering", async () => {
    const journal = await openJournal(JOURNAL_NAME, 200);
    expect(journal.durable).toBe(true);
    const goOn = await blocked();
    await journal.put(record("t1"));
    expect(journal.durable).toBe(false);
    expect((await journal.all(owner)).map(({ tab }) => tab)).toEqual(["t1"]);
    expect((await openJournal(JOURNAL_NAME, 200)).durable).toBe(false);
    await goOn();
    journal.close();
  });

  it("removes records that are older than three months", async () => {
    const journal = await openJournal();
    await journal.put(record("old", Date.now() - 91 * 24 * 3_600_000));
    await journal.put(record("new", Date.now() - 89 * 24 * 3_600_000));
    journal.close();
    const next = await openJournal();
    expect((await next.all(owner)).map(({ tab }) => tab)).toEqual(["new"]);
    next.close();
  });

  it("is deleted by forgetJournal, and is no longer durable", async () => {
    const journal = await openJournal();
    await journal.put(record("t1"));
    await forgetJournal();
    await journal.put(record("t2"));
    expect(journal.durable).toBe(false);
    expect(await journal.all(owner)).toHaveLength(2);
    const next = await openJournal();
    expect(await next.all(owner)).toEqual([]);
    next.close();
  });

  it.each<[string, unknown]>([
    ["is missing", undefined],
    [
      "throws",
      {
        open: () => {
          throw new Error("The operation is insecure.");
        },
      },
    ],
  ])("is in memory, and not durable, if IndexedDB %s", async (_, instead) => {
    globalThis.indexedDB = instead as IDBFactory;
    const journal = await openJournal();
    await journal.put(record("t1"));
    expect(journal.durable).toBe(false);
    expect(await journal.all(owner)).toHaveLength(1);
  });
});
