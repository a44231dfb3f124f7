/**
 * Makes a function that runs what it is given, only so many at once. Whoever waits gets turns one by one with the others
 * who do, however much each of them wants.
 */
export function makeTurns(atOnce: number) {
  let free = atOnce;
  const waiting = new Map<string, (() => void)[]>();
  const next = () => {
    for (const [who, [begin, ...others]] of waiting) {
      // To the end of the line.
      waiting.delete(who);
      if (others.length > 0) waiting.set(who, others);
      return begin?.();
    }
    free++;
  };
  return async <T>(who: string, work: () => Promise<T>): Promise<T> => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.set(who, [...(waiting.get(who) ?? []), resolve]));
    try {
      return await work();
    } finally {
      next();
    }
  };
}
