/** An event of a subscription: a save, or a REFETCH because saves may have been missed. */
export interface SessionChange {
  readonly sessionId: string;
  readonly kind: "SAVED" | "REFETCH";
  readonly revision: number;
  readonly saveId: string | null;
  readonly stage: number;
  readonly savedBy: string | null;
}

/** The changes of a session from now on, REFETCH first. Rejects if the caller can't read the session. */
export type WatchSession = (sessionId: string) => Promise<AsyncIterableIterator<SessionChange>>;

declare global {
  namespace Grafast {
    interface Context {
      /** Set for requests over a websocket. Closing the socket ends the streams. */
      watchSession?: WatchSession | undefined;
    }
  }
}
