import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect } from "@jest/globals";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { DEMO_USERS } from "../../../server/dev/demoUsers.ts";
import { signToken } from "../../../server/tokens.ts";
import { TEST_TOKENS } from "../../../testkit/api.ts";
import { type TestDatabase, useTestDatabase } from "../../../testkit/database.ts";
import { type Program, usePrograms } from "../../../testkit/programs.ts";
import { type SessionRow, storedSession } from "../../../testkit/rows.ts";
import { PLAIN_HTTP_HOST, startChromium } from "./chromium.ts";
import { Device, SIGNED_IN_KEY, signedInAs } from "./device.ts";
import { type Acknowledged, type FakeNetwork, startFakeNetwork } from "./fakeNetwork.ts";

export const [ADA, BEN] = DEMO_USERS;
export type User = (typeof DEMO_USERS)[number];

export interface DeviceOptions extends BrowserContextOptions {
  /** The user who is signed in. Without it, the browser is signed out. */
  readonly user?: User;
  /** Opens the site by a host name over plain http, where browsers withhold Web Locks and `crypto.randomUUID`. */
  readonly plainHttp?: boolean;
}

/** The real server and its page, on a database of its own. Browsers reach it through the fake network. */
export interface Site {
  readonly db: TestDatabase;
  readonly network: FakeNetwork;
  start(): Promise<void>;
  /** Kills the server process. */
  kill(): Promise<void>;
  /** Opens a separate browser with its own storage and sign-in. */
  device(options?: DeviceOptions): Promise<Device>;
  token(user: User, expiresIn: string): Promise<string>;
  /** The stored session, read without RLS. */
  stored(sessionId: string): Promise<SessionRow>;
}

/**
 * Starts a site for a test file; call it at the top level. After each test, it checks that no page showed a false status
 * and that the database has everything that the server acknowledged.
 */
export function useSite(): Site {
  let network: FakeNetwork;
  let chromium: Browser;
  let program: Program;
  const devices: Device[] = [];
  const programs = usePrograms();
  const db = useTestDatabase();
  // Jest runs these hooks after those of usePrograms and useTestDatabase.
  beforeAll(async () => {
    network = await startFakeNetwork();
    chromium = await startChromium();
    await site.start();
  }, STARTS_MS);
  afterAll(async () => {
    await chromium?.close();
    await network?.stop();
  });
  afterEach(async () => {
    const found = (await Promise.all(devices.map((device) => device.falseStatuses()))).flat();
    for (const device of devices.splice(0)) await device.close();
    network.heal();
    const { acknowledged } = network;
    found.push(...(await lostSaves(db, acknowledged)));
    for (const list of [acknowledged, network.sent, network.held]) list.length = 0;
    expect(found).toEqual([]);
  });

  const site: Site = {
    db,
    get network() {
      return network;
    },
    start: async () => {
      program = programs.start(["node", "server/main.ts"], {
        PORT: "0",
        DATABASE_URL: db.ownerUrl,
        AUTH_DATABASE_URL: db.authUrl,
        JWT_SECRET: TEST_TOKENS.secret,
        LOG_LEVEL: "warn",
      });
      const [, url = ""] = await program.printed(/GraphQL +(http:\S+)\/graphql/);
      network.target = url;
    },
    kill: async () => {
      program.signal("SIGKILL");
      await program.ended;
    },
    device: async ({ user, plainHttp = false, ...options } = {}) => {
      const signedIn = user && signedInAs(user, await site.token(user, "1h"));
      const localStorage = signedIn ? [{ name: SIGNED_IN_KEY, value: signedIn }] : [];
      const origin = plainHttp ? network.url.replace("127.0.0.1", PLAIN_HTTP_HOST) : network.url;
      const context = await chromium.newContext({
        baseURL: origin,
        locale: "en-GB",
        timezoneId: "Europe/Berlin",
        viewport: { width: 1440, height: 900 },
        storageState: { cookies: [], origins: [{ origin, localStorage }] },
        ...options,
      });
      const device = await Device.of(context, () => network.acknowledged);
      devices.push(device);
      return device;
    },
    token: (user, expiresIn) => signToken(TEST_TOKENS, { sub: user.id, role: user.role, expiresIn }),
    stored: async (id) => {
      const row = await storedSession(db, id);
      if (!row) throw new Error("There is no such session.");
      return row;
    },
  };
  return site;
}

// The page may have to be built first.
const STARTS_MS = 120_000;

/** The path of a session that does not exist yet. */
export const newSession = () => `/sessions/${randomUUID()}`;

export const idOf = (path: string) => path.slice("/sessions/".length);

/** Saves that the server has acknowledged but the database does not have. */
async function lostSaves(db: TestDatabase, acknowledged: readonly Acknowledged[]): Promise<string[]> {
  const { rows } = await db.root.query<{ session_id: string; revision: number; save_id: string | null }>(
    "select session_id, revision, save_id from wizard_session_revisions",
  );
  return acknowledged
    .filter(({ session, revision, saveId }) => {
      const own = rows.filter(({ session_id }) => session_id === session);
      return saveId
        ? !own.some(({ save_id }) => save_id === saveId)
        : revision > 0 && !own.some((row) => row.revision === revision);
    })
    .map(({ session, revision }) => `Revision ${revision} of ${session} was acknowledged but is not stored.`);
}
