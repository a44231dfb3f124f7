import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { promisify } from "node:util";
import { beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type pg from "pg";
import { WebSocket } from "ws";
import { type Caller, TEST_TOKENS, useTestApi } from "../../testkit/api.ts";
import { runAsSuperuser } from "../../testkit/database.ts";
import { listenerState, openTab, useTabs, websocketUrl } from "../../testkit/live.ts";
import { createSession, updateSession } from "../../testkit/sessions.ts";
import { until } from "../../testkit/until.ts";
import { startApp } from "../app.ts";
import { makeLogger } from "../log.ts";

const api = useTestApi();
const tab = useTabs(api);

let ada: Caller;
let id: string;
beforeAll(async () => {
  ada = await api.user();
});
beforeEach(async () => {
  ({ id } = await createSession(ada));
  // The server may still be closing the sockets of the previous test.
  await until(async () => (await listenerState(api)).connections === 0, "end of the connection");
});

const NONE = { connections: 0, locks: 0 };

/** Ends connections, as a restart or a network failure would. */
const cut = (which: string) =>
  api.db.root.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and application_name ${which}`,
  );

/** Keeps a transaction open while `work` runs. */
async function within(begin: string, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await api.db.root.connect();
  try {
    await client.query(begin);
    await work(client);
  } finally {
    await client.query("rollback");
    client.release();
  }
}

describe("a save in progress", () => {
  it("is not missed by a tab that subscribes before the commit", async () => {
    await within("begin", async (client) => {
      await client.query("update wizard_sessions set stage = 5 where id = $1", [id]);
      const watching = tab(ada).subscribe(id);
      // The tab is subscribed, after the save has looked for subscribers.
      await until(async () => (await listenerState(api)).connections === 1, "connection");
      // Other sessions are not delayed.
      const other = await createSession(ada);
      const another = await tab(ada).watch(other.id);
      await updateSession(ada, other.id, { stage: 2 });
      await another.waitForChanges(2);
      expect(watching.changes).toEqual([]);
      await client.query("commit");
      expect(await watching.waitForChanges(1)).toMatchObject({
        ...{ kind: "REFETCH", revision: 1, stage: 5 },
        wizardSession: { stage: 5 },
      });
    });
  });

  it("is not missed if its snapshot is older than the subscription", async () => {
    await within("begin isolation level repeatable read", async (client) => {
      await client.query("select from wizard_sessions");
      const watching = await tab(ada).watch(id);
      await client.query("update wizard_sessions set stage = 5 where id = $1", [id]);
      await client.query("commit");
      expect(await watching.waitForChanges(2)).toMatchObject({ kind: "SAVED", revision: 1, stage: 5 });
    });
  });

  it("does not notify if no tab is subscribed", async () => {
    const client = await api.db.root.connect();
    const heard: unknown[] = [];
    const hear = (notification: pg.Notification) => heard.push(notification.payload);
    client.on("notification", hear);
    try {
      await client.query("listen wizard_session_changed");
      await updateSession(ada, id, { stage: 2 });
      const watching = await tab(ada).watch(id);
      await updateSession(ada, id, { stage: 3 });
      await watching.waitForChanges(2);
      await until(async () => {
        await client.query("select 1");
        return heard.length > 0;
      });
      expect(heard).toEqual([`${id} 2`]);
    } finally {
      await client.query("unlisten *");
      client.off("notification", hear);
      client.release();
    }
  });
});

describe("the connection", () => {
  it("is open only while a session is watched, with a lock for each session", async () => {
    expect(await listenerState(api)).toEqual(NONE);
    const second = await createSession(ada);
    const [one, other] = [tab(ada), tab(ada)];
    const watching = await one.watch(id);
    await other.watch(id);
    await other.watch(second.id);
    expect(await listenerState(api)).toEqual({ connections: 1, locks: 2 });
    other.close();
    await until(async () => (await listenerState(api)).locks === 1, "end of the second lock");
    watching.stop();
    await until(async () => (await listenerState(api)).connections === 0, "end of the connection");
    const again = await one.watch(id);
    await updateSession(ada, id, { stage: 4 });
    expect(await again.waitForChanges(2)).toMatchObject({ stage: 4 });
    one.close();
    await until(async () => (await listenerState(api)).connections === 0, "end of the connection");
    expect(await listenerState(api)).toEqual(NONE);
  });

  it("is closed after tabs that disconnect before the first event", async () => {
    for (let count = 0; count < 20; count++) {
      const page = tab(ada);
      page.subscribe(id);
      page.subscribe(id);
      if (count % 2 === 0) await until(async () => (await listenerState(api)).connections > 0 || count % 4 === 0);
      page.close();
    }
    await until(async () => (await listenerState(api)).connections === 0, "end of the connection");
    const watching = await tab(ada).watch(id);
    await updateSession(ada, id, { stage: 2 });
    await watching.waitForChanges(2);
  });

  it("keeps no memory of ended watches", async () => {
    // In a separate process, because queryObjects does not work inside Jest.
    const script = `
      import { queryObjects } from "node:v8";
      import { SessionListener } from "./server/live/listener.ts";
      const listener = new SessionListener({ connectionString: process.argv[1], logger: console });
      const stays = listener.watch("a", "1");
      await stays.next();
      const comeAndGo = async (times) => {
        for (let count = 0; count < times; count++) {
          const goes = listener.watch("b", "2");
          await goes.next();
          await goes.return();
        }
        return queryObjects(Promise, { format: "count" });
      };
      const before = await comeAndGo(50);
      console.log(await comeAndGo(200) - before);
      await listener.stop();`;
    const args = ["--input-type=module", "--eval", script, api.db.authUrl];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(Number(stdout)).toBeLessThan(50);
  });

  it("reconnects after a loss, sends REFETCH to every tab, and continues", async () => {
    const second = await createSession(ada);
    const [one, other] = [await tab(ada).watch(id), await tab(ada).watch(second.id)];
    await cut("= 'stagekeep live'");
    expect(await one.waitForChanges(2)).toMatchObject({ kind: "REFETCH", revision: 0 });
    expect(await other.waitForChanges(2)).toMatchObject({ kind: "REFETCH", revision: 0 });
    expect(await listenerState(api)).toEqual({ connections: 1, locks: 2 });
    const saveId = randomUUID();
    await api.db.root.query("update wizard_sessions set last_save_id = $2 where id = $1", [id, saveId]);
    expect(await one.waitForChanges(3)).toMatchObject({ kind: "SAVED", saveId });
    expect(other.changes).toHaveLength(2);
  });

  it("delivers saves made during an outage of all connections", async () => {
    const page = tab(ada);
    const watching = await page.watch(id);
    await runAsSuperuser(`alter database ${api.db.name} allow_connections false`);
    await cut("like 'stagekeep%'");
    await api.db.root.query("update wizard_sessions set stage = 6 where id = $1", [id]);
    await runAsSuperuser(`alter database ${api.db.name} allow_connections true`);
    const change = await until(() => watching.changes.find(({ revision }) => revision === 1));
    expect(change).toMatchObject({ kind: "REFETCH", stage: 6, wizardSession: { stage: 6 } });
    expect([watching.errors, watching.ended, page.closed]).toEqual([[], false, undefined]);
  });
});

describe("a temporary failure to read the session", () => {
  it("is retried, and the stream continues with REFETCH", async () => {
    const page = tab(ada);
    const watching = await page.watch(id);
    await within("begin", async (client) => {
      await client.query("lock table wizard_session_revisions in access exclusive mode");
      await api.db.root.query("select pg_notify('wizard_session_changed', $1)", [`${id} 0`]);
      await until(async () => {
        const { rowCount } = await api.db.root.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and application_name = 'stagekeep' and wait_event_type = 'Lock'`,
        );
        return rowCount;
      }, "reader that waits");
    });
    expect(await watching.waitForChanges(2)).toMatchObject({ kind: "REFETCH", revision: 0 });
    expect([watching.errors, watching.ended, page.closed]).toEqual([[], false, undefined]);
  });
});

describe("a permanent failure to read the session", () => {
  it("ends the stream with an error, and stops listening", async () => {
    const watching = await tab(ada).watch(id);
    await api.db.root.query("revoke select on wizard_session_revisions from authenticated");
    try {
      await api.db.root.query("update wizard_sessions set stage = 2 where id = $1", [id]);
      await until(() => watching.ended, "end");
      expect(watching.errors).toMatchObject([{ extensions: { code: "FORBIDDEN" } }]);
      await until(async () => (await listenerState(api)).connections === 0, "end of the connection");
    } finally {
      await api.db.root.query("grant select on wizard_session_revisions to authenticated");
    }
  });
});

describe("a tab that does not read", () => {
  it("causes no further reads, and gets one REFETCH when it reads again", async () => {
    const large = await createSession(ada, { state: { text: "x".repeat(250_000) } });
    const kinds: string[] = [];
    const slow = new WebSocket(websocketUrl(api), "graphql-transport-ws");
    slow.on("message", (data) => kinds.push(/"kind":"(\w+)"/.exec(String(data))?.[1] ?? ""));
    await once(slow, "open");
    slow.send(JSON.stringify({ type: "connection_init", payload: ada.headers }));
    await until(() => kinds.length === 1);
    const query = `subscription ($id: UUID!) { wizardSessionChanged(id: $id) { kind wizardSession { a: state b: state } } }`;
    slow.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query, variables: { id: large.id } } }));
    await until(() => kinds.length === 2);
    slow.pause();

    const quick = tab(ada).subscribe(
      large.id,
      "subscription ($id: UUID!) { wizardSessionChanged(id: $id) { revision } }",
    );
    await quick.waitForChanges(1);
    for (let saves = 1; saves <= 120; saves++) {
      await api.db.root.query("update wizard_sessions set stage = $2 where id = $1", [large.id, 1 + (saves % 6)]);
      await quick.waitForChanges(saves + 1);
    }
    slow.resume();
    await until(() => kinds.slice(2).includes("REFETCH"), "REFETCH");
    expect(kinds.length).toBeLessThan(120);
    slow.terminate();
  });
});

describe("the server's stop", () => {
  it("closes sockets with 1001, and leaves no connection", async () => {
    const app = await startApp({
      authDatabaseUrl: api.db.authUrl,
      tokens: TEST_TOKENS,
      logger: makeLogger({ logLevel: "silent", production: true }),
      host: "127.0.0.1",
      port: 0,
      graphiql: false,
      development: false,
    });
    const page = openTab({ url: () => `${app.url}/graphql` }, ada);
    await page.watch(id);
    // A client that does not answer the close frame.
    const deaf = new WebSocket(app.url.replace("http", "ws").concat("/graphql"), "graphql-transport-ws");
    await once(deaf, "open");
    deaf.pause();
    const here = await tab(ada).watch(id);
    expect(await listenerState(api)).toEqual({ connections: 2, locks: 2 });
    await app.stop();
    deaf.terminate();
    expect(await until(() => page.closed)).toEqual({ code: 1001, reason: "Going away" });
    expect(await listenerState(api)).toEqual({ connections: 1, locks: 1 });
    // The other server continues.
    await updateSession(ada, id, { stage: 2 });
    await here.waitForChanges(2);
  });
});
