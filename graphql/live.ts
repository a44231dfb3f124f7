/** What a subscriber is told: which save it was, or that saves may have been missed. */
export interface SessionChange {
  readonly sessionId: string;
  readonly kind: "SAVED" | "REFETCH";
  readonly revision: number;
  readonly saveId: string | null;
  readonly stage: number;
  readonly savedBy: string | null;
}

/** The changes of a session from now on, REFETCH first. Rejects where the session is not the caller's to read. */
export type WatchSession = (sessionId: string) => Promise<AsyncIterableIterator<SessionChange>>;

declare global {
  namespace Grafast {
    interface Context {
      /** Only over a websocket, whose closing ends it. */
      watchSession?: WatchSession | undefined;
    }
  }
}
