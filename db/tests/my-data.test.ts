import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { claimsFor, refusal, useTestDatabase } from "../../testkit/database.ts";
import { completeAs, completeState } from "../../testkit/events.ts";
import { createEvent, only, startSession, storedSession } from "../../testkit/rows.ts";
import { save, update } from "../../testkit/saving.ts";
import { until } from "../../testkit/until.ts";

const db = useTestDatabase();

type Rows = Readonly<Record<string, unknown>>[];
interface MyData {
  readonly format: string;
  readonly version: number;
  readonly exportedAt: string;
  readonly userId: string;
  readonly history: boolean;
  readonly tables: Readonly<Record<string, Rows>>;
}

async function exportOf(sub: string, ...history: unknown[]): Promise<MyData> {
  const { rows } = await db.asUser(sub, (client) =>
    client.query<{ data: MyData }>(`select export_my_data(${history.map((_, i) => `$${i + 1}`)}) as data`, history),
  );
  return only(rows).data;
}

async function erase(sub: string, id: string | null = sub): Promise<Record<string, number>> {
  const { rows } = await db.asUser(sub, (client) =>
    client.query<{ erased: Record<string, number> }>("select erase_me($1) as erased", [id]),
  );
  return only(rows).erased;
}

/** Every table that is said to be personal, and how to tell whose a row is. */
async function personalTables(): Promise<{ readonly name: string; readonly of_user: string }[]> {
  return (await db.root.query("select * from app_private.personal_tables()")).rows;
}

/** How many rows each of the tables holds for a user, past the policies and without what is being tested. */
async function countsOf(user: string): Promise<Record<string, number>> {
  const { rows } = await db.root.query<{ counts: Record<string, number> }>(
    `select jsonb_build_object(
       'profiles', (select count(*) from profiles where id = $1),
       'events', (select count(*) from events where owner_id = $1),
       'event_tickets', (select count(*) from event_tickets t join events e on e.id = t.event_id where e.owner_id = $1),
       'event_private_details', (
         select count(*) from event_private_details d join events e on e.id = d.event_id where e.owner_id = $1
       ),
       'wizard_sessions', (select count(*) from wizard_sessions where user_id = $1),
       'wizard_session_revisions', (
         select count(*) from wizard_session_revisions r join wizard_sessions s on s.id = r.session_id where s.user_id = $1
       )) as counts`,
    [user],
  );
  return only(rows).counts;
}

const NOTHING = {
  profiles: 0,
  events: 0,
  event_tickets: 0,
  event_private_details: 0,
  wizard_sessions: 0,
  wizard_session_revisions: 0,
};
const HERS = {
  profiles: 1,
  events: 1,
  event_tickets: 2,
  event_private_details: 1,
  wizard_sessions: 2,
  wizard_session_revisions: 4,
};

let ada: string;
let ben: string;
let draft: string;
let done: string;
let event: string;

/** An event, a draft of two saves and a completed session on the event. */
async function fillFor(sub: string) {
  const eventId = await createEvent(db, sub);
  await db.root.query(
    `with t as (
       insert into event_tickets (event_id, key, name, kind, quantity) values ($1, 'a', 'Seat', 'free', 1), ($1, 'b', 'Bench', 'free', 2)
     )
     insert into event_private_details (event_id, join_url) values ($1, 'https://meet.example.com')`,
    [eventId],
  );
  const { id: draftId } = await startSession(db, sub, { state: { basics: { title: "Fair" } } });
  await save(db, sub, { id: draftId, base: 0, patch: { basics: { summary: "Fun" } }, stage: 2 });
  const { id: doneId } = await startSession(db, sub, { event_id: eventId });
  await update(db, sub, doneId, { status: "completed" });
  await db.asUser(sub, (client) => client.query("update profiles set display_name = 'Somebody'"));
  return { eventId, draftId, doneId };
}

beforeEach(async () => {
  [ada, ben] = [randomUUID(), randomUUID()];
  ({ eventId: event, draftId: draft, doneId: done } = await fillFor(ada));
  await fillFor(ben);
});

describe("the export", () => {
  it("says what it is, whose and of when", async () => {
    const { tables, ...head } = await exportOf(ada);
    expect(head).toEqual({
      ...{ format: "stagekeep-my-data", version: 1, userId: ada, history: true },
      exportedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$/),
    });
    expect(Object.keys(tables)).toEqual((await personalTables()).map(({ name }) => name));
  });

  it("has every row of the user's, with every column as it is stored, and nobody else's", async () => {
    const { tables } = await exportOf(ada);
    expect(tables).toEqual({
      profiles: [expect.objectContaining({ id: ada, display_name: "Somebody" })],
      events: [expect.objectContaining({ id: event, owner_id: ada, title: "Summer party" })],
      event_tickets: ["a", "b"].map((key) => expect.objectContaining({ event_id: event, key })),
      event_private_details: [{ event_id: event, organizer_email: null, join_url: "https://meet.example.com" }],
      wizard_sessions: [draft, done].map((id) => expect.objectContaining({ id, user_id: ada })),
      wizard_session_revisions: expect.arrayContaining([
        expect.objectContaining({ session_id: draft, revision: 0, snapshot: { basics: { title: "Fair" } } }),
        expect.objectContaining({ session_id: draft, revision: 1, patch: { basics: { summary: "Fun" } } }),
      ]),
    });
    expect(Object.fromEntries(Object.entries(tables).map(([name, rows]) => [name, rows.length]))).toEqual(HERS);
    for (const id of [draft, done]) {
      const { rows } = await db.root.query("select to_jsonb(s) as row from wizard_sessions s where id = $1", [id]);
      expect(Object.keys(only(tables.wizard_sessions?.filter((row) => row.id === id) ?? [])).toSorted()).toEqual(
        Object.keys(only(rows).row).toSorted(),
      );
    }
    expect(JSON.stringify(tables)).not.toContain(ben);
  });

  it("has times in ISO 8601 and UTC, whatever the connection's", async () => {
    await db.asUser(ada, async (client) => {
      await client.query("set local timezone to 'Asia/Tokyo'; set local datestyle to 'German'");
      const { rows } = await client.query<{ data: MyData }>("select export_my_data() as data");
      const [session] = only(rows).data.tables.wizard_sessions ?? [];
      const stored = await storedSession(db, draft);
      expect(session?.started_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$/);
      expect(Date.parse(String(session?.started_at))).toBe(Date.parse(stored?.started_at ?? ""));
    });
  });

  it("leaves the revisions out, and says so, where they are not asked for", async () => {
    const { history, tables } = await exportOf(ada, false);
    expect([history, Object.keys(tables)]).toEqual([
      false,
      ["profiles", "events", "event_tickets", "event_private_details", "wizard_sessions"],
    ]);
    expect(await exportOf(ada, null)).toMatchObject({
      history: true,
      tables: { wizard_session_revisions: [{}, {}, {}, {}] },
    });
  });

  it("is of nothing for somebody of whom nothing is stored, and stores nothing", async () => {
    const nobody = randomUUID();
    const nothing = {
      profiles: [],
      events: [],
      event_tickets: [],
      event_private_details: [],
      wizard_sessions: [],
      wizard_session_revisions: [],
    };
    expect((await exportOf(nobody)).tables).toEqual(nothing);
    expect(await countsOf(nobody)).toEqual(NOTHING);
  });

  it("is refused where it is more than 16 MiB, and given without the history where that is less", async () => {
    const { id } = await startSession(db, ada);
    // Checkpoints, each with the whole state beside its patch.
    await db.asUser(ada, async (client) => {
      for (let n = 0; n < 34; n++) {
        await client.query("update wizard_sessions set stage = $2, state = $3 where id = $1", [
          ...[id, 1 + (n % 6), { text: `${n} ${"x".repeat(250 * 1024)}` }],
        ]);
      }
    });
    expect(await refusal(exportOf(ada))).toMatchObject({
      ...{
        code: "WZ413",
        detail: '{"limit": 16777216}',
        message: expect.stringContaining("Export it without history"),
      },
    });
    expect((await exportOf(ada, false)).tables.wizard_sessions).toHaveLength(3);
    expect((await exportOf(ben)).tables.wizard_sessions).toHaveLength(2);
  });
});

describe("two exports at once", () => {
  it("of one user are refused, of two are not; the first one's end lets the next begin", async () => {
    await db.asUser(ada, async (client) => {
      await client.query("select export_my_data()");
      expect(await refusal(exportOf(ada, false))).toMatchObject({
        ...{
          code: "WZ408",
          message: "Another export of your data is already running. Try again when it has finished.",
        },
      });
      expect((await exportOf(ben)).userId).toBe(ben);
      expect(await countsOf(ada)).toEqual(HERS);
    });
    expect((await exportOf(ada)).userId).toBe(ada);
  });
});

describe("erasing", () => {
  it("takes everything of the user's, completed sessions too, and says how much; nobody else's", async () => {
    expect([await countsOf(ada), await countsOf(ben)]).toEqual([HERS, HERS]);
    expect(await erase(ada)).toEqual(HERS);
    expect([await countsOf(ada), await countsOf(ben)]).toEqual([NOTHING, HERS]);
    expect(await storedSession(db, done)).toBeUndefined();
    const { rows } = await db.root.query("select from wizard_session_revisions where session_id = any($1)", [
      [draft, done],
    ]);
    expect(rows).toEqual([]);
  });

  it("leaves nothing to be exported", async () => {
    await erase(ada);
    expect(Object.values((await exportOf(ada)).tables).flat()).toEqual([]);
  });

  it("takes nothing the second time", async () => {
    await erase(ada);
    expect(await erase(ada)).toEqual(NOTHING);
    expect(await countsOf(ben)).toEqual(HERS);
  });

  it("is no ban: the next session makes a new profile", async () => {
    await erase(ada);
    await startSession(db, ada);
    expect(await countsOf(ada)).toEqual({ ...NOTHING, profiles: 1, wizard_sessions: 1, wizard_session_revisions: 1 });
    const { rows } = await db.root.query("select display_name from profiles where id = $1", [ada]);
    expect(rows).toEqual([{ display_name: null }]);
  });

  it.each([
    ["another user's id", () => ben],
    ["an id of nobody's", () => randomUUID()],
    ["no id", () => null],
  ])("is refused when it is confirmed with %s", async (_, id) => {
    expect(await refusal(erase(ada, id()))).toMatchObject({
      ...{ code: "WZ400", message: "To erase your data, send your own user id as userId." },
    });
    expect([await countsOf(ada), await countsOf(ben)]).toEqual([HERS, HERS]);
  });

  it("waits for a session that is being begun, and takes and counts it too", async () => {
    let erased: Promise<Record<string, number>> | undefined;
    await db.asUser(ada, async (client) => {
      await client.query("insert into wizard_sessions default values");
      erased = erase(ada);
      await erasingWaits();
    });
    expect(await erased).toEqual({ ...HERS, wizard_sessions: 3, wizard_session_revisions: 5 });
    expect(await countsOf(ada)).toEqual(NOTHING);
  });

  it("waits for a session that is being completed, without a deadlock, and takes its event along", async () => {
    const state = completeState();
    const session = await startSession(db, ada, { state });
    let erased: Promise<Record<string, number>> | undefined;
    await db.asUser(ada, async (client) => {
      await client.query("select from wizard_sessions where id = $1 for update", [session.id]);
      erased = erase(ada);
      await erasingWaits();
      await completeAs(client, { id: session.id, base: 0, answers: state });
    });
    expect(await erased).toMatchObject({ events: 2, event_tickets: 5, wizard_sessions: 3 });
    expect(await countsOf(ada)).toEqual(NOTHING);
  });

  const erasingWaits = () =>
    until(async () => {
      const waiting =
        "select from pg_stat_activity where datname = $1 and wait_event_type = 'Lock' and query ~ 'erase_me'";
      return (await db.root.query(waiting, [db.name])).rowCount;
    }, "erasing that waits");
});

it("what is stored about people is told in docs/privacy.md, table by table", async () => {
  const text = await readFile(new URL("../../docs/privacy.md", import.meta.url), "utf8");
  const told = Array.from(text.matchAll(/^\| `(\w+)` /gm), ([, name]) => name);
  expect(told).toEqual((await personalTables()).map(({ name }) => name));
});

describe("both", () => {
  const calls = ["select export_my_data()", `select erase_me('${randomUUID()}')`];

  it.each(calls)("are refused to somebody who is not signed in: %s", async (call) => {
    expect(await refusal(db.asAnon((client) => client.query(call)))).toMatchObject({
      ...{ code: "42501", message: expect.stringMatching(/^permission denied for function/) },
    });
  });

  it.each(calls)("are refused to a role without a user: %s", async (call) => {
    const attempt = db.asUser(ada, async (client) => {
      await client.query("select set_config('request.jwt.claims', '', true)");
      await client.query(call);
    });
    expect(await refusal(attempt)).toMatchObject({ code: "WZ403", message: expect.stringMatching(/^Sign in to /) });
    expect(await countsOf(ada)).toEqual(HERS);
  });

  it("are about the back end itself, and of nothing, for a back end", async () => {
    const service = claimsFor(randomUUID(), "service_role");
    await db.asService(async (client) => {
      await client.query("select set_config('request.jwt.claims', $1, true)", [JSON.stringify(service)]);
      const { rows } = await client.query("select export_my_data() as data, erase_me($1) as erased", [service.sub]);
      expect(Object.values((only(rows).data as MyData).tables).flat()).toEqual([]);
      expect(only(rows).erased).toEqual(NOTHING);
    });
    expect([await countsOf(ada), await countsOf(ben)]).toEqual([HERS, HERS]);
  });

  it("are tried here with a row of every table that they are about", async () => {
    expect((await personalTables()).map(({ name }) => name)).toEqual(Object.keys(HERS));
  });
});
