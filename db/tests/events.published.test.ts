import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { publish } from "../../testkit/events.ts";
import { singleRow } from "../../testkit/rows.ts";
import { COMPLETE_ONLINE_STATE, COMPLETE_STATE } from "../../wizard/testing/completeState.ts";

const db = useTestDatabase();
const ada = randomUUID();
const ben = randomUUID();

type Event = Awaited<ReturnType<typeof publish>>;
const published = {} as Record<"public" | "unlisted" | "private" | "scheduled" | "cancelled", Event>;
beforeAll(async () => {
  const as = (visibility: string, more: object = {}) =>
    publish(db, ada, {
      location: COMPLETE_ONLINE_STATE.location,
      publish: { visibility, acceptTerms: true, ...more },
    });
  published.public = await as("public");
  published.unlisted = await as("unlisted");
  published.private = await as("private");
  published.scheduled = await as("public", { publishAt: "2027-01-01T00:00:00Z" });
  published.cancelled = await as("public");
  await db.root.query("update events set status = 'cancelled' where id = $1", [published.cancelled.id]);
  await db.root.query("update events set publish_at = now() + interval '1 hour' where id = $1", [
    published.scheduled.id,
  ]);
});

type As = <T>(work: Parameters<typeof db.asAnon<T>>[0]) => Promise<T>;

/** Returns the names of the events that a role can read, and of those whose tickets it can read. */
async function visible(as: As) {
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
  ["an anonymous client", (work) => db.asAnon(work)],
])("%s", (_, as) => {
  it("sees only events that are public and already published, with their tickets", async () => {
    expect(await visible(as)).toEqual({ events: ["public"], tickets: ["public"] });
  });

  it("sees an event from its publish_at on", async () => {
    await db.root.query("update events set publish_at = now() where id = $1", [published.scheduled.id]);
    expect((await visible(as)).events).toEqual(["public", "scheduled"]);
    await db.root.query("update events set publish_at = now() + interval '1 hour' where id = $1", [
      published.scheduled.id,
    ]);
  });

  it.each(["public", "unlisted"] as const)(
    "can read the event page of an event that is %s by its slug",
    async (name) => {
      const { id, slug } = published[name];
      const { rows } = await as((client) => client.query("select to_jsonb(published_event($1)) as page", [slug]));
      const { page } = singleRow(rows);
      expect(page).toMatchObject({ id, slug, title: "Summer party", visibility: name });
      expect(page.tickets.map(({ key }: { key: string }) => key).toSorted()).toEqual(
        Object.keys(COMPLETE_STATE.tickets.tickets).toSorted(),
      );
      expect(JSON.stringify(page)).not.toMatch(/ada@example\.com|meet\.example\.com|owner/);
      expect(JSON.stringify(page)).not.toContain(ada);
    },
  );

  it.each(["private", "scheduled", "cancelled"] as const)(
    "gets null for the event page of an event that is %s",
    async (name) => {
      const { slug } = published[name];
      const { rows } = await as((client) => client.query("select to_jsonb(published_event($1)) as page", [slug]));
      expect(rows).toEqual([{ page: null }]);
    },
  );

  it("can't change any event, ticket or private detail", async () => {
    const everything = async () => {
      const { rows } = await db.root.query(
        `select to_jsonb(e) as event, to_jsonb(t) as ticket, to_jsonb(d) as details
           from events e join event_tickets t on t.event_id = e.id join event_private_details d on d.event_id = e.id
          order by e.id, t.key`,
      );
      return rows;
    };
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
      // Either a policy hides the rows (0), or the role has no privilege (42501).
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

describe("the private details of an event", () => {
  it("can only be read by its owner", async () => {
    expect(await privateDetails((work) => db.asUser(ada, work))).toBe(5);
    expect(await privateDetails((work) => db.asUser(ben, work))).toBe(0);
    expect(await refusal(privateDetails(db.asAnon))).toMatchObject({ code: "42501" });
  });

  it("are deleted with the event, as are its tickets", async () => {
    const { id } = await publish(db, ada);
    await db.asUser(ada, (client) => client.query("select unpublish_event($1)", [id]));
    await db.asUser(ada, (client) => client.query("delete from events where id = $1", [id]));
    const { rows } = await db.root.query(
      `select (select count(*)::int from event_tickets where event_id = $1) as tickets,
              (select count(*)::int from event_private_details where event_id = $1) as details`,
      [id],
    );
    expect(rows).toEqual([{ tickets: 0, details: 0 }]);
  });
});

describe("the owner of events", () => {
  it("sees all of them, with their tickets", async () => {
    const all = Object.keys(published);
    expect(await visible((work) => db.asUser(ada, work))).toEqual({ events: all, tickets: all });
  });

  it.each(["event_tickets", "event_private_details"])("can't write to %s directly", async (table) => {
    for (const statement of [`delete from ${table}`, `update ${table} set event_id = event_id`]) {
      const attempt = db.asUser(ada, (client) => client.query(statement));
      expect(await refusal(attempt)).toMatchObject({ code: "42501" });
    }
  });

  it("can end an event when its ticket sales end, but not earlier", async () => {
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
});

describe("a published event", () => {
  it("can't lose its description, even if a superuser removes it", async () => {
    const { id } = await publish(db, ada);
    const attempt = db.root.query("update events set description = null where id = $1", [id]);
    expect(await refusal(attempt)).toMatchObject({ code: "23514", constraint: "events_published_check" });
  });
});
