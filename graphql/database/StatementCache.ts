import type pg from "pg";
import type { SettingsStatement } from "./ClaimedQuery.ts";

/** How many statements a connection keeps prepared. The operations of a front end need about a dozen. */
const MAXIMUM_STATEMENTS = 100;

/** The names of the statements that one connection has prepared. PostgreSQL parses and plans a named statement once. */
export class StatementCache {
  readonly #client: pg.PoolClient;
  readonly #names = new Map<string, string>();
  readonly #settings = new Map<string, string>();
  readonly #prepared = new Set<string>();
  #count = 0;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  /** The name for a statement. Drops the statement that was not used for the longest time if there are too many. */
  nameOf(text: string): string {
    const name = this.#names.get(text) ?? `stagekeep_${++this.#count}`;
    this.#names.delete(text);
    this.#names.set(text, name);
    if (this.#names.size > MAXIMUM_STATEMENTS) {
      const [[oldest, unused] = []] = this.#names;
      if (oldest !== undefined && unused !== undefined) {
        this.#names.delete(oldest);
        // Queued before the caller's query.
        this.#client.query(`deallocate ${unused}`).catch(() => {});
        this.#forget(unused);
      }
    }
    return name;
  }

  /** Prepares the statement that sets these settings, unless the connection has it. */
  async settingsStatement(settings: Readonly<Record<string, string | undefined>>): Promise<SettingsStatement> {
    const keys = Object.keys(settings);
    const values = keys.map((setting) => settings[setting] ?? "");
    const key = keys.join();
    const name = this.#settings.get(key) ?? `stagekeep_settings_${++this.#count}`;
    this.#settings.set(key, name);
    if (!this.#prepared.has(name)) {
      const calls = keys.map((setting, i) => `set_config(${this.#client.escapeLiteral(setting)}, $${i + 1}, true)`);
      // Outside a transaction, this has no other effect than to prepare the statement.
      await this.#client.query({ name, text: `select ${calls}`, values });
      this.#prepared.add(name);
    }
    return { name, values };
  }

  /** Forgets all statements, because the connection has lost or changed them. */
  async reset(): Promise<void> {
    for (const name of [...this.#names.values(), ...this.#settings.values()]) this.#forget(name);
    this.#names.clear();
    this.#settings.clear();
    this.#prepared.clear();
    await this.#client.query("deallocate all");
  }

  /** pg keeps the texts of all statements that it has prepared, and has no method to remove one. */
  #forget(name: string): void {
    const { connection } = this.#client as unknown as { connection: { parsedStatements: Record<string, string> } };
    delete connection.parsedStatements[name];
  }
}
