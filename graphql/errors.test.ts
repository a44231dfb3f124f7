import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { type Caller, type TestApi, useTestApi } from "../testkit/api.ts";
import { storedSession } from "../testkit/rows.ts";
import { CREATE, createSession, UPDATE, updateSession } from "../testkit/sessions.ts";
import { until } from "../testkit/until.ts";

const api = useTestApi();
let ada: Caller;
beforeAll(async () => {
  ada = await api.user();
});

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SECRET = "the disk under /var/lib/secret is full";

/** Makes a save of `{"fail": CODE}` fail with that error, all parts of which contain a secret. */
const FAIL_ON_REQUEST = `
  create function app_private.fail() returns trigger as $$
  begin
    raise exception '${SECRET}' using
      errcode = NEW.state ->> 'fail', detail = NEW.state, hint = '${SECRET}', table = 'secret_table', constraint = 'secret_rule';
  end;
  $$ language plpgsql;
  create trigger _050_fail before update on wizard_sessions
    for each row when (NEW.state ? 'fail') execute function app_private.fail();`;

interface LoggedLine {
  readonly errorId?: string;
  readonly level: number;
  readonly err?: { readonly message: string; readonly code?: string };
}

const linesAbout = (errorId: unknown): LoggedLine[] =>
  api
    .logged()
    .map((line): LoggedLine => JSON.parse(line))
    .filter((line) => line.errorId === errorId);

describe("an unexpected error", () => {
  beforeAll(() => api.db.root.query(FAIL_ON_REQUEST));

  // A damaged page, an exception without a code, an unlisted code of ours, a missing table.
  it.each(["XX001", "P0001", "WZ999", "42P01"])(
    "is masked, and logged under the id in the answer: %s",
    async (fail) => {
      const { id } = await createSession(ada);
      const stored = await storedSession(api.db, id);
      const error = await ada.refused(UPDATE, { id, patch: { state: { fail, diary: "Dear diary" } } });
      const { errorId } = error.extensions;
      expect(error).toEqual({
        message: `Something went wrong on the server. Quote this id when you report it: ${errorId}`,
        path: ["updateWizardSession"],
        extensions: { code: "INTERNAL_SERVER_ERROR", errorId: expect.stringMatching(UUID) },
      });
      expect(linesAbout(errorId)).toEqual([
        expect.objectContaining({ level: 50, err: expect.objectContaining({ code: fail, message: SECRET }) }),
      ]);
      expect(await storedSession(api.db, id)).toEqual(stored);
    },
  );

  // A deadlock, a serialization failure; full disk, no memory, PostgreSQL is starting.
  it.each([
    ...["40P01", "40001"].map((fail) => [fail, "TIMEOUT"]),
    ...["53100", "53200", "57P03"].map((fail) => [fail, "OVERLOADED"]),
  ])("has a code of its own if a retry helps: %s is %s", async (fail, code) => {
    const { id } = await createSession(ada);
    const stored = await storedSession(api.db, id);
    const { message, extensions } = await ada.refused(UPDATE, { id, patch: { state: { fail } } });
    expect({ message, extensions }).toEqual({ message: expect.stringMatching(/ry again/), extensions: { code } });
    expect(await storedSession(api.db, id)).toEqual(stored);
  });

  it("does not show PostgreSQL's text to the client if a value is wrong", async () => {
    const { id } = await createSession(ada);
    expect(await ada.refused(UPDATE, { id, patch: { state: { fail: "22012" } } })).toEqual({
      message: "In `updateWizardSession`, a value can't be used. Compare it with the schema.",
      path: ["updateWizardSession"],
      extensions: { code: "INVALID_INPUT" },
    });
  });

  it("gets a new id each time", async () => {
    const { id } = await createSession(ada);
    const attempt = () => ada.refused(UPDATE, { id, patch: { state: { fail: "XX001" } } });
    const ids = [await attempt(), await attempt()].map(({ extensions }) => extensions.errorId);
    expect(new Set(ids).size).toBe(2);
  });

  it("does not log the state or the token", async () => {
    const { id } = await createSession(ada, { state: { diary: "Dear diary" } });
    const { extensions } = await ada.refused(UPDATE, { id, patch: { state: { fail: "XX001", diary: "Dear diary" } } });
    expect(linesAbout(extensions.errorId)).toHaveLength(1);
    const log = api.logged().join("");
    expect(log).not.toContain("diary");
    expect(log).not.toContain(ada.headers.authorization?.replace("Bearer ", "") ?? "a token");
    expect(log).not.toContain("Bearer");
  });

  it("does not name the missing column if the table changed under the server", async () => {
    await createSession(ada);
    await api.db.root.query("alter table profiles rename column display_name to secret_name");
    const error = await ada.refused("query ($id: UUID!) { profile(id: $id) { displayName } }", { id: ada.id });
    await api.db.root.query("alter table profiles rename column secret_name to display_name");
    const errorId = expect.stringMatching(UUID);
    expect(error.extensions).toEqual({ code: "INTERNAL_SERVER_ERROR", errorId });
    expect(JSON.stringify(error)).not.toMatch(/display_?name|column/i);
    expect(linesAbout(error.extensions.errorId)).toEqual([
      expect.objectContaining({ err: expect.objectContaining({ code: "42703" }) }),
    ]);
    expect(await ada.ask("query ($id: UUID!) { profile(id: $id) { displayName } }", { id: ada.id })).toEqual({
      profile: { displayName: null },
    });
  });
});

describe("an error with a code", () => {
  it("is not logged as a failure", async () => {
    const { id } = await createSession(ada);
    const failures = () => api.logged().filter((line) => JSON.parse(line).level >= 50);
    const before = failures();
    await ada.refused(UPDATE, { id, patch: { stage: 7 } });
    await ada.refused(UPDATE, { id, patch: { stage: 2, revision: 7 } });
    await api.anon().refused("{ wizardSessions { totalCount } }");
    await ada.refused("{ wizardSessions { ");
    expect(failures()).toEqual(before);
  });
});

describe("a statement that takes too long", () => {
  // Another server, whose database has short timeouts.
  const slow = useTestApi();
  let lost = 0;

  /** Limits apply to new connections, so this closes the open ones. */
  async function limit(setting: "statement_timeout" | "lock_timeout"): Promise<void> {
    const { name, root } = slow.db;
    await root.query(`alter role authenticator in database ${name} reset all`);
    await root.query(`alter role authenticator in database ${name} set ${setting} = '250ms'`);
    const { rowCount } = await root.query(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity
        where datname = current_database() and usename = 'authenticator'`,
    );
    lost += rowCount ?? 0;
    const noticed = () => slow.logged().filter((line) => line.includes("lost a database connection")).length;
    await until(() => noticed() === lost, "notice of each lost connection");
  }

  async function whileLocked<T>({ db }: TestApi, id: string, work: () => Promise<T>): Promise<T> {
    const client = await db.root.connect();
    try {
      await client.query("begin");
      await client.query("select from wizard_sessions where id = $1 for update", [id]);
      return await work();
    } finally {
      await client.query("rollback");
      client.release();
    }
  }

  it.each([
    ["statement_timeout", "This took too long and was stopped. Nothing was saved. Try again."],
    ["lock_timeout", "Another request is changing the same data. Nothing was saved. Try again in a moment."],
  ] as const)("is stopped by %s, and succeeds on a retry", async (setting, message) => {
    const ben = await slow.user();
    const { id } = await createSession(ben);
    const stored = await storedSession(slow.db, id);
    await limit(setting);
    await whileLocked(slow, id, async () => {
      expect(await ben.refused(UPDATE, { id, patch: { stage: 2 } })).toEqual({
        message,
        path: ["updateWizardSession"],
        extensions: { code: "TIMEOUT" },
      });
      expect(await storedSession(slow.db, id)).toEqual(stored);
    });
    expect(await updateSession(ben, id, { stage: 2 })).toMatchObject({ stage: 2, revision: 1 });
  });
});

describe("an anonymous caller", () => {
  const LISTS = { profiles: "profiles", wizard_sessions: "wizardSessions" };
  // Events and tickets are public if published. The others have no lists.
  const OTHER_TABLES = [
    ...["events", "event_tickets", "event_private_details", "wizard_session_revisions", "wizard_session_event_bases"],
  ];

  it("is tested on every table below", async () => {
    const { rows } = await api.db.root.query<{ name: string }>(
      "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')",
    );
    expect(rows.map(({ name }) => name).toSorted()).toEqual([...Object.keys(LISTS), ...OTHER_TABLES].toSorted());
  });

  it.each(Object.values(LISTS))("can't read %s, although rows exist", async (list) => {
    await createSession(ada);
    const document = `{ ${list} { totalCount } }`;
    const answer = await ada.ask<Record<string, { readonly totalCount: number }>>(document);
    expect(answer[list]?.totalCount).toBeGreaterThan(0);
    expect(await api.anon().refused(document)).toEqual({
      message:
        "Permission denied: you can only use your own sessions and events. If you are not signed in, sign in to continue.",
      path: [list],
      extensions: { code: "FORBIDDEN" },
    });
  });

  it("can't create a session", async () => {
    const count = async () => (await api.db.root.query("select from wizard_sessions")).rowCount;
    const before = await count();
    expect((await api.anon().refused(CREATE, { session: {} })).extensions).toEqual({ code: "FORBIDDEN" });
    expect(await count()).toBe(before);
  });
});

describe("a server for development", () => {
  const developing = useTestApi({ development: true });

  it("shows its schema to everyone", async () => {
    const document = "{ __schema { queryType { name } mutationType { name } } }";
    const expected = { __schema: { queryType: { name: "Query" }, mutationType: { name: "Mutation" } } };
    expect(await developing.anon().ask(document)).toEqual(expected);
    expect(await (await developing.user()).ask(document)).toEqual(expected);
  });

  it("masks errors too", async () => {
    await developing.db.root.query(FAIL_ON_REQUEST);
    const ben = await developing.user();
    const { id } = await createSession(ben);
    const error = await ben.refused(UPDATE, { id, patch: { state: { fail: "XX001" } } });
    expect(error.extensions).toEqual({ code: "INTERNAL_SERVER_ERROR", errorId: expect.stringMatching(UUID) });
    expect(JSON.stringify(error)).not.toContain("secret");
  });
});

describe("an invalid GraphQL document", () => {
  // In development, Grafast reports planning errors on the console.
  beforeEach(() => void jest.spyOn(console, "error").mockReturnValue());
  afterEach(() => void jest.restoreAllMocks());

  it.each([
    ["is cut off", "{ wizardSessions { "],
    ["is empty", " "],
    ["asks for an unknown field", "{ wizardSessions { nodes { password } } }"],
    ["lacks a variable", "query ($id: UUID!) { wizardSession(id: $id) { id } }"],
    ["has an id that is not a UUID", '{ wizardSession(id: "1") { id } }'],
    ["holds two operations and names neither", "query A { __typename } query B { __typename }"],
    ["subscribes over HTTP", "subscription { __typename }"],
  ])("is refused with a code if it %s", async (_, document) => {
    const { message, extensions } = await ada.refused(document);
    expect(extensions).toEqual({ code: "INVALID_INPUT" });
    expect(message).not.toBe("");
  });

  it("is refused at 2,000 levels of fields, and the server keeps running", async () => {
    const nested = (
      levels: number,
    ) => `{ wizardSessions(first: 9) ${"{ nodes { user { wizardSessions(first: 9) ".repeat(levels)}
      { totalCount } ${"} } }".repeat(levels)} }`;
    expect((await ada.refused(nested(2_000))).extensions).toEqual({ code: "INVALID_INPUT" });
    await expect(ada.ask(nested(2))).resolves.toHaveProperty("wizardSessions");
  });
});

describe("a request that is not GraphQL", () => {
  const JSON_TYPE = { "content-type": "application/json" };
  const LIMIT = 1_048_576;
  const ofBytes = (bytes: number) => JSON.stringify({ query: "{ __typename }" }).padEnd(bytes);

  async function send(init: RequestInit, path?: string) {
    const response = await fetch(api.url(path), init);
    expect(response.headers.get("content-type")).toMatch(/^application\/(graphql-response\+)?json/);
    return { status: response.status, body: await response.json() };
  }
  const refusedWith = (extensions: object) => ({
    errors: [{ message: expect.any(String), extensions }],
  });

  it.each([
    ["is not JSON", 400, { method: "POST", headers: JSON_TYPE, body: '{"query": nope' }],
    ["is a JSON list", 400, { method: "POST", headers: JSON_TYPE, body: '[{"query": "{ __typename }"}]' }],
    ["holds no query", 400, { method: "POST", headers: JSON_TYPE, body: "{}" }],
    ["has variables in a string", 400, { method: "POST", headers: JSON_TYPE, body: '{"query":"{a}","variables":"x"}' }],
    ["has no body", 400, { method: "POST" }],
    ["is a form", 415, { method: "POST", body: new URLSearchParams({ query: "{ __typename }" }) }],
    ["is text", 415, { method: "POST", body: '{"query": "{ __typename }"}' }],
    ["is a GET", 405, { method: "GET" }],
    ["is a PUT", 405, { method: "PUT", headers: JSON_TYPE, body: ofBytes(0) }],
  ])("is refused with a code if it %s", async (_, status, init) => {
    expect(await send(init)).toEqual({ status, body: refusedWith({ code: "INVALID_INPUT" }) });
  });

  it("is refused as a GET with a query, which a link on another site could send", async () => {
    const refused = { status: 405, body: refusedWith({ code: "INVALID_INPUT" }) };
    expect(await send({}, "/graphql?query=%7B__typename%7D")).toEqual(refused);
  });

  it("is answered up to 1 MiB", async () => {
    const request = { method: "POST", headers: JSON_TYPE, body: ofBytes(LIMIT) };
    expect(await send(request)).toEqual({ status: 200, body: { data: { __typename: "Query" } } });
  });

  it.each(["application/json", "application/graphql"])("is refused above 1 MiB of %s", async (type) => {
    const request = { method: "POST", headers: { "content-type": type }, body: ofBytes(LIMIT + 1) };
    expect(await send(request)).toEqual({
      status: 413,
      body: refusedWith({ code: "STATE_TOO_LARGE", limit: LIMIT }),
    });
  });

  it.each(["/nothing", "/graphql/more", "/graphiql", "/%00", "/.env"])("gets a 404 in JSON at %s", async (path) => {
    const extensions = { code: "NOT_FOUND" };
    expect(await send({}, path)).toEqual({
      status: 404,
      body: { errors: [{ message: "Nothing is served at this path.", extensions }] },
    });
  });
});
