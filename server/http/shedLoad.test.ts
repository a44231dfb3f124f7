import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "@jest/globals";
import type pg from "pg";
import { TEST_TOKENS, useTestApi } from "../../testkit/api.ts";
import { startSession, storedSession } from "../../testkit/rows.ts";
import { until } from "../../testkit/until.ts";
import { signToken } from "../tokens.ts";

const USER = "ada00000-0000-4000-8000-00000000000a";
const SAVE = `mutation ($id: UUID!, $state: JSON!) {
  updateWizardSession(input: { id: $id, patch: { state: $state } }) { wizardSession { revision } }
}`;
const SAVED = { data: { updateWizardSession: { wizardSession: { revision: 1 } } } };

// One request has the connection and ten wait for it: the most that there may be.
const api = useTestApi({ maximumConnections: 1 });
const AT_MOST = 11;

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: unknown;
}

async function save(id: string, state: object): Promise<Answer> {
  const token = await signToken(TEST_TOKENS, { sub: USER, role: "authenticated", expiresIn: "1h" });
  const response = await fetch(api.url(), {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: SAVE, variables: { id, state } }),
  });
  return { status: response.status, retryAfter: response.headers.get("retry-after"), body: await response.json() };
}

describe("an overloaded server", () => {
  let lock: pg.PoolClient | undefined;
  afterEach(async () => {
    // Also if a test fails before it unlocks.
    await lock?.query("rollback");
    lock?.release();
    lock = undefined;
  });

  /** Locks the session, so that updates wait. */
  async function lockSession(id: string): Promise<() => Promise<unknown>> {
    const client = await api.db.root.connect();
    lock = client;
    await client.query("begin");
    await client.query("select from wizard_sessions where id = $1 for update", [id]);
    return () => client.query("rollback");
  }

  const aRequestWaitsForTheLock = () =>
    until(async () => {
      const { rowCount } = await api.db.root.query(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      return rowCount === 1;
    }, "request that waits for the lock");

  /** Sends saves, each to its own session, until one is answered. */
  async function saveUntilAnswered() {
    const sent: { id: string; answer: Promise<Answer> }[] = [];
    let answered = false;
    while (!answered && sent.length < 2 * AT_MOST) {
      const { id } = await startSession(api.db, USER);
      const answer = save(id, { sent: sent.length });
      sent.push({ id, answer });
      answered = await Promise.race([answer.then(() => true), sleep(50, false)]);
    }
    const last = sent.pop();
    if (!answered || !last) throw new Error("No request was refused.");
    return { waiting: sent, refused: { id: last.id, answer: await last.answer } };
  }

  it("refuses further requests at once, and completes those that it has accepted", async () => {
    const { id } = await startSession(api.db, USER);
    const unlock = await lockSession(id);
    const first = save(id, { sent: "first" });
    await aRequestWaitsForTheLock();

    const { waiting, refused } = await saveUntilAnswered();
    expect(refused.answer).toEqual({
      status: 503,
      retryAfter: "1",
      body: {
        errors: [
          {
            message: "The server is overloaded. Try again in a moment.",
            extensions: { code: "OVERLOADED" },
          },
        ],
      },
    });
    expect(await storedSession(api.db, refused.id)).toMatchObject({ revision: 0, state: {} });
    expect(waiting.length).toBeGreaterThanOrEqual(AT_MOST - 1);

    await unlock();
    expect(await first).toEqual({ status: 200, retryAfter: null, body: SAVED });
    expect(await storedSession(api.db, id)).toMatchObject({ revision: 1, state: { sent: "first" } });
    for (const [index, { id, answer }] of waiting.entries()) {
      expect(await answer).toEqual({ status: 200, retryAfter: null, body: SAVED });
      expect(await storedSession(api.db, id)).toMatchObject({ revision: 1, state: { sent: index } });
    }

    expect(await save(refused.id, { sent: "again" })).toEqual({ status: 200, retryAfter: null, body: SAVED });
    expect(await storedSession(api.db, refused.id)).toMatchObject({ revision: 1, state: { sent: "again" } });
  });

  it("still answers /healthz", async () => {
    const { id } = await startSession(api.db, USER);
    const unlock = await lockSession(id);
    const first = save(id, {});
    await aRequestWaitsForTheLock();
    expect((await fetch(api.url("/healthz"))).status).toBe(200);
    await unlock();
    expect((await first).status).toBe(200);
  });
});
