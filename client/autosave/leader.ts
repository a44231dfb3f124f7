/** The part of the Web Locks API that is used here. */
export interface Locks {
  request<T>(
    name: string,
    options: { readonly ifAvailable?: boolean; readonly signal?: AbortSignal },
    callback: (lock: unknown) => T | Promise<T>,
  ): Promise<T>;
}

/**
 * Who may do something among the tabs of one browser. Without Web Locks every tab may: the server keeps order too, it
 * only has more to do.
 */
export interface Leader {
  /** Runs `work` while no other tab runs something under that name, or anyway when its turn has not come in time. */
  exclusively<T>(name: string, waitMs: number, work: () => Promise<T>): Promise<T>;
  /**
   * Waits until nobody holds that name, and holds it: resolves with the function that gives it back, or with
   * undefined when the signal came first.
   */
  acquire(name: string, signal: AbortSignal): Promise<(() => void) | undefined>;
}

export function makeLeader(locks: Locks | undefined): Leader {
  const acquire: Leader["acquire"] = (name, signal) => {
    if (signal.aborted) return Promise.resolve(undefined);
    if (!locks) return Promise.resolve(() => {});
    return new Promise((resolve) => {
      const held = () => new Promise<void>((release) => resolve(release));
      // Rejects when the signal comes, or where the page may have no locks at all.
      locks.request(name, { signal }, held).catch(() => resolve(undefined));
    });
  };
  return {
    acquire,
    exclusively: async (name, waitMs, work) => {
      const patience = new AbortController();
      const timer = setTimeout(() => patience.abort(), waitMs);
      const release = await acquire(name, patience.signal);
      clearTimeout(timer);
      try {
        return await work();
      } finally {
        release?.();
      }
    },
  };
}
