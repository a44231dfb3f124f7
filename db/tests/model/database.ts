import pg from "pg";
import { pgSettingsFor } from "../../../graphql/claims.ts";
import { type App, startApp } from "../../../server/app.ts";
import { asRole, withDatabase } from "../../../server/database/connections.ts";
import { makeLogger } from "../../../server/log.ts";
import { signToken } from "../../../server/tokens.ts";
import { sentText } from "./json.ts";
import type { Answer, ClientOperation, Operation } from "./operations.ts";
import { LIMITS, SWEEP_DAYS } from "./rules.ts";

/** Where the checker creates its databases: the URL of a superuser, and a migrated database to clone. */
export interface Cluster {
  readonly rootUrl: string;
  readonly template: string;
}

/** Answers of the database that the model knows under other names: the codes of the API, and those that only SQL has. */
const CODES: Readonly<Record<string, string>> = {
  WZ400: "INVALID_INPUT",
  WZ404: "NOT_FOUND",
  WZ409: "REVISION_CONFLICT",
  WZ410: "EVENT_DELETED",
  WZ412: "SAVE_ID_REUSED",
  WZ414: "EVENT_CONFLICT",
  WZ422: "INCOMPLETE",
  WZ423: "SESSION_COMPLETED",
  WZ424: "EVENT_STATUS",
  "23502": "INVALID_INPUT",
  "23503": "NO_EVENT",
  "23505": "ALREADY_EXISTS",
  "23514": "INVALID_INPUT",
  "42501": "NO_EVENT",
  FORBIDDEN: "NO_EVENT",
  UNKNOWN_REFERENCE: "NO_EVENT",
};

const TOKENS = { secret: "a secret for the model, of 32 bytes or more", audience: "authenticated" };

/** A database of its own with shrunk limits, the API in front of it, and the clients' connections. */
export class Database {
  readonly #name: string;
  readonly #rootUrl: string;
  readonly #root: pg.Client;
  readonly #holder: pg.Client;
  /** Starts with the first operation over HTTP. */
  #app: Promise<App> | undefined;
  readonly #clients = new Map<number, Promise<pg.Client>>();
  readonly #tokens = new Map<string, string>();
  /** The ids of the events, by the model's names. */
  eventIds = new Map<string, string>();

  private constructor(name: string, rootUrl: string, root: pg.Client, holder: pg.Client) {
    this.#name = name;
    this.#rootUrl = rootUrl;
    this.#root = root;
    this.#holder = holder;
  }

  /** `change` is SQL that breaks a rule, to see that the checker finds it. */
  static async create({ rootUrl, template }: Cluster, change: string): Promise<Database> {
    const name = `model_${process.pid}_${databases++}`;
    await once(rootUrl, `create database ${name} template ${template} owner stagekeep_owner`);
    const url = withDatabase(rootUrl, name);
    await once(url, `${SHRUNK_LIMITS}; ${change}`);
    return new Database(name, rootUrl, await connect(url), await connect(url));
  }

  async drop(): Promise<void> {
    await (await this.#app)?.stop();
    const clients = await Promise.all(this.#clients.values());
    await Promise.all([this.#root, this.#holder, ...clients].map((client) => client.end()));
    await once(this.#rootUrl, `drop database ${this.#name} with (force)`);
  }

  /** Runs a statement as a superuser. */
  async query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.#root.query<Row>({ name: nameOf(text), text, values: [...values] })).rows;
  }

  /** Returns the answers to an operation; two for two operations at once. */
  async run(operation: Operation): Promise<Answer[]> {
    if (operation.does !== "together") return [await this.#runOne(operation)];
    const { held, both } = operation;
    if (held === null) return await Promise.all(both.map((one) => this.#runOne(one)));
    await this.#holder.query("begin");
    await this.#holder.query("select from wizard_sessions where id = $1 for update", [held]);
    const running = both.map((one) => this.#runOne(one));
    await this.#untilTheyWait();
    await this.#holder.query("commit");
    return await Promise.all(running);
  }

  /** Waits until two statements wait for a lock. Some operations need none, so it does not wait long. */
  async #untilTheyWait(): Promise<void> {
    for (let attempt = 0; attempt < 10; attempt++) {
      const [row] = await this.query<{ waiting: number }>(
        `select count(*)::int as waiting from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
      );
      if (row?.waiting === 2) return;
    }
  }

  async #runOne(operation: Operation): Promise<Answer> {
    try {
      if (operation.does === "together") throw new Error("Only two operations can run at once.");
      if (operation.does === "age") {
        await this.#root.query(ageBy(operation.weeks));
        return { outcome: "done" };
      }
      if (operation.does === "sweep") {
        const { what } = operation;
        // From the beginning: the model expects that a session which was skipped is thinned by the next sweep.
        if (what === "thin") await this.query("delete from app_private.thinning");
        const [swept] = await this.query<{ rows: number }>(SWEEPS[what]);
        return what === "forget" ? { outcome: what } : { outcome: what, rows: swept?.rows ?? 0 };
      }
      return await (operation.overHttp ? this.#overHttp(operation) : this.#inSql(operation));
    } catch (error) {
      if (error instanceof pg.DatabaseError && error.code)
        return { error: CODES[error.code] ?? `${error.code} ${error.message}` };
      throw error;
    }
  }

  async #inSql(operation: ClientOperation): Promise<Answer> {
    const client = await this.#clientOf(operation);
    const query = async (text: string, ...values: unknown[]) =>
      (await client.query<{ answer: Answer }>({ name: nameOf(text), text, values })).rows[0]?.answer;
    const event = "event" in operation && operation.event ? (this.eventIds.get(operation.event) ?? NOBODYS_ID) : null;
    // A statement that finds no row says the same as NOT_FOUND.
    return (await answer()) ?? { error: "NOT_FOUND" };

    async function answer(): Promise<Answer | undefined> {
      switch (operation.does) {
        case "start":
          return await query(
            "select jsonb_build_object('outcome', 'STARTED', 'revision', revision) as answer from start_wizard_session($1, $2)",
            operation.id,
            event,
          );
        case "insert":
          return await query(
            `insert into wizard_sessions (id, stage, state) values ($1, $2, $3)
             returning jsonb_build_object('outcome', 'STARTED', 'revision', revision) as answer`,
            operation.id,
            operation.stage,
            sentText(operation.state),
          );
        case "save": {
          const { id, saveId, base, patch, stage, baseValues, lost } = operation;
          const values = baseValues && sentText(baseValues);
          const save = () => query(SAVE, id, saveId, base, sentText(patch), stage, values);
          if (lost !== "rolledBack") return await save();
          await client.query("begin");
          try {
            const saved = await save();
            const isWritten = saved && "outcome" in saved && ["SAVED", "MERGED"].includes(saved.outcome);
            return isWritten ? { outcome: "ROLLED_BACK" } : saved;
          } finally {
            await client.query("rollback");
          }
        }
        case "update": {
          const { revision, stage, state, status } = operation;
          const values = { revision, stage, state: state && sentText(state), status };
          const set = Object.entries({ ...values, event_id: operation.event === undefined ? undefined : event }).filter(
            ([, value]) => value !== undefined,
          );
          return await query(
            `update wizard_sessions set ${set.map(([name], index) => `${name} = $${index + 2}`)} where id = $1
             returning jsonb_build_object('outcome', 'UPDATED', 'revision', revision) as answer`,
            operation.id,
            ...set.map(([, value]) => value),
          );
        }
        case "restore":
          return await query(
            `select jsonb_build_object('outcome', 'RESTORED', 'revision', revision) as answer
               from restore_wizard_session($1, $2, $3, $4)`,
            ...[operation.id, operation.revision, operation.base, operation.saveId],
          );
        case "complete":
          return await query(
            `select jsonb_build_object('outcome', 'COMPLETED', 'revision', revision) as answer
               from complete_wizard_session($1, $2, $3, case when $4 then (
                 select e.revision from wizard_sessions s join events e on e.id = s.event_id where s.id = $1
               ) end, $5)`,
            ...[operation.id, operation.base, sentText(operation.answers), operation.overwrite, operation.asNewEvent],
          );
        case "delete":
          return await query(
            `delete from wizard_sessions where id = $1 returning '{"outcome": "DELETED"}'::jsonb as answer`,
            operation.id,
          );
        case "unpublish":
          return await query(`select '{"outcome": "done"}'::jsonb as answer from unpublish_event($1)`, event);
        case "cancel":
          return await query(`select '{"outcome": "done"}'::jsonb as answer from cancel_event($1)`, event);
        case "deleteEvent":
          return await query(
            `delete from events where id = $1 returning '{"outcome": "done"}'::jsonb as answer`,
            event,
          );
        case "retitle":
          return await query(
            `update events set title = $2 where id = $1 returning '{"outcome": "done"}'::jsonb as answer`,
            ...[event, operation.title],
          );
      }
    }
  }

  #startApp(): Promise<App> {
    return startApp({
      authDatabaseUrl: asRole(this.#rootUrl, "authenticator", this.#name),
      tokens: TOKENS,
      logger: makeLogger({ logLevel: "fatal", production: true }, { write: () => {} }),
      host: "127.0.0.1",
      port: 0,
      graphiql: false,
      development: false,
    });
  }

  async #overHttp(operation: ClientOperation): Promise<Answer> {
    const { document, outcome } = documentFor(operation, this.eventIds);
    const token =
      this.#tokens.get(operation.user) ??
      (await signToken(TOKENS, { sub: operation.user, expiresIn: "1d", role: "authenticated" }));
    this.#tokens.set(operation.user, token);
    this.#app ??= this.#startApp();
    const response = await fetch(`${(await this.#app).url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: document,
    });
    const { data, errors } = (await response.json()) as GraphQLAnswer;
    const code = errors?.[0]?.extensions.code;
    if (code !== undefined) return { error: CODES[code] ?? code };
    const { outcome: saved, wizardSession, conflicts } = data.answer;
    if (operation.does === "delete") return { outcome };
    const revision = wizardSession.revision;
    if (saved === undefined) return { outcome, revision };
    return { outcome: saved, revision, conflicts: conflicts?.map(({ pointer }) => [pointer]) ?? [] };
  }

  #clientOf({ client, user }: ClientOperation): Promise<pg.Client> {
    const existing = this.#clients.get(client);
    if (existing) return existing;
    const opening = (async () => {
      const opened = await connect(asRole(this.#rootUrl, "authenticator", this.#name));
      const claims = { sub: user, role: "authenticated", exp: 2 ** 31, aud: "authenticated" } as const;
      for (const [setting, value] of Object.entries(pgSettingsFor(claims))) {
        await opened.query("select set_config($1, $2, false)", [setting, value]);
      }
      return opened;
    })();
    this.#clients.set(client, opening);
    return opening;
  }
}

let databases = 0;
const NOBODYS_ID = "ffffffff-ffff-4fff-8fff-ffffffffffff";

interface GraphQLAnswer {
  readonly data: {
    readonly answer: {
      readonly outcome?: string;
      readonly wizardSession: { readonly revision: number };
      readonly conflicts?: readonly { readonly pointer: string }[];
    };
  };
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

const SAVE = `select jsonb_build_object(
    'outcome', outcome, 'revision', revision,
    'conflicts', array(select jsonb_build_array(c.pointer, c.base::text, c.yours::text, c.theirs::text) from unnest(conflicts) c)
  ) as answer from save_wizard_session($1, $2, $3, $4, $5, $6)`;

function documentFor(operation: ClientOperation, eventIds: ReadonlyMap<string, string>) {
  const { name, input, fields, outcome } = mutation();
  const query = `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { answer: ${name}(input: $input) { ${fields} } }`;
  return { outcome, document: `{"query": ${JSON.stringify(query)}, "variables": {"input": ${input}}}` };

  function mutation() {
    const fields = "wizardSession { revision }";
    switch (operation.does) {
      case "save": {
        const { id, saveId, base, patch, stage, baseValues } = operation;
        const other = JSON.stringify({ id, saveId, baseRevision: base, stage }).slice(0, -1);
        const all = `outcome conflicts { pointer } ${fields}`;
        return {
          name: "saveWizardSession",
          input: `${other}, "baseValues": ${sentText(baseValues)}, "patch": ${sentText(patch)}}`,
          fields: all,
          outcome: "",
        };
      }
      case "start": {
        const { id, event } = operation;
        const eventId = event === null ? null : (eventIds.get(event) ?? NOBODYS_ID);
        return { name: "startWizardSession", input: JSON.stringify({ id, eventId }), fields, outcome: "STARTED" };
      }
      case "restore": {
        const { id, revision, base: baseRevision, saveId } = operation;
        const input = JSON.stringify({ id, revision, baseRevision, saveId });
        return { name: "restoreWizardSession", input, fields, outcome: "RESTORED" };
      }
      case "delete":
        return {
          ...{ name: "deleteWizardSession", input: JSON.stringify({ id: operation.id }) },
          ...{ fields: "wizardSession { id }", outcome: "DELETED" },
        };
      default:
        throw new Error(`${operation.does} is not sent over HTTP.`);
    }
  }
}

const SHRUNK_LIMITS = `
  create or replace function app_private.revision_limits(
    out checkpoint_every integer, out always_kept integer, out checkpoints_kept integer, out thinned_after interval,
    out keys_kept interval
  ) as $$
    select ${LIMITS.checkpointEvery}, ${LIMITS.alwaysKept}, ${LIMITS.checkpointsKept},
           interval '${LIMITS.thinnedAfterDays} days', interval '${LIMITS.keysKeptDays} days'
  $$ language sql immutable set search_path to pg_catalog, pg_temp`;

const SWEEPS = {
  abandon: `select app_private.abandon_wizard_sessions('${SWEEP_DAYS.abandon} days', 10000) as rows`,
  purge: `select app_private.purge_wizard_sessions('${SWEEP_DAYS.purge} days', 10000) as rows`,
  thin: "select revisions as rows from app_private.thin_wizard_session_revisions(10000)",
  forget: "select app_private.forget_save_keys(10000) as rows",
};

/** Moves all times into the past, without triggers. */
const ageBy = (weeks: number) => `
  begin;
  set local session_replication_role = replica;
  update wizard_sessions
     set started_at = started_at - interval '${weeks} weeks', last_saved_at = last_saved_at - interval '${weeks} weeks';
  update wizard_session_revisions set saved_at = saved_at - interval '${weeks} weeks';
  update app_private.wizard_session_old_keys set forget_after = forget_after - interval '${weeks} weeks';
  update app_private.deleted_wizard_sessions set forget_after = forget_after - interval '${weeks} weeks';
  commit`;

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

async function once(url: string, statements: string): Promise<void> {
  const client = await connect(url);
  try {
    await client.query(statements);
  } finally {
    await client.end();
  }
}

const names = new Map<string, string>();
/** Statements are prepared once per connection. */
function nameOf(text: string): string {
  const name = names.get(text) ?? `s${names.size}`;
  names.set(text, name);
  return name;
}
