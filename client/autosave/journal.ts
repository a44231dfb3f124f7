import { deleteDB, type IDBPDatabase, type IDBPObjectStore, openDB } from "idb";
import type { Pending } from "./pending.ts";

/** The unsaved changes of one tab. */
export interface JournalRecord {
  readonly owner: string;
  readonly tab: string;
  /** When the record was written, in milliseconds since 1970. */
  readonly at: number;
  readonly pending: Pending;
}

/** Where changes are kept until the server has them. The journals below never reject. */
export interface Journal {
  /** Whether a reload finds the records. False once the browser has refused to store one. */
  readonly durable: boolean;
  put(record: JournalRecord): Promise<void>;
  remove(owner: string, tab: string): Promise<void>;
  get(owner: string, tab: string): Promise<JournalRecord | undefined>;
  /** The records of all tabs for this owner, newest first. */
  all(owner: string): Promise<JournalRecord[]>;
  close(): void;
}

export const JOURNAL_NAME = "stagekeep-journal";
const VERSION = 2;
const STORE = "pending";
const BY_OWNER = "owner";
// A browser that does not answer must not keep the page from loading or saving.
const ANSWER_MS = 5_000;
const KEPT_MS = 90 * 24 * 60 * 60 * 1000;

/** The key of the changes of one user in one session. */
export function ownerOf(userId: string, sessionId: string): string {
  return `${userId.toLowerCase()}/${sessionId.toLowerCase()}`;
}

/** A journal in the browser's IndexedDB, or in memory if IndexedDB is missing or throws, as in a private window. */
export async function openJournal(name = JOURNAL_NAME, answerMs = ANSWER_MS): Promise<Journal> {
  const memory = memoryJournal();
  let database: IDBPDatabase | undefined;
  try {
    database = await opened(name, answerMs);
  } catch {
    return memory;
  }
  const db = database;
  let durable = true;
  // Every record is put into memory as well, in case the database fails.
  const attempt = async <T>(stored: () => Promise<T>, remembered: () => Promise<T>): Promise<T> => {
    const kept = await remembered();
    if (!durable) return kept;
    try {
      return await inTime(stored(), answerMs);
    } catch {
      durable = false;
      return kept;
    }
  };
  return {
    get durable() {
      return durable;
    },
    put: (record) =>
      attempt(
        async () => void (await db.put(STORE, record)),
        () => memory.put(record),
      ),
    remove: (owner, tab) =>
      attempt(
        () => db.delete(STORE, [owner, tab]),
        () => memory.remove(owner, tab),
      ),
    get: (owner, tab) =>
      attempt(
        () => db.get(STORE, [owner, tab]) as Promise<JournalRecord | undefined>,
        () => memory.get(owner, tab),
      ),
    all: (owner) =>
      attempt(
        async () => newestFirst((await db.getAllFromIndex(STORE, BY_OWNER, owner)) as JournalRecord[]),
        () => memory.all(owner),
      ),
    close: () => db.close(),
  };
}

/** A journal in memory, which ends with the page. */
export function memoryJournal(): Journal {
  const records = new Map<string, JournalRecord>();
  const keyOf = (owner: string, tab: string) => JSON.stringify([owner, tab]);
  return {
    durable: false,
    put: async (record) => void records.set(keyOf(record.owner, record.tab), record),
    remove: async (owner, tab) => void records.delete(keyOf(owner, tab)),
    get: async (owner, tab) => records.get(keyOf(owner, tab)),
    all: async (owner) => newestFirst([...records.values()].filter((record) => record.owner === owner)),
    close: () => {},
  };
}

/** Removes the records of all users from this device. For a sign-out on a shared computer. */
export async function forgetJournal(name = JOURNAL_NAME): Promise<void> {
  await deleteDB(name);
}

async function opened(name: string, answerMs: number): Promise<IDBPDatabase> {
  const opening = openDB(name, VERSION, {
    upgrade: async (db, oldVersion, _newVersion, transaction) => {
      if (oldVersion === 0) db.createObjectStore(STORE, { keyPath: ["owner", "tab"] }).createIndex(BY_OWNER, "owner");
      else await renameKnown(transaction.objectStore(STORE));
    },
    // Another tab waits to delete or upgrade the database.
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
  });
  const ready = opening.then(async (db) => {
    await removeOld(db);
    await db.getAllKeysFromIndex(STORE, BY_OWNER, "");
    return db;
  });
  try {
    return await inTime(ready, answerMs);
  } catch (error) {
    opening.then(
      (db) => db.close(),
      () => {},
    );
    throw error;
  }
}

/** Rejects if the browser does not answer in time. */
async function inTime<T>(answer: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("IndexedDB did not answer in time.")), ms);
  });
  try {
    return await Promise.race([answer, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** In version 1, `base` was called `known`. */
async function renameKnown(store: IDBPObjectStore<unknown, string[], typeof STORE, "versionchange">): Promise<void> {
  for (let at = await store.openCursor(); at; at = await at.continue()) {
    const { known, ...pending } = at.value.pending;
    await at.update({ ...at.value, pending: { base: known, ...pending } });
  }
}

async function removeOld(db: IDBPDatabase): Promise<void> {
  const old = Date.now() - KEPT_MS;
  const transaction = db.transaction(STORE, "readwrite");
  for (let at = await transaction.store.openCursor(); at; at = await at.continue()) {
    if ((at.value as JournalRecord).at < old) await at.delete();
  }
  await transaction.done;
}

function newestFirst(records: JournalRecord[]): JournalRecord[] {
  return records.toSorted((a, b) => b.at - a.at);
}
