import { randomUUID } from "node:crypto";
import { locks } from "node:worker_threads";
import type { Channel, Environment, PageEvent } from "../autosave/environment.ts";
import type { Locks } from "../autosave/tabLocks.ts";

/** What the tabs of a browser share. */
export interface Browser {
  readonly name: string;
  readonly channels: Map<string, Set<(message: unknown) => void>>;
}

export const makeBrowser = (): Browser => ({ name: randomUUID(), channels: new Map() });

/** A page whose surroundings a test can change. */
export interface Page extends Environment {
  setOnline(online: boolean): void;
  happen(event: PageEvent): void;
}

/** A page with Node's Web Locks, which the tabs of a browser share, and real time. */
export function makePage(browser: Browser): Page {
  const listeners = new Map<PageEvent, Set<() => void>>();
  let online = true;
  const happen = (event: PageEvent) => {
    for (const work of [...(listeners.get(event) ?? [])]) work();
  };
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    newId: () => randomUUID(),
    setTimer: (work, ms) => {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
    isOnline: () => online,
    on: (event, work) => {
      const those = listeners.get(event) ?? new Set();
      listeners.set(event, those.add(work));
      return () => those.delete(work);
    },
    locks: locksOf(browser),
    openChannel: (name, onMessage) => openChannel(browser, name, onMessage),
    setOnline: (now) => {
      online = now;
      happen(now ? "online" : "offline");
    },
    happen,
  };
}

function locksOf({ name: browser }: Browser): Locks {
  const { request } = locks as unknown as Locks;
  return {
    request: (name, options, callback) => request.call(locks, `${browser} ${name}`, options, callback) as never,
  };
}

function openChannel({ channels }: Browser, name: string, onMessage: (message: unknown) => void): Channel {
  const members = channels.get(name) ?? new Set();
  channels.set(name, members.add(onMessage));
  return {
    post: (message) => {
      for (const member of [...members]) {
        if (member !== onMessage) queueMicrotask(() => members.has(member) && member(structuredClone(message)));
      }
    },
    close: () => void members.delete(onMessage),
  };
}
