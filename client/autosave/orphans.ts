import type { Journal, JournalRecord } from "./journal.ts";
import type { Leader } from "./leader.ts";
import { answered, freeze, knownOf, type NewId, type Pending, refused, restored } from "./pending.ts";
import { asSaveError, isRefusal, type SaveAnswer, type SaveRequest } from "./transport.ts";

/** What a tab that is gone has left; `giveBack` lets others have it. */
export interface Orphan {
  readonly tab: string;
  readonly giveBack: () => void;
}

/** What tabs that are gone have left. A tab holds a lock while it lives: whoever gets that lock may have what it left. */
export interface Orphans {
  /** Holds the lock of this tab. */
  live(): Promise<void>;
  /** Whether this tab was heard of before, or is this one itself. */
  knows(other: string): boolean;
  /** Takes up what a tab leaves when it is gone. */
  watch(other: string): void;
  /** What a tab has left; undefined when it still lives as `patience` ends, and then it is watched. */
  claim(other: string, patience: AbortSignal): Promise<Orphan | undefined>;
  add(orphan: Orphan): void;
  /** The first of those that are to be sent. */
  first(): Orphan | undefined;
  /** Nothing of it is needed any more. */
  remove(orphan: Orphan, journal: Journal | undefined): Promise<void>;
  removeAll(journal: Journal | undefined): void;
  /** Others may have what this tab has left from now on, and what it had claimed. */
  letGo(): void;
}

interface OrphansOptions {
  readonly owner: string;
  readonly tab: string;
  readonly leader: Leader;
  /** Whether a lock tells that a tab lives. */
  readonly hasLocks: boolean;
  readonly signal: AbortSignal;
  /** Resolves when the journal is open, or could not be opened. */
  readonly journal: () => Promise<Journal | undefined>;
  /** Called when a tab that was watched has left something. */
  readonly onFound: () => void;
}

export function makeOrphans({ owner, tab, leader, hasLocks, signal, journal, onFound }: OrphansOptions): Orphans {
  const known = new Set([tab]);
  const found: Orphan[] = [];
  let release: (() => void) | undefined;

  const watch = (other: string) => {
    if (known.has(other)) return;
    known.add(other);
    if (!hasLocks) return;
    leader.acquire(tabLock(other), signal).then(async (giveBack) => {
      if (!giveBack) return;
      // Before that there is no journal to look into: what is left would stay where it is.
      const opened = await journal();
      known.delete(other);
      if (!(await opened?.get(owner, other))) return giveBack();
      if (signal.aborted) return giveBack();
      found.push({ tab: other, giveBack });
      onFound();
    });
  };
  return {
    live: async () => {
      release = await leader.acquire(tabLock(tab), signal);
    },
    knows: (other) => known.has(other),
    watch,
    claim: async (other, patience) => {
      const giveBack = await leader.acquire(tabLock(other), patience);
      if (giveBack && !signal.aborted) return { tab: other, giveBack };
      if (giveBack) giveBack();
      else if (!signal.aborted) watch(other);
      return undefined;
    },
    add: (orphan) => void found.push(orphan),
    first: () => found[0],
    remove: async (orphan, from) => {
      await from?.remove(owner, orphan.tab);
      found.splice(found.indexOf(orphan), 1);
      orphan.giveBack();
    },
    removeAll: (from) => {
      for (const { tab: left, giveBack } of found.splice(0)) void from?.remove(owner, left).then(giveBack);
    },
    letGo: () => {
      release?.();
      release = undefined;
      for (const { giveBack } of found.splice(0)) giveBack();
    },
  };
}

/**
 * Sends what a tab that is gone had not saved: under its keys, upon its bases. Gives back what is left of it, which is
 * for a user to look at.
 */
export async function sendLeft(
  record: JournalRecord,
  journal: Journal,
  send: (request: SaveRequest) => Promise<SaveAnswer>,
  newId: NewId,
): Promise<Pending> {
  let theirs = restored(record.pending);
  try {
    for (let [save] = theirs.saves; save; [save] = theirs.saves) {
      const answer = await send({ ...save, baseRevision: theirs.known.revision });
      theirs = freeze(answered(theirs, { ...answer, known: knownOf(answer.session) }, newId));
      await journal.put({ ...record, pending: theirs });
    }
  } catch (error) {
    const failure = asSaveError(error);
    if (!isRefusal(failure)) throw failure;
    theirs = refused(theirs, newId);
  }
  return theirs;
}

const tabLock = (tab: string) => `stagekeep-tab ${tab}`;
