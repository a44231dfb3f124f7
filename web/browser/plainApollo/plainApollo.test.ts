import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { Browser, BrowserContext, Page, Request } from "playwright-core";
import { type Caller, useTestApi } from "../../../testkit/api.ts";
import { storedSession } from "../../../testkit/rows.ts";
import { createSession, updateSession } from "../../../testkit/sessions.ts";
import { COMPLETE_STATE } from "../../../wizard/testing/completeState.ts";
import { startChromium } from "../support/chromium.ts";
import { servePlainApollo } from "./serve.ts";

const allowed = await servePlainApollo();
const notAllowed = await servePlainApollo();
const api = useTestApi({ corsOrigins: [allowed.origin] });
let browser: Browser;
let context: BrowserContext;
let page: Page;
let requests: Request[];
let ada: Caller;

beforeAll(async () => {
  browser = await startChromium();
  ada = await api.user();
});
afterAll(async () => {
  await browser.close();
  await Promise.all([allowed.stop(), notAllowed.stop()]);
});
beforeEach(async () => {
  context = await browser.newContext();
  page = await context.newPage();
  requests = [];
  page.on("request", (request) => {
    if (request.url() === api.url() && request.method() === "POST") requests.push(request);
  });
});
afterEach(() => context.close());

interface Opening {
  readonly session: string;
  readonly token?: string | undefined;
  readonly origin?: string;
}

async function open({ session, token = tokenOf(ada), origin = allowed.origin }: Opening): Promise<void> {
  await page.goto(`${origin}/#${new URLSearchParams({ api: api.url(), session, token })}`);
}

/** Opens a session of Ada and waits until it is shown. */
async function openSession(session: object = {}): Promise<string> {
  const { id } = await createSession(ada, session);
  await open({ session: id });
  await shown().waitFor();
  return id;
}

async function update(patch: object, id?: string): Promise<void> {
  if (id !== undefined) await page.getByLabel("Id").fill(id);
  await page.getByLabel("Patch").fill(JSON.stringify(patch));
  await page.getByRole("button", { name: "Update" }).click();
}

/** The error that the front end shows. */
async function refusal(name = "Not updated"): Promise<unknown> {
  return JSON.parse((await page.getByRole("alert", { name }).textContent()) ?? "");
}

const shown = () => page.getByRole("region", { name: "Session" });
const updatedTo = (revision: number) => page.getByText(`Updated to revision ${revision}`).waitFor();
const tokenOf = ({ headers }: Caller) => (headers.authorization ?? "").replace("Bearer ", "");
const operations = () => requests.map((request) => request.postDataJSON().operationName);
const refused = (extensions: object) => ({
  is: "CombinedGraphQLErrors",
  errors: [{ message: expect.any(String), extensions }],
});

describe("a front end that uses Apollo Client only", () => {
  it("shows the saved session everywhere without another request", async () => {
    const id = await openSession({ state: { basics: { title: "Fête" } } });
    expect(await shown().textContent()).toBe('Revision 0, stage 1{"basics":{"title":"Fête"}}');

    await update({ stage: 2, state: { basics: { title: "Fête d’été" } } });

    await updatedTo(1);
    expect(await shown().textContent()).toBe('Revision 1, stage 2{"basics":{"title":"Fête d’été"}}');
    expect(operations()).toEqual(["Session", "UpdateWizardSession"]);
    expect(await storedSession(api.db, id)).toMatchObject({ revision: 1, state: { basics: { title: "Fête d’été" } } });
  });

  it("saves with the revision that it has read", async () => {
    const id = await openSession();
    await update({ revision: 0, state: { a: 1 } });
    await updatedTo(1);
    await update({ revision: 1, state: { a: 2 } });
    await updatedTo(2);
    expect(await storedSession(api.db, id)).toMatchObject({ revision: 2, state: { a: 2 } });
  });

  it("gets the current revision if another client has saved since, and can save on top of it", async () => {
    const id = await openSession();
    await updateSession(ada, id, { state: { elsewhere: true } });

    await update({ revision: 0, state: { here: true } });

    expect(await refusal()).toEqual(refused({ code: "REVISION_CONFLICT", currentRevision: 1 }));
    expect(await shown().textContent()).toBe("Revision 0, stage 1{}");
    expect(await storedSession(api.db, id)).toMatchObject({ revision: 1, state: { elsewhere: true } });
    await update({ revision: 1, state: { elsewhere: true, here: true } });
    await updatedTo(2);
    expect(await shown().textContent()).toMatch(/^Revision 2, stage 1\{.*"here":true/);
  });

  it("overwrites the saves of others if it sends no revision", async () => {
    const id = await openSession();
    await updateSession(ada, id, { state: { elsewhere: true } });
    await update({ state: { here: true } });
    await updatedTo(2);
    expect(await storedSession(api.db, id)).toMatchObject({ revision: 2, state: { here: true } });
  });
});

describe("the API refuses", () => {
  it.each([
    ["a stage that does not exist", { stage: 7 }, { code: "INVALID_INPUT", field: "stage" }],
    ["a state that is not an object", { state: [] }, { code: "INVALID_INPUT", field: "state" }],
    ["a state that is a string", { state: "{}" }, { code: "INVALID_INPUT", field: "state" }],
    [
      "a state that is too large",
      { state: { text: "x".repeat(256 * 1024) } },
      { code: "STATE_TOO_LARGE", limit: 262_144, bytes: expect.any(Number) },
    ],
  ])("%s, with a GraphQL error and its code", async (_, patch, extensions) => {
    const id = await openSession({ state: { kept: true } });
    await update(patch);
    expect(await refusal()).toEqual(refused(extensions));
    expect(await storedSession(api.db, id)).toMatchObject({ revision: 0, stage: 1, state: { kept: true } });
    expect(await shown().textContent()).toBe('Revision 0, stage 1{"kept":true}');
  });

  it("a patch that does not match the schema", async () => {
    const id = await openSession();
    await update({ startedAt: "2027-01-01T00:00:00Z" });
    expect(await refusal()).toEqual(refused({ code: "INVALID_INPUT" }));
    expect(await storedSession(api.db, id)).toMatchObject({ revision: 0 });
  });

  it("any change of a completed session", async () => {
    const id = await openSession({ state: COMPLETE_STATE });
    await updateSession(await api.service(), id, { status: "COMPLETED" });
    await update({ state: {} });
    expect(await refusal()).toEqual(refused({ code: "SESSION_COMPLETED" }));
    expect(await storedSession(api.db, id)).toMatchObject({ status: "completed", revision: 1, state: COMPLETE_STATE });
  });

  it("the session of another user, with the same error as for a missing one", async () => {
    const { id } = await createSession(await api.user(), { state: { secret: true } });
    await open({ session: id });
    await page.getByText("There is no such session").waitFor();
    await update({ stage: 2 });
    const others = await refusal();
    expect(others).toEqual(refused({ code: "NOT_FOUND" }));
    expect(await storedSession(api.db, id)).toMatchObject({ stage: 1, revision: 0 });

    await update({ stage: 2 }, randomUUID());
    await page.getByText("Updating").waitFor({ state: "detached" });
    expect(await refusal()).toEqual(others);
  });

  it("everything without a token", async () => {
    const { id } = await createSession(ada);
    await open({ session: id, token: "" });
    expect(await refusal("Not read")).toEqual(refused({ code: "FORBIDDEN" }));
    await update({ stage: 2 });
    expect(await refusal()).toEqual(refused({ code: "FORBIDDEN" }));
    expect(await storedSession(api.db, id)).toMatchObject({ stage: 1, revision: 0 });
  });

  it("everything with an invalid token, as a ServerError with status 401 and the code in its body", async () => {
    const { id } = await createSession(ada);
    await open({ session: id, token: "no.good.token" });
    const expected = { is: "ServerError", status: 401, challenge: "Bearer", body: expect.any(String) };
    const read = (await refusal("Not read")) as { body: string };
    expect(read).toEqual(expected);
    expect(JSON.parse(read.body)).toEqual({
      errors: [{ message: expect.any(String), extensions: { code: "UNAUTHENTICATED" } }],
    });
    await update({ stage: 2 });
    expect(await refusal()).toEqual(expected);
    expect(await storedSession(api.db, id)).toMatchObject({ stage: 1, revision: 0 });
  });
});

it("a browser blocks requests from an origin that is not in CORS_ORIGINS, and nothing is saved", async () => {
  const { id } = await createSession(ada);
  await open({ session: id, origin: notAllowed.origin });
  expect(await refusal("Not read")).toEqual({ is: "TypeError", message: "Failed to fetch" });
  await update({ stage: 2 });
  expect(await refusal()).toEqual({ is: "TypeError", message: "Failed to fetch" });
  expect(await storedSession(api.db, id)).toMatchObject({ stage: 1, revision: 0 });
});
