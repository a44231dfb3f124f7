import { newId } from "./newId.ts";
import type { Locks } from "./tabLocks.ts";

export type PageEvent = "online" | "offline" | "hidden" | "visible" | "leaving";

/** What the autosaver needs from the page. */
export interface Environment {
  now(): number;
  random(): number;
  newId(): string;
  setTimer(work: () => void, ms: number): () => void;
  isOnline(): boolean;
  /** Calls `work` after each such event, until the returned function is called. */
  on(event: PageEvent, work: () => void): () => void;
  readonly locks?: Locks | undefined;
  /** Opens a channel to the other tabs. */
  openChannel?(name: string, onMessage: (message: unknown) => void): Channel;
}

export interface Channel {
  post(message: unknown): void;
  close(): void;
}

/** The page that this runs in. The autosaver does without what is missing there, as in Node. */
export function browserEnvironment(page: Partial<typeof globalThis> = globalThis): Environment {
  const { document, navigator, BroadcastChannel } = page;
  const listen = (target: EventTarget | undefined, name: string, work: () => void) => {
    target?.addEventListener?.(name, work);
    return () => target?.removeEventListener?.(name, work);
  };
  const window = page as unknown as EventTarget;
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    newId,
    setTimer: (work, ms) => {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
    isOnline: () => navigator?.onLine ?? true,
    on: (event, work) => {
      if (event === "leaving") return listen(window, "pagehide", work);
      if (event === "online" || event === "offline") return listen(window, event, work);
      const changed = listen(document, "visibilitychange", () => {
        if (document?.visibilityState === event) work();
      });
      if (event === "hidden") return changed;
      const focused = listen(window, "focus", work);
      return () => {
        changed();
        focused();
      };
    },
    // Missing in an insecure context, such as a plain-http page.
    locks: navigator?.locks as Locks | undefined,
    openChannel: BroadcastChannel && ((name, onMessage) => openChannel(BroadcastChannel, name, onMessage)),
  };
}

function openChannel(Constructor: typeof BroadcastChannel, name: string, onMessage: (message: unknown) => void) {
  const channel = new Constructor(name);
  channel.onmessage = ({ data }) => onMessage(data);
  return { post: (message: unknown) => channel.postMessage(message), close: () => channel.close() };
}
