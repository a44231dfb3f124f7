import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { completeState, publish } from "../../testkit/events.ts";
import { only } from "../../testkit/rows.ts";
import { COMPLETE_ONLINE_STATE, COMPLETE_STATE } from "../../wizard/testing/completeState.ts";

const db = useTestDatabase();
const ada = randomUUID();
const ben = randomUUID();

type Event = Awaited<ReturnType<typeof publish>>;
const published = {} as Record<"public" | "unlisted" | "private" | "later" | "cancelled", Event>;
beforeAll(async () => {
  const as = (visibility: string, more: object = {}) =>
    publish(db, ada, {
      location: COMPLETE_ONLINE_STATE.location,
      publish: { visibility, acceptTerms: true, ...more },
    });
  published.public = await as("public");
  published.unlisted = await as("unlisted");
  published.private = await as("private");
  published.later = await as("public", { publishAt: "2027-01-01T00:00:00Z" });
  published.cancelled = await as("public");
  await db.root.query("update events set status = 'cancelled' where id = $1", [published.cancelled.id]);
  await db.root.query("update events set publish_at = now() + interval '1 hour' where id = $1", [published.later.id]);
});

/** Which of them somebody finds, and whose tickets and private details. */
type As = <T>(work: Parameters<typeof db.asAnon<T>>[0]) => Promise<T>;
async function found(as: As) {
  const names = Object.entries(published);
  return as(async (client) => {
    const ids = async (table: string, column: string) => {
      const { rows } = await client.query<{ id: string }>(`select distinct ${column} as id from ${table}`);
      return names.filter(([, { id }]) => rows.some((row) => row.id === id)).map(([name]) => name);
    };
    return { events: await ids("events", "id"), tickets: await ids("event_tickets", "event_id") };
  });
}
const privateDetails = async (as: As) =>
  (await as((client) => client.query<{ event_id: string }>("select event_id from event_private_details"))).rows.length;

describe.each<[string, As]>([
  ["another user", (work) => db.asUser(ben, work)],
  ["somebody who is not signed in", (work) => db.asAnon(work)],
])("%s", (_, as) => {
  it("finds the events that are public and published by now, with their tickets, and no others", async () => {
    expect(await found(as)).toEqual({ events: ["public"], tickets: ["public"] });
  });

  it("is shown an event once its time has come", async () => {
    await db.root.query("update events set publish_at = now() where id = $1", [published.later.id]);
    expect((await found(as)).events).toEqual(["public", "later"]);
    await db.root.query("update events set publish_at = now() + interval '1 hour' where id = $1", [published.later.id]);
  });

  it.each(["public", "unlisted"] as const)("reads the page of a(n) %s event by its address", async (name) => {
    const { id, slug } = published[name];
    const { rows } = await as((client) => client.query("select to_jsonb(published_event($1)) as page", [slug]));
    const { page } = only(rows);
    expect(page).toMatchObject({ id, slug, title: "Summer party", visibility: name });
    expect(page.tickets.map(({ key }: { key: string }) => key).toSorted()).toEqual(
      Object.keys(COMPLETE_STATE.tickets.tickets).toSorted(),
    );
    expect(JSON.stringify(page)).not.toMatch(/ada@example\.com|meet\.example\.com|owner/);
    expect(JSON.stringify(page)).not.toContain(ada);
  });

  it.each(["private", "later", "cancelled"] as const)("gets no page of one that is %s", async (name) => {
    const { slug } = published[name];
    const { rows } = await as((client) => client.query("select to_jsonb(published_event($1)) as page", [slug]));
    expect(rows).toEqual([{ page: null }]);
  });

  it("changes nothing of any", async () => {
    const everything = async () =>
      (await db.root.query("select e.*, t.* from events e join event_tickets t on t.event_id = e.id order by 1, t.key"))
        .rows;
    const before = await everything();
    const statements = [
      "update events set title = 'Mine'",
      "delete from events",
      "update event_tickets set quantity = 1",
      "delete from event_tickets",
      "insert into event_tickets (event_id, key, name, kind, quantity) select id, 'x', 'x', 'free', 1 from events",
      "update event_private_details set join_url = null",
      "delete from event_private_details",
    ];
    for (const statement of statements) {
      // Nothing or a refusal: a policy hides the rows from some, and others may not even try.
      const attempt = as((client) => client.query(statement));
      expect([0, "42501"]).toContain(
        await attempt.then(
          ({ rowCount }) => rowCount,
          ({ code }) => code,
        ),
      );
    }
    expect(await everything()).toEqual(before);
  });
});

describe("what is not on the page", () => {
  it("is for the event's owner", async () => {
    expect(await privateDetails((work) => db.asUser(ada, work))).toBe(5);
    expect(await privateDetails((work) => db.asUser(ben, work))).toBe(0);
    expect(await refusal(privateDetails(db.asAnon))).toMatchObject({ code: "42501" });
  });

  it("goes with the event", async () => {
    const { id } = await publish(db, ada);
    await db.asUser(ada, (client) => client.query("delete from events where id = $1", [id]));
    const { rows } = await db.root.query(
      `select (select count(*)::int from event_tickets where event_id = $1) as tickets,
              (select count(*)::int from event_private_details where event_id = $1) as details`,
      [id],
    );
    expect(rows).toEqual([{ tickets: 0, details: 0 }]);
  });
});

describe("the owner of an event", () => {
  it("finds all of them", async () => {
    const all = Object.keys(published);
    expect(await found((work) => db.asUser(ada, work))).toEqual({ events: all, tickets: all });
  });

  it.each(["event_tickets", "event_private_details"])("can't write to %s past the wizard", async (table) => {
    for (const statement of [`delete from ${table}`, `update ${table} set event_id = event_id`]) {
      const attempt = db.asUser(ada, (client) => client.query(statement));
      expect(await refusal(attempt)).toMatchObject({ code: "42501" });
    }
  });

  it("can't let it end before the sales of its tickets do, but with them", async () => {
    const { id } = await publish(db, ada);
    const move = (time: string) =>
      db.root.query("update events set starts_at = '2027-05-01T00:00Z', doors_at = null, ends_at = $2 where id = $1", [
        id,
        time,
      ]);
    expect(await refusal(move("2027-05-31T21:59:58Z"))).toMatchObject({ code: "WZ400" });
    await expect(move("2027-05-31T21:59:59Z")).resolves.toMatchObject({ rowCount: 1 });
    const update = db.asUser(ada, (client) =>
      client.query("update events set ends_at = '2027-05-31T00:00Z' where id = $1", [id]),
    );
    expect(await refusal(update)).toMatchObject({ code: "WZ400" });
  });

  it("can't begin with a page that lacks what a page needs", async () => {
    const { id } = await publish(db, ada, { page: { ...completeState().page } });
    const attempt = db.root.query("update events set description = null where id = $1", [id]);
    expect(await refusal(attempt)).toMatchObject({ code: "23514", constraint: "events_published_check" });
  });
});
