import type { Journal } from "./journal.ts";
import { isClean, type Pending } from "./pending.ts";

/** Writes what a tab has to lose into the journal: the newest only, one write at a time. */
export interface Keeper {
  note(pending: Pending): void;
  /** Resolves when everything noted so far is written. */
  settled(): Promise<void>;
  /** Whether a reload would find everything noted so far. */
  keepsAll(): boolean;
  /** What is noted from here on is not written any more: others may have taken up what is there. */
  end(): void;
}

interface KeeperOptions {
  readonly journal: Journal;
  readonly owner: string;
  readonly tab: string;
  readonly now: () => number;
  /** Called when something noted is written. */
  readonly onKept: () => void;
}

export function makeKeeper({ journal, owner, tab, now, onKept }: KeeperOptions): Keeper {
  let newest: Pending | undefined;
  let writing: Promise<void> | undefined;
  let isThere = false;
  let isLost = false;
  let hasEnded = false;

  const keep = async (pending: Pending) => {
    if (!isClean(pending)) {
      isThere = true;
      await journal.put({ owner, tab, at: now(), pending });
    } else if (isThere) {
      isThere = false;
      await journal.remove(owner, tab);
    }
  };
  const write = async () => {
    // `writing` has to be set before it is cleared.
    await undefined;
    for (let pending = newest; pending; pending = newest) {
      newest = undefined;
      // Saving goes on without a journal: the server is the better place.
      isLost = await keep(pending).then(
        () => false,
        () => true,
      );
    }
    writing = undefined;
    onKept();
  };
  return {
    note: (pending) => {
      if (hasEnded) return;
      newest = pending;
      writing ??= write();
    },
    settled: async () => {
      await writing;
    },
    keepsAll: () => journal.durable && !isLost && writing === undefined,
    end: () => {
      hasEnded = true;
    },
  };
}
