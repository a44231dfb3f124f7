/**
 * Makes a function that runs at most `limit` tasks at once. Keys with waiting tasks take turns, so a key with many tasks
 * does not delay the others.
 */
export function makeFairSemaphore(limit: number) {
  let free = limit;
  const waiting = new Map<string, (() => void)[]>();
  const startNext = () => {
    for (const [key, [start, ...others]] of waiting) {
      // Moves the key to the end of the line.
      waiting.delete(key);
      if (others.length > 0) waiting.set(key, others);
      return start?.();
    }
    free++;
  };
  return async <T>(key: string, task: () => Promise<T>): Promise<T> => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.set(key, [...(waiting.get(key) ?? []), resolve]));
    try {
      return await task();
    } finally {
      startNext();
    }
  };
}
