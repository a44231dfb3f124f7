import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { claimsFor, refusal, useTestDatabase } from "../../testkit/database.ts";
import { completeOn, completeState } from "../../testkit/events.ts";
import { createEvent, singleRow, startSession, storedSession } from "../../testkit/rows.ts";
import { withoutTriggers } from "../../testkit/sampleSessions.ts";
import { save, update } from "../../testkit/saving.ts";
import { until } from "../../testkit/until.ts";
import { COMPLETE_STATE } from "../../wizard/testing/completeState.ts";

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
  return singleRow(rows).data;
}

interface Page {
  readonly rows: readonly { readonly table: string; readonly row: Readonly<Record<string, unknown>> }[];
  readonly next: string | null;
}

async function exportPage(sub: string, after: string | null = null, history: boolean | null = true): Promise<Page> {
  const { rows } = await db.asUser(sub, (client) =>
    client.query<Page>("select * from export_my_data_page($1, $2)", [after, history]),
  );
  return singleRow(rows);
}

/** Exports all result pages, and calls `between` before each page except the first. */
async function exportPages(sub: string, history = true, between?: (pages: readonly Page[]) => Promise<unknown>) {
  const pages = [await exportPage(sub, null, history)];
  for (let last = pages.at(-1); last?.next != null; last = pages.at(-1)) {
    await between?.(pages);
    pages.push(await exportPage(sub, last.next, history));
  }
  return pages;
}

/** The rows of a table in result pages, in the order of the pages. */
const rowsOf = (pages: readonly Page[], table: string) =>
  pages.flatMap(({ rows }) => rows.filter((row) => row.table === table).map(({ row }) => row));

async function erase(
  sub: string,
  id: string | null = sub,
  atMost: number | null = null,
): Promise<Record<string, number>> {
  const { rows } = await db.asUser(sub, (client) =>
    client.query<{ erased: Record<string, number> }>("select erase_me($1, $2) as erased", [id, atMost]),
  );
  return singleRow(rows).erased;
}

/** Reads the list of tables with personal data, each with the condition for a user's rows. */
async function personalTables(): Promise<{ readonly name: string; readonly of_user: string }[]> {
  return (await db.root.query("select * from app_private.personal_tables()")).rows;
}

/** Counts a user's rows in each table, without RLS and without the functions under test. */
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
       'wizard_session_event_bases', (
         select count(*) from wizard_session_event_bases b join wizard_sessions s on s.id = b.session_id where s.user_id = $1
       ),
       'wizard_session_revisions', (
         select count(*) from wizard_session_revisions r join wizard_sessions s on s.id = r.session_id where s.user_id = $1
       )) as counts`,
    [user],
  );
  return singleRow(rows).counts;
}

const NO_ROWS = {
  profiles: 0,
  events: 0,
  event_tickets: 0,
  event_private_details: 0,
  wizard_sessions: 0,
  wizard_session_event_bases: 0,
  wizard_session_revisions: 0,
};
const ALL_ROWS = {
  profiles: 1,
  events: 1,
  event_tickets: 2,
  event_private_details: 1,
  wizard_sessions: 2,
  wizard_session_event_bases: 1,
  wizard_session_revisions: 4,
};

let ada: string;
let ben: string;
let unfinished: string;
let completed: string;
let event: string;

/** Creates a draft event, an unfinished session with one save and a completed session that has the event. */
async function fillFor(sub: string) {
  const eventId = await createEvent(db, sub);
  await db.root.query(
    `with t as (
       insert into event_tickets (event_id, key, name, kind, quantity) values ($1, 'a', 'Seat', 'free', 1), ($1, 'b', 'Bench', 'free', 2)
     )
     insert into event_private_details (event_id, join_url) values ($1, 'https://meet.example.com')`,
    [eventId],
  );
  const { id: unfinishedId } = await startSession(db, sub, { state: { basics: { title: "Fair" } } });
  await save(db, sub, { id: unfinishedId, base: 0, patch: { basics: { summary: "Fun" } }, stage: 2 });
  const { id: completedId } = await startSession(db, sub, { event_id: eventId });
  await update(db, sub, completedId, { state: COMPLETE_STATE, status: "completed" });
  await db.asUser(sub, (client) => client.query("update profiles set display_name = 'Test user'"));
  return { eventId, unfinishedId, completedId };
}

beforeEach(async () => {
  [ada, ben] = [randomUUID(), randomUUID()];
  ({ eventId: event, unfinishedId: unfinished, completedId: completed } = await fillFor(ada));
  await fillFor(ben);
});

describe("export_my_data", () => {
  it("returns its format, version, user and time", async () => {
    const { tables, ...head } = await exportOf(ada);
    expect(head).toEqual({
      ...{ format: "stagekeep-my-data", version: 1, userId: ada, history: true },
      exportedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$/),
    });
    expect(Object.keys(tables)).toEqual((await personalTables()).map(({ name }) => name));
  });

  it("returns all rows of the user with all columns, and no row of another user", async () => {
    const { tables } = await exportOf(ada);
    expect(tables).toEqual({
      profiles: [expect.objectContaining({ id: ada, display_name: "Test user" })],
      events: [expect.objectContaining({ id: event, owner_id: ada, title: "Summer party" })],
      event_tickets: ["a", "b"].map((key) => expect.objectContaining({ event_id: event, key })),
      event_private_details: [{ event_id: event, organizer_email: null, join_url: "https://meet.example.com" }],
      wizard_sessions: [unfinished, completed].map((id) => expect.objectContaining({ id, user_id: ada })),
      wizard_session_event_bases: [
        expect.objectContaining({
          ...{ session_id: completed, event_id: event },
          answers: expect.objectContaining({ basics: { title: "Summer party" } }),
        }),
      ],
      wizard_session_revisions: expect.arrayContaining([
        expect.objectContaining({ session_id: unfinished, revision: 0, snapshot: { basics: { title: "Fair" } } }),
        expect.objectContaining({ session_id: unfinished, revision: 1, patch: { basics: { summary: "Fun" } } }),
      ]),
    });
    expect(Object.fromEntries(Object.entries(tables).map(([name, rows]) => [name, rows.length]))).toEqual(ALL_ROWS);
    for (const id of [unfinished, completed]) {
      const { rows } = await db.root.query("select to_jsonb(s) as row from wizard_sessions s where id = $1", [id]);
      expect(Object.keys(singleRow(tables.wizard_sessions?.filter((row) => row.id === id) ?? [])).toSorted()).toEqual(
        Object.keys(singleRow(rows).row).toSorted(),
      );
    }
    expect(JSON.stringify(tables)).not.toContain(ben);
  });

  it("returns times in ISO 8601 and UTC, regardless of the settings of the connection", async () => {
    await db.asUser(ada, async (client) => {
      await client.query("set local timezone to 'Asia/Tokyo'; set local datestyle to 'German'");
      const { rows } = await client.query<{ data: MyData }>("select export_my_data() as data");
      const [session] = singleRow(rows).data.tables.wizard_sessions ?? [];
      const stored = await storedSession(db, unfinished);
      expect(session?.started_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$/);
      expect(Date.parse(String(session?.started_at))).toBe(Date.parse(stored?.started_at ?? ""));
    });
  });

  it("leaves out the revisions when history is false, but not when it is null", async () => {
    const { history, tables } = await exportOf(ada, false);
    expect([history, Object.keys(tables)]).toEqual([
      false,
      [
        ...["profiles", "events", "event_tickets", "event_private_details", "wizard_sessions"],
        "wizard_session_event_bases",
      ],
    ]);
    expect(await exportOf(ada, null)).toMatchObject({
      history: true,
      tables: { wizard_session_revisions: [{}, {}, {}, {}] },
    });
  });

  it("returns no rows for an unknown user, and writes none", async () => {
    const unknown = randomUUID();
    const nothing = {
      profiles: [],
      events: [],
      event_tickets: [],
      event_private_details: [],
      wizard_sessions: [],
      wizard_session_event_bases: [],
      wizard_session_revisions: [],
    };
    expect((await exportOf(unknown)).tables).toEqual(nothing);
    expect(await countsOf(unknown)).toEqual(NO_ROWS);
  });

  it("fails above 16 MiB, but succeeds without history if that is smaller", async () => {
    const { id } = await startSession(db, ada);
    // The null makes each revision a checkpoint, which contains the whole state in addition to the patch.
    await db.asUser(ada, async (client) => {
      for (let n = 0; n < 34; n++) {
        await client.query("update wizard_sessions set stage = $2, state = $3 where id = $1", [
          ...[id, 1 + (n % 6), { [`none${n}`]: null, text: `${n} ${"x".repeat(250 * 1024)}` }],
        ]);
      }
    });
    expect(await refusal(exportOf(ada))).toMatchObject({
      ...{
        code: "WZ413",
        detail: '{"limit": 16777216}',
        message: expect.stringContaining("Export it in result pages, with exportMyDataPage."),
      },
    });
    expect((await exportOf(ada, false)).tables.wizard_sessions).toHaveLength(3);
    expect((await exportOf(ben)).tables.wizard_sessions).toHaveLength(2);
  });
});

describe("export_my_data_page", () => {
  const sorted = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).toSorted();

  it.each([true, false])("returns the rows of export_my_data(%s) in one page if they are few", async (history) => {
    const { tables } = await exportOf(ada, history);
    const page = await exportPage(ada, null, history);
    expect(page.next).toBeNull();
    for (const [table, rows] of Object.entries(tables)) expect(sorted(rowsOf([page], table))).toEqual(sorted(rows));
    expect(page.rows).toHaveLength(Object.values(tables).flat().length);
  });

  it("returns the revisions when history is null", async () => {
    expect(rowsOf([await exportPage(ada, null, null)], "wizard_session_revisions")).toHaveLength(4);
  });

  it("returns an empty page for an unknown user", async () => {
    expect(await exportPage(randomUUID())).toEqual({ rows: [], next: null });
  });

  describe("of much data", () => {
    /** Three sessions, one of which has more history than a page. */
    async function startLarge() {
      const ids = [];
      for (let n = 0; n < 2; n++) ids.push((await startSession(db, ada, { state: { n } })).id);
      const [large = ""] = ids;
      await db.asUser(ada, async (client) => {
        for (let n = 0; n < 20; n++) {
          await client.query("update wizard_sessions set stage = $2, state = $3 where id = $1", [
            ...[large, 1 + (n % 6), { text: `${n} ${"x".repeat(250 * 1024)}` }],
          ]);
        }
      });
      return large;
    }
    const keyOf = ({ session_id, revision }: Readonly<Record<string, unknown>>) => `${session_id} ${revision}`;
    const storedRevisions = async () => {
      const { rows } = await db.root.query(
        "select r.* from wizard_session_revisions r join wizard_sessions s on s.id = r.session_id where s.user_id = $1",
        [ada],
      );
      return rows.map(keyOf).toSorted();
    };

    it("returns each row once, and splits the history of a session at 2 MiB", async () => {
      const large = await startLarge();
      const pages = await exportPages(ada);
      // A row with a checkpoint has the state twice.
      for (const page of pages) expect(JSON.stringify(page).length).toBeLessThan(3 * 1024 * 1024);
      const ofLarge = pages.filter(({ rows }) => rows.some(({ row }) => row.session_id === large));
      expect(ofLarge.length).toBeGreaterThan(1);
      expect(rowsOf(pages, "wizard_session_revisions").map(keyOf).toSorted()).toEqual(await storedRevisions());
      expect(rowsOf(pages, "wizard_sessions")).toHaveLength(4);
      expect(rowsOf(pages, "event_tickets").map(({ key }) => key)).toEqual(["a", "b"]);
    });

    it("leaves out the revisions when history is false", async () => {
      await startLarge();
      const [page, ...others] = await exportPages(ada, false);
      expect(others).toEqual([]);
      expect(page?.rows).toHaveLength(1 + 1 + 2 + 1 + 4 + 1);
    });

    it("continues when the revisions and the session at the end of a page were deleted", async () => {
      const large = await startLarge();
      let after: string | null = null;
      const pages = await exportPages(ada, true, async (before) => {
        const last = before.at(-1);
        if (after === null && last?.next?.includes(large)) {
          after = last.next;
          await db.asUser(ada, (client) => client.query("delete from wizard_sessions where id = $1", [large]));
        }
      });
      expect(after).toMatch(/^wizard_session_revisions\//);
      expect(rowsOf(pages, "wizard_session_revisions").map(keyOf)).toEqual(
        expect.arrayContaining(await storedRevisions()),
      );
    });

    it("ends a page after 5,000 steps, also when it has found nothing", async () => {
      await withoutTriggers(
        db,
        `insert into wizard_sessions (user_id) select '${ada}' from generate_series(1, 11000);
         delete from wizard_session_event_bases`,
      );
      const pages = await exportPages(ada);
      expect(rowsOf(pages, "wizard_sessions")).toHaveLength(11002);
      expect(new Set(rowsOf(pages, "wizard_sessions").map(({ id }) => id)).size).toBe(11002);
      expect(pages.map(({ rows }) => rows.length)).toContain(0);
      expect(Math.max(...pages.map(({ rows }) => rows.length))).toBeLessThanOrEqual(5000);
    });
  });

  it.each([
    "",
    "wizard_sessions",
    `app_private.thinning/${randomUUID()}/1`,
    `pg_class/${randomUUID()}/1`,
    `wizard_sessions/${randomUUID()}/-1`,
    `wizard_sessions/${randomUUID()}/1; drop table wizard_sessions`,
  ])("fails for an `after` that no page has returned: %j", async (after) => {
    expect(await refusal(exportPage(ada, after))).toMatchObject({
      ...{ code: "WZ400", detail: '{"field": "after"}', message: "after must be the `next` of another page." },
    });
  });

  it("returns no row of another user, also with that user's `after`", async () => {
    const id = (await exportOf(ada)).tables.wizard_sessions?.[0]?.id;
    for (const table of ["profiles", "wizard_sessions", "wizard_session_revisions"]) {
      const page = await exportPage(ben, `${table}/${id}/0`);
      expect(JSON.stringify(page)).not.toMatch(new RegExp([ada, unfinished, completed, event].join("|")));
    }
  });
});

describe("a second export while one is running", () => {
  it("fails for the same user, but not for another user: result pages", async () => {
    await db.asUser(ada, async (client) => {
      await client.query("select export_my_data_page()");
      for (const attempt of [exportPage(ada), exportOf(ada)]) {
        expect(await refusal(attempt)).toMatchObject({ code: "WZ408" });
      }
      expect((await exportPage(ben)).rows).not.toEqual([]);
    });
  });

  it("fails for the same user, but not for another user", async () => {
    await db.asUser(ada, async (client) => {
      await client.query("select export_my_data()");
      expect(await refusal(exportOf(ada, false))).toMatchObject({
        ...{
          code: "WZ408",
          message: "Another export of your data is already running. Try again when it has finished.",
        },
      });
      expect((await exportOf(ben)).userId).toBe(ben);
      expect(await countsOf(ada)).toEqual(ALL_ROWS);
    });
    expect((await exportOf(ada)).userId).toBe(ada);
  });
});

describe("erase_me", () => {
  it("deletes all rows of the user, even completed sessions, and returns their counts", async () => {
    expect([await countsOf(ada), await countsOf(ben)]).toEqual([ALL_ROWS, ALL_ROWS]);
    expect(await erase(ada)).toEqual(ALL_ROWS);
    expect([await countsOf(ada), await countsOf(ben)]).toEqual([NO_ROWS, ALL_ROWS]);
    expect(await storedSession(db, completed)).toBeUndefined();
    const { rows } = await db.root.query("select from wizard_session_revisions where session_id = any($1)", [
      [unfinished, completed],
    ]);
    expect(rows).toEqual([]);
  });

  it("deletes at most the given number of sessions per call, and everything else with the last ones", async () => {
    await startSession(db, ada);
    const all = { ...ALL_ROWS, wizard_sessions: 3, wizard_session_revisions: 5 };
    const calls: Record<string, number>[] = [];
    for (let left = 2; left >= 1; left--) {
      calls.push(await erase(ada, ada, 1));
      expect(calls.at(-1)).toMatchObject({ profiles: 0, events: 0, event_tickets: 0, wizard_sessions: 1 });
      expect(await countsOf(ada)).toMatchObject({ profiles: 1, events: 1, event_tickets: 2, wizard_sessions: left });
    }
    calls.push(await erase(ada, ada, 1));
    expect(calls.at(-1)).toMatchObject({ profiles: 1, events: 1, event_tickets: 2, wizard_sessions: 1 });
    const sum = (table: string) => calls.reduce((total, erased) => total + (erased[table] ?? 0), 0);
    expect(Object.fromEntries(Object.keys(all).map((table) => [table, sum(table)]))).toEqual(all);
    expect([await countsOf(ada), await countsOf(ben)]).toEqual([NO_ROWS, ALL_ROWS]);
    expect(await erase(ada, ada, 1)).toEqual(NO_ROWS);
  });

  it("deletes everything in one call if there are not more sessions than that", async () => {
    expect(await erase(ada, ada, 2)).toEqual(ALL_ROWS);
    expect(await countsOf(ada)).toEqual(NO_ROWS);
  });

  it.each([0, -1])("fails when it is called with %d sessions at most", async (atMost) => {
    expect(await refusal(erase(ada, ada, atMost))).toMatchObject({
      ...{ code: "WZ400", detail: '{"field": "atMost"}', message: "atMost must be at least 1." },
    });
    expect(await countsOf(ada)).toEqual(ALL_ROWS);
  });

  it("leaves nothing to export", async () => {
    await erase(ada);
    expect(Object.values((await exportOf(ada)).tables).flat()).toEqual([]);
  });

  it("deletes nothing when it is called again", async () => {
    await erase(ada);
    expect(await erase(ada)).toEqual(NO_ROWS);
    expect(await countsOf(ben)).toEqual(ALL_ROWS);
  });

  it("does not block the user: the next session creates a new profile", async () => {
    await erase(ada);
    await startSession(db, ada);
    expect(await countsOf(ada)).toEqual({ ...NO_ROWS, profiles: 1, wizard_sessions: 1, wizard_session_revisions: 1 });
    const { rows } = await db.root.query("select display_name from profiles where id = $1", [ada]);
    expect(rows).toEqual([{ display_name: null }]);
  });

  it.each([
    ["another user's id", () => ben],
    ["an unknown id", () => randomUUID()],
    ["null", () => null],
  ])("fails when it is called with %s", async (_, id) => {
    expect(await refusal(erase(ada, id()))).toMatchObject({
      ...{ code: "WZ400", message: "To erase your data, send your own user id as userId." },
    });
    expect([await countsOf(ada), await countsOf(ben)]).toEqual([ALL_ROWS, ALL_ROWS]);
  });

  it("waits for a session that is being inserted, and then deletes and counts it", async () => {
    let erased: Promise<Record<string, number>> | undefined;
    await db.asUser(ada, async (client) => {
      await client.query("insert into wizard_sessions default values");
      erased = erase(ada);
      await eraseMeWaits();
    });
    expect(await erased).toEqual({ ...ALL_ROWS, wizard_sessions: 3, wizard_session_revisions: 5 });
    expect(await countsOf(ada)).toEqual(NO_ROWS);
  });

  it("waits for a session that is being completed, without a deadlock, and then deletes its event too", async () => {
    const state = completeState();
    const session = await startSession(db, ada, { state });
    let erased: Promise<Record<string, number>> | undefined;
    await db.asUser(ada, async (client) => {
      await client.query("select from app_private.lock_wizard_session($1)", [session.id]);
      erased = erase(ada);
      await eraseMeWaits();
      await completeOn(client, { id: session.id, base: 0, answers: state });
    });
    expect(await erased).toMatchObject({ events: 2, event_tickets: 5, wizard_sessions: 3 });
    expect(await countsOf(ada)).toEqual(NO_ROWS);
  });

  const eraseMeWaits = () =>
    until(async () => {
      const waiting =
        "select from pg_stat_activity where datname = $1 and wait_event_type = 'Lock' and query ~ 'erase_me'";
      return (await db.root.query(waiting, [db.name])).rowCount;
    }, "erase_me to wait for a lock");
});

it("docs/privacy.md has a row for each table with personal data", async () => {
  const text = await readFile(new URL("../../docs/privacy.md", import.meta.url), "utf8");
  const documented = Array.from(text.matchAll(/^\| `(\w+)` /gm), ([, name]) => name);
  expect(documented).toEqual((await personalTables()).map(({ name }) => name));
});

describe("export_my_data, export_my_data_page and erase_me", () => {
  const calls = [
    ...["select export_my_data()", "select export_my_data_page()"],
    ...[`select erase_me('${randomUUID()}')`, `select erase_me('${randomUUID()}', 1)`],
  ];

  it.each(calls)("are denied to an anonymous client: %s", async (call) => {
    expect(await refusal(db.asAnon((client) => client.query(call)))).toMatchObject({
      ...{ code: "42501", message: expect.stringMatching(/^permission denied for function/) },
    });
  });

  it.each(calls)("fail without a user id in the claims: %s", async (call) => {
    const attempt = db.asUser(ada, async (client) => {
      await client.query("select set_config('request.jwt.claims', '', true)");
      await client.query(call);
    });
    expect(await refusal(attempt)).toMatchObject({ code: "WZ403", message: expect.stringMatching(/^Sign in to /) });
    expect(await countsOf(ada)).toEqual(ALL_ROWS);
  });

  it("find no rows when service_role calls them", async () => {
    const service = claimsFor(randomUUID(), "service_role");
    await db.asService(async (client) => {
      await client.query("select set_config('request.jwt.claims', $1, true)", [JSON.stringify(service)]);
      const { rows } = await client.query("select export_my_data() as data, erase_me($1) as erased", [service.sub]);
      expect(Object.values((singleRow(rows).data as MyData).tables).flat()).toEqual([]);
      expect(singleRow(rows).erased).toEqual(NO_ROWS);
    });
    expect([await countsOf(ada), await countsOf(ben)]).toEqual([ALL_ROWS, ALL_ROWS]);
  });

  it("are tested here with rows in every table with personal data", async () => {
    expect((await personalTables()).map(({ name }) => name)).toEqual(Object.keys(ALL_ROWS));
  });
});
