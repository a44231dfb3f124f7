import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Logger } from "pino";
import { FIRST_DELAY_MS, nextDelay } from "./delays.ts";
import { Queue } from "./queue.ts";

/** What is heard of a session: a save, or that something may have been missed. The end of a session ends the queue. */
export type Notice = { readonly kind: "SAVED"; readonly revision: number } | { readonly kind: "REFETCH" };

export interface ListenerOptions {
  /** The authenticator's connection; LISTEN does not survive a pool of transactions in between. */
  readonly connectionString: string;
  readonly logger: Logger;
}

interface Watch {
  readonly key: string;
  readonly queue: Queue<Notice>;
}

// As in 250-live.sql.
const CHANNEL = "wizard_session_changed";
const CONNECTION_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 10_000;
const END_TIMEOUT_MS = 1_000;
// A lock that a save has just now is asked for again.
const LOCK_AGAIN_MS = 25;
// So often the connection has to answer: one that is cut without a word would otherwise seem to be silent.
const HEARTBEAT_MS = 15_000;
const NOTICES_PER_READER = 50;

/**
 * Hears of saves over one connection of its own, which is there only while somebody listens. For each session that is
 * watched it holds the lock at which a save sees that somebody listens. A lost connection is made again, and everybody
 * is then told to read again.
 */
export class SessionListener {
  readonly #options: ListenerOptions;
  readonly #stopped = new AbortController();
  readonly #watches = new Map<string, Set<Watch>>();
  /** How many watches need each lock. */
  readonly #keys = new Map<string, number>();
  /** Those whose lock is not held (yet, or any more). */
  readonly #unarmed = new Set<Watch>();
  #changed = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /**
   * Notices of a session from now on. REFETCH comes as soon as no later save can be missed: whoever then reads the
   * session has all before it. `key` is the lock that `app_private.wizard_session_watch_key` names.
   */
  watch(sessionId: string, key: string): Queue<Notice> {
    const queue = new Queue<Notice>({
      limit: NOTICES_PER_READER,
      overflow: { kind: "REFETCH" },
      onEnd: () => this.#remove(sessionId, watch),
    });
    const watch: Watch = { key, queue };
    const others = this.#watches.get(sessionId);
    if (others) others.add(watch);
    else this.#watches.set(sessionId, new Set([watch]));
    this.#keys.set(key, (this.#keys.get(key) ?? 0) + 1);
    this.#unarmed.add(watch);
    if (this.#stopped.signal.aborted) void queue.return();
    else this.#wake();
    return queue;
  }

  /** Ends every watch, and then the connection. */
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
    this.#unarmed.delete(watch);
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    if (this.#watches.size === 0) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // Somebody may have come while the connection was being closed.
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
        for (const watches of this.#watches.values()) for (const watch of watches) this.#unarmed.add(watch);
        this.#options.logger.warn({ err: error, delay }, "the connection that hears of saves was lost");
        await sleep(delay, undefined, { signal: this.#stopped.signal }).catch(() => {});
        delay = nextDelay(delay);
      }
    }
  }

  /** Listens for as long as anybody does; rejects when the connection is lost. */
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
    client.on("end", () => lose(new Error("The connection has ended.")));
    client.on("notification", ({ payload }) => this.#pass(payload ?? ""));
    const held = new Set<string>();
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      onConnected();
      while (this.#watches.size > 0) {
        // One for each round: what waits for a promise that lives longer stays with it, though the wait is over.
        const changed = Promise.withResolvers<void>();
        this.#changed = changed;
        await this.#lock(client, held);
        const timer = setTimeout(changed.resolve, this.#unarmed.size > 0 ? LOCK_AGAIN_MS : HEARTBEAT_MS);
        await changed.promise;
        clearTimeout(timer);
        if (lost) throw lost;
      }
    } finally {
      // Locks and LISTEN go with it.
      await Promise.race([client.end(), sleep(END_TIMEOUT_MS, undefined, { ref: false })]);
    }
  }

  /** Takes and gives back locks until those are held that are needed, as far as no save has one now. */
  async #lock(client: pg.Client, held: Set<string>): Promise<void> {
    const unwanted = [...held].filter((key) => !this.#keys.has(key));
    if (unwanted.length > 0) {
      await client.query("select pg_advisory_unlock_shared(key) from unnest($1::bigint[]) key", [unwanted]);
      for (const key of unwanted) held.delete(key);
    }
    const missing = [...this.#keys.keys()].filter((key) => !held.has(key));
    // Never waits: while it did, nothing would be heard. With no key it is the heartbeat.
    const { rows } = await client.query<{ key: string; held: boolean }>(
      "select key, pg_try_advisory_lock_shared(key) as held from unnest($1::bigint[]) key",
      [missing],
    );
    for (const row of rows) if (row.held) held.add(row.key);
    for (const watch of this.#unarmed) {
      if (!held.has(watch.key)) continue;
      this.#unarmed.delete(watch);
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
