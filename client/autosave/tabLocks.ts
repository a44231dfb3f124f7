/** The part of the Web Locks API that is used here. */
export interface Locks {
  request<T>(
    name: string,
    options: { readonly ifAvailable?: boolean; readonly signal?: AbortSignal },
    callback: (lock: unknown) => T | Promise<T>,
  ): Promise<T>;
}

/** The lock that a tab holds for as long as it lives. */
export const lifeLock = (tab: string) => `stagekeep-tab ${tab}`;

/** The lock that a tab holds while it sends a save. */
export const saveLock = (owner: string) => `stagekeep-save ${owner}`;

/**
 * Waits for a lock and holds it until the returned function is called. Resolves with undefined if the signal comes
 * first. Without Web Locks every tab gets every lock: the server keeps saves apart as well, at the cost of more merges.
 */
export function acquireLock(
  locks: Locks | undefined,
  name: string,
  signal: AbortSignal,
): Promise<(() => void) | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  if (!locks) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    // A lock that is granted after the signal is released at once, or it would be held for ever.
    const hold = () => (signal.aborted ? undefined : new Promise<void>((release) => resolve(release)));
    // Rejects when the signal comes, or if the page may not use locks.
    locks.request(name, { signal }, hold).catch(() => resolve(undefined));
  });
}
