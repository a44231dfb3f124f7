import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { ClientError } from "graphql-request";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { countSessions, storedSession } from "../testkit/rows.ts";
import { CREATE, createEventAs, createSession, readSession, UPDATE, updateSession } from "../testkit/sessions.ts";

const api = useTestApi();
let ada: Caller;
let ben: Caller;
beforeAll(async () => {
  [ada, ben] = [await api.user(), await api.user()];
});

interface Refusal {
  readonly extensions: object;
  readonly message?: unknown;
}

/** Sends the fields in a create and in an update, and checks that both are refused and write nothing. */
async function expectBothRefused(fields: object, { extensions, message = expect.any(String) }: Refusal) {
  const { id } = await createSession(ada, { stage: 2, state: { a: 1 } });
  const stored = await storedSession(api.db, id);
  const count = await countSessions(api.db, ada.id ?? "");
  expect(await ada.refused(UPDATE, { id, patch: fields })).toEqual({
    message,
    path: ["updateWizardSession"],
    extensions,
  });
  expect(await ada.refused(CREATE, { session: fields })).toEqual({
    message,
    path: ["createWizardSession"],
    extensions,
  });
  expect(await storedSession(api.db, id)).toEqual(stored);
  expect(await countSessions(api.db, ada.id ?? "")).toBe(count);
}

/** The answer to variables that do not fit the schema. */
async function malformed(document: string, variables: object): Promise<ClientError["response"]> {
  const answer = await ada.ask(document, { ...variables }).catch((error: unknown) => error);
  if (answer instanceof ClientError) return answer.response;
  throw new Error(`This was not refused: ${JSON.stringify(answer)}`);
}

describe("a stage", () => {
  it.each([1, 2, 3, 4, 5, 6])("can be %d", async (stage) => {
    expect(await createSession(ada, { stage })).toMatchObject({ stage });
    const { id } = await createSession(ada);
    expect(await updateSession(ada, id, { stage })).toMatchObject({ stage });
    expect(await storedSession(api.db, id)).toMatchObject({ stage });
  });

  it.each([0, 7, -1, 2_147_483_647])("can't be %d; the message is the constraint's comment", async (stage) => {
    const extensions = { code: "INVALID_INPUT", field: "stage" };
    await expectBothRefused({ stage }, { extensions, message: "The stage must be a whole number from 1 to 6." });
  });

  it("can't be null", async () => {
    const extensions = { code: "INVALID_INPUT", field: "stage" };
    await expectBothRefused({ stage: null }, { extensions, message: "`stage` is missing. Send a value for it." });
  });
});

describe("a state", () => {
  it.each([
    ["nothing", {}],
    ["values of every kind", { s: "ß", n: -1.5e-7, t: true, z: null, list: [1, [2]], inner: { deep: {} } }],
    ["characters of every plane", { "ключ 🗝": "𝄞 \u0001 \u2028 \\ \" ' $1 ? --" }],
    ["the largest whole number that JavaScript keeps", { digits: Number.MAX_SAFE_INTEGER }],
  ])("can contain %s and is returned unchanged", async (_, state) => {
    const { id } = await createSession(ada, { state });
    expect(await readSession(ada, id)).toMatchObject({ state });
    expect((await updateSession(ada, id, { state })).state).toEqual(state);
    expect((await storedSession(api.db, id))?.state).toEqual(state);
  });

  it("replaces the whole previous state", async () => {
    const { id } = await createSession(ada, { state: { kept: 1, gone: 2 } });
    expect((await updateSession(ada, id, { state: { kept: 3 } })).state).toEqual({ kept: 3 });
  });

  it.each([
    ["JSON in a string", JSON.stringify({ title: "Stringified" })],
    ["an array", [{ title: "In a list" }]],
    ["a number", 1],
    ["true", true],
  ])("can't be %s", async (_, state) => {
    const message = "The state must be a JSON object. Send JSON, not a string that contains JSON.";
    await expectBothRefused({ state }, { extensions: { code: "INVALID_INPUT", field: "state" }, message });
  });

  it("can't be null", async () => {
    const extensions = { code: "INVALID_INPUT", field: "state" };
    await expectBothRefused({ state: null }, { extensions, message: "`state` is missing. Send a value for it." });
  });

  it.each([
    ["a value with the character U+0000", { text: "a\u0000b" }],
    ["a key with the character U+0000", { "a\u0000b": 1 }],
  ])("can't contain %s", async (_, state) => {
    const message = expect.stringMatching(
      /^In `(update|create)WizardSession`, a text contains the character U\+0000, which can't be stored\. Remove it\.$/,
    );
    await expectBothRefused({ state }, { extensions: { code: "INVALID_INPUT" }, message });
  });

  // PostgreSQL writes `{"text": "…"}`: 12 characters around the text.
  const LIMIT = 262_144;
  const stateOf = (bytes: number) => ({ text: "x".repeat(bytes - 12) });

  it("can be 256 KiB long", async () => {
    const { id } = await createSession(ada, { state: stateOf(LIMIT) });
    await updateSession(ada, id, { state: stateOf(LIMIT) });
    const { rows } = await api.db.root.query(
      "select octet_length(state::text) as bytes from wizard_sessions where id = $1",
      [id],
    );
    expect(rows).toEqual([{ bytes: LIMIT }]);
  });

  it("can't be one byte longer; the error has both sizes", async () => {
    const extensions = { code: "STATE_TOO_LARGE", bytes: LIMIT + 1, limit: LIMIT };
    const message = expect.stringContaining("262145 bytes");
    await expectBothRefused({ state: stateOf(LIMIT + 1) }, { extensions, message });
  });
});

describe("a deeply nested state", () => {
  /** Sends a state nested more deeply than JSON.stringify can write. */
  async function saveNested(levels: number, id: string): Promise<{ status: number; body: unknown }> {
    const state = `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    const response = await fetch(api.url(), {
      method: "POST",
      headers: { ...ada.headers, "content-type": "application/json" },
      body: `{"query":${JSON.stringify(UPDATE)},"variables":{"id":"${id}","patch":{"state":${state}}}}`,
    });
    return { status: response.status, body: await response.json() };
  }

  it("is saved at 100 levels, counting the state itself", async () => {
    const { id } = await createSession(ada);
    expect(await saveNested(99, id)).toMatchObject({ body: { data: { updateWizardSession: {} } } });
    expect(await storedSession(api.db, id)).toMatchObject({ revision: 1 });
    expect(await readSession(ada, id)).toMatchObject({ revision: 1 });
  });

  it.each([100, 20_000, 120_000])("is refused at %d levels below it, and the server keeps running", async (levels) => {
    const { id } = await createSession(ada);
    const stored = await storedSession(api.db, id);
    expect(await saveNested(levels, id)).toMatchObject({
      status: 200,
      body: {
        data: { updateWizardSession: null },
        errors: [{ path: ["updateWizardSession"], extensions: { code: "INVALID_INPUT" } }],
      },
    });
    expect(await storedSession(api.db, id)).toEqual(stored);
    expect(await updateSession(ada, id, { stage: 2 })).toMatchObject({ stage: 2 });
  });
});

describe("an event", () => {
  it("can be one of the user's own, and can be removed again", async () => {
    const eventId = await createEventAs(ada);
    const { id } = await createSession(ada, { eventId });
    expect(await updateSession(ada, id, { eventId: null })).toMatchObject({ eventId: null });
    expect(await updateSession(ada, id, { eventId })).toMatchObject({ eventId });
  });

  it("can't be another user's", async () => {
    await expectBothRefused({ eventId: await createEventAs(ben) }, { extensions: { code: "FORBIDDEN" } });
  });

  it("can't be one that does not exist, with the same error", async () => {
    const { id } = await createSession(ada);
    const unknown = await ada.refused(UPDATE, { id, patch: { eventId: randomUUID() } });
    expect(unknown.extensions).toEqual({ code: "FORBIDDEN" });
    expect(await ada.refused(UPDATE, { id, patch: { eventId: await createEventAs(ben) } })).toEqual(unknown);
    expect(await storedSession(api.db, id)).toMatchObject({ event_id: null, revision: 0 });
  });
});

describe("a value that does not fit the schema", () => {
  it.each([
    ["a status", { status: "PUBLISHED" }, "WizardSessionStatus"],
    ["a status as SQL writes it", { status: "in_progress" }, "IN_PROGRESS"],
    ["a stage that is not a whole number", { stage: 1.5 }, "stage"],
    ["a stage beyond the integers", { stage: 2_147_483_648 }, "stage"],
    ["an event's id that is not a UUID", { eventId: "summer" }, "eventId"],
    ["the time of the start", { startedAt: "2020-01-01T00:00:00Z" }, "startedAt"],
    ["the time of the last save", { lastSavedAt: "2020-01-01T00:00:00Z" }, "lastSavedAt"],
    ["the time of completion", { completedAt: "2020-01-01T00:00:00Z" }, "completedAt"],
    ["another user", { userId: randomUUID() }, "userId"],
    ["another id", { id: randomUUID() }, "id"],
  ])("is refused before execution: %s", async (_, patch, named) => {
    const { id } = await createSession(ada);
    const stored = await storedSession(api.db, id);
    const { status, errors } = await malformed(UPDATE, { id, patch });
    expect(status).toBe(400);
    expect(errors).toEqual([expect.objectContaining({ extensions: { code: "INVALID_INPUT" } })]);
    expect(errors?.[0]?.message).toContain(named);
    expect(await storedSession(api.db, id)).toEqual(stored);
  });

  it.each([
    ["a status", { status: "PUBLISHED" }],
    ["a revision", { revision: 7 }],
    ["the time of the start", { startedAt: "2020-01-01T00:00:00Z" }],
    ["the time of the last save", { lastSavedAt: "2020-01-01T00:00:00Z" }],
    ["the time of completion", { completedAt: "2020-01-01T00:00:00Z" }],
  ])("is refused on creation too: %s", async (_, session) => {
    const count = await countSessions(api.db, ada.id ?? "");
    const { status, errors } = await malformed(CREATE, { session });
    expect(status).toBe(400);
    expect(errors).toEqual([expect.objectContaining({ extensions: { code: "INVALID_INPUT" } })]);
    expect(await countSessions(api.db, ada.id ?? "")).toBe(count);
  });
});
