import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { type Caller, useTestApi } from "../testkit/api.ts";
import { completeState } from "../testkit/events.ts";
import { countSessions, storedSession } from "../testkit/rows.ts";
import { createSession } from "../testkit/sessions.ts";

const api = useTestApi();
let ada: Caller;
beforeEach(async () => {
  ada = await api.user();
});
afterEach(() => setQuotas("unfinished_sessions = 1000, stored_bytes = 536870912, page_addresses = 1000"));

const setQuotas = (settings: string) => api.db.root.query(`update app_private.quotas set ${settings}`);
const start = "mutation ($id: UUID!) { startWizardSession(input: { id: $id }) { wizardSession { id } } }";

it("a session above the quota is refused with HTTP 200 and QUOTA_EXCEEDED, with the quota's limit and use", async () => {
  await setQuotas("unfinished_sessions = 1");
  await createSession(ada);
  const extensions = { code: "QUOTA_EXCEEDED", quota: "UNFINISHED_SESSIONS", limit: 1, used: 1 };
  const response = await fetch(api.url(), {
    method: "POST",
    headers: { ...ada.headers, "content-type": "application/json" },
    body: JSON.stringify({ query: start, variables: { id: randomUUID() } }),
  });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    errors: [{ extensions, message: expect.stringMatching(/Delete drafts/) }],
  });
  const create = "mutation { createWizardSession(input: { wizardSession: {} }) { wizardSession { id } } }";
  expect((await ada.refused(create)).extensions).toEqual(extensions);
  expect(await countSessions(api.db, String(ada.id))).toBe(1);
});

it("a save above the quota is refused, and nothing of it is written", async () => {
  const { id } = await createSession(ada, { state: { a: 1 } });
  await setQuotas("stored_bytes = 500");
  const document = `mutation ($id: UUID!, $saveId: UUID!, $patch: JSON!) {
    saveWizardSession(input: { id: $id, saveId: $saveId, baseRevision: 0, patch: $patch }) { outcome }
  }`;
  const noise = Array.from({ length: 1000 }, () => randomUUID()).join("");
  const { extensions, message } = await ada.refused(document, { id, saveId: randomUUID(), patch: { a: noise } });
  expect(extensions).toEqual({ code: "QUOTA_EXCEEDED", quota: "STORED_BYTES", limit: 500, used: expect.any(Number) });
  expect(message).toMatch(/Delete drafts that you no longer need/);
  expect(await storedSession(api.db, id)).toMatchObject({ revision: 0, state: { a: 1 } });
});

it("publishing above the quota is refused, and the session can still be changed", async () => {
  await setQuotas("page_addresses = 0");
  const { id } = await createSession(ada, { state: completeState() });
  const document = `mutation ($id: UUID!) {
    completeWizardSession(input: { id: $id, baseRevision: 0 }) { event { id } }
  }`;
  const { extensions } = await ada.refused(document, { id });
  expect(extensions).toEqual({ code: "QUOTA_EXCEEDED", quota: "PAGE_ADDRESSES", limit: 0, used: 0 });
  expect(await storedSession(api.db, id)).toMatchObject({ status: "in_progress", revision: 0 });
});
