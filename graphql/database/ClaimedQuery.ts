import pg from "pg";

/** The part of pg's connection that its own `Query` uses. Its types declare other signatures. */
interface Connection {
  readonly stream: { cork(): void; uncork(): void };
  bind(message: { portal: string; statement: string; values: readonly string[] }): void;
  execute(message: { portal: string }): void;
}

/** A prepared statement that sets the role and the claims, and its values. */
export interface SettingsStatement {
  readonly name: string;
  readonly values: readonly string[];
}

// biome-ignore lint/suspicious/noExplicitAny: the type of the rows is that of the caller.
type Callback = (error: Error | undefined, result: any) => void;

// pg's types leave out the methods through which a client drives a query.
interface Driven {
  submit(connection: Connection): Error | null;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Connection): void;
}
const Query = pg.Query as unknown as new (
  config: pg.QueryConfig & { readonly queryMode: "extended" },
  callback: Callback,
) => Driven;

/**
 * A query that sets the role and the claims in the same message as its statement, so that both cost one round trip.
 * PostgreSQL runs everything up to the Sync message at the end as one transaction, which it commits before it answers that
 * it is ready. The settings are local to that transaction. If they fail, the statement does not run.
 */
export class ClaimedQuery extends Query {
  readonly #settings: SettingsStatement;
  #settingsAreDone = false;

  constructor(settings: SettingsStatement, config: pg.QueryConfig, callback: Callback) {
    super({ ...config, queryMode: "extended" }, callback);
    this.#settings = settings;
  }

  override submit(connection: Connection): Error | null {
    // Sends all messages in one packet.
    connection.stream.cork();
    try {
      connection.bind({ portal: "", statement: this.#settings.name, values: this.#settings.values });
      connection.execute({ portal: "" });
      return super.submit(connection);
    } finally {
      connection.stream.uncork();
    }
  }

  override handleDataRow(message: unknown): void {
    if (this.#settingsAreDone) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, connection: Connection): void {
    if (this.#settingsAreDone) super.handleCommandComplete(message, connection);
    else this.#settingsAreDone = true;
  }
}
