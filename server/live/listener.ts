import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Logger } from "pino";
import { FIRST_DELAY_MS, nextDelay } from "./backoff.ts";
import { BoundedQueue } from "./boundedQueue.ts";

/** A save of a session, or REFETCH when saves may have been missed. Deleting the session ends the queue. */
export type Notice = { readonly kind: "SAVED"; readonly revision: number } | { readonly kind: "REFETCH" };

export interface ListenerOptions {
  /** Connects as authenticator. LISTEN does not work through a transaction pooler. */
  readonly connectionString: string;
  readonly logger: Logger;
}

interface Watch {
  readonly key: string;
  readonly queue: BoundedQueue<Notice>;
}

// As in db/migrations/fixtures/live/tg_wizard_sessions__notify.sql.
const CHANNEL = "wizard_session_changed";
const CONNECTION_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 10_000;
const END_TIMEOUT_MS = 1_000;
/** Delay before another attempt at a lock that a save holds. */
const LOCK_RETRY_MS = 25;
/** Interval of a query that detects a connection which the network dropped without closing it. */
const HEARTBEAT_MS = 15_000;
const NOTICES_PER_WATCH = 50;

/**
 * Receives notifications of saves on one connection, which is open only while a session is watched. For each watched
 * session it holds a shared advisory lock; a save notifies only if that lock is held. After a lost connection it
 * reconnects and sends REFETCH to every watch.
 */
export class SessionListener {
  readonly #options: ListenerOptions;
  readonly #stopped = new AbortController();
  readonly #watches = new Map<string, Set<Watch>>();
  /** The number of watches that need each lock. */
  readonly #keys = new Map<string, number>();
  /** Watches whose lock is not held. */
  readonly #withoutLock = new Set<Watch>();
  #changed = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /**
   * Watches a session. The first notice is REFETCH, sent once the lock is held: a read after it sees every earlier save,
   * and every later one is notified. `key` is the lock's key, from `app_private.wizard_session_watch_key`.
   */
  watch(sessionId: string, key: string): BoundedQueue<Notice> {
    const queue = new BoundedQueue<Notice>({
      limit: NOTICES_PER_WATCH,
      overflow: { kind: "REFETCH" },
      onEnd: () => this.#remove(sessionId, watch),
    });
    const watch: Watch = { key, queue };
    const others = this.#watches.get(sessionId);
    if (others) others.add(watch);
    else this.#watches.set(sessionId, new Set([watch]));
    this.#keys.set(key, (this.#keys.get(key) ?? 0) + 1);
    this.#withoutLock.add(watch);
    if (this.#stopped.signal.aborted) void queue.return();
    else this.#wake();
    return queue;
  }

  /** Ends every watch, then closes the connection. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const watches of [...this.#watches.values()]) for (const { queue } of [...watches]) await queue.return();
    await this.#running;
  }

  #remove(sessionId: string, watch: Watch): void {
    const watches = this.#watches.get(sessionId);
    watches?.delete(watch);
    if (watches?.size === 0) this.#watches.delete(sessionId);
    const others = (this.#keys.get(watch.key) ?? 1) - 1;
    if (others === 0) this.#keys.delete(watch.key);
    else this.#keys.set(watch.key, others);
    this.#withoutLock.delete(watch);
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    if (this.#watches.size === 0) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // A watch may have been added while the connection was closing.
      this.#wake();
    });
  }

  async #run(): Promise<void> {
    let delay = FIRST_DELAY_MS;
    while (this.#watches.size > 0) {
      try {
        await this.#listen(() => {
          delay = FIRST_DELAY_MS;
        });
      } catch (error) {
        for (const watches of this.#watches.values()) for (const watch of watches) this.#withoutLock.add(watch);
        this.#options.logger.warn({ err: error, delay }, "lost the connection that listens for saves; reconnecting");
        await sleep(delay, undefined, { signal: this.#stopped.signal }).catch(() => {});
        delay = nextDelay(delay);
      }
    }
  }

  /** Listens while sessions are watched. Rejects if the connection is lost. */
  async #listen(onConnected: () => void): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#options.connectionString,
      application_name: "stagekeep live",
      connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
    });
    let lost: Error | undefined;
    const lose = (error: Error) => {
      lost ??= error;
      this.#changed.resolve();
    };
    client.on("error", lose);
    client.on("end", () => lose(new Error("The connection was closed.")));
    client.on("notification", ({ payload }) => this.#pass(payload ?? ""));
    const held = new Set<string>();
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      onConnected();
      while (this.#watches.size > 0) {
        // A new promise for each round: a long-lived one would keep every `await` of it in memory.
        const changed = Promise.withResolvers<void>();
        this.#changed = changed;
        await this.#lock(client, held);
        const timer = setTimeout(changed.resolve, this.#withoutLock.size > 0 ? LOCK_RETRY_MS : HEARTBEAT_MS);
        await changed.promise;
        clearTimeout(timer);
        if (lost) throw lost;
      }
    } finally {
      // Releases the locks as well.
      await Promise.race([client.end(), sleep(END_TIMEOUT_MS, undefined, { ref: false })]);
    }
  }

  /** Releases locks that are no longer needed, and tries to take the missing ones. */
  async #lock(client: pg.Client, held: Set<string>): Promise<void> {
    const unwanted = [...held].filter((key) => !this.#keys.has(key));
    if (unwanted.length > 0) {
      await client.query("select pg_advisory_unlock_shared(key) from unnest($1::bigint[]) key", [unwanted]);
      for (const key of unwanted) held.delete(key);
    }
    const missing = [...this.#keys.keys()].filter((key) => !held.has(key));
    // Must not wait for a lock: notifications arrive only between queries. Without a key, this is the heartbeat.
    const { rows } = await client.query<{ key: string; held: boolean }>(
      "select key, pg_try_advisory_lock_shared(key) as held from unnest($1::bigint[]) key",
      [missing],
    );
    for (const row of rows) if (row.held) held.add(row.key);
    for (const watch of this.#withoutLock) {
      if (!held.has(watch.key)) continue;
      this.#withoutLock.delete(watch);
      watch.queue.push({ kind: "REFETCH" });
    }
  }

  #pass(payload: string): void {
    const [sessionId = "", revision] = payload.split(" ");
    for (const { queue } of [...(this.#watches.get(sessionId) ?? [])]) {
      if (revision === undefined) void queue.return();
      else queue.push({ kind: "SAVED", revision: Number(revision) });
    }
  }
}
