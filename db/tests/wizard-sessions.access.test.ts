import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import {
  countSessions,
  createEvent,
  type SessionRow,
  singleRow,
  startSession,
  storedSession,
} from "../../testkit/rows.ts";

const db = useTestDatabase();

const NO_PERMISSION = { code: "42501", message: "permission denied for table wizard_sessions" };
const BY_POLICY = { code: "42501", message: 'new row violates row-level security policy for table "wizard_sessions"' };
const BY_EVENT_POLICY = {
  code: "42501",
  message: 'new row violates row-level security policy "wizard_sessions_event_policy" for table "wizard_sessions"',
};

const SELECT = "select id from wizard_sessions where id = $1";
const UPDATE = "update wizard_sessions set stage = 4 where id = $1 returning id";
const DELETE = "delete from wizard_sessions where id = $1 returning id";
// No WHERE and no RETURNING: with them, the policies for reading would apply too and could hide a gap in the others.
const INSERT_FOR = "insert into wizard_sessions (user_id) values ($1)";

/** Ada owns `session`, and Ben owns `bens`. */
let ada: string;
let ben: string;
let session: SessionRow;
let bens: SessionRow;

beforeEach(async () => {
  [ada, ben] = [randomUUID(), randomUUID()];
  session = await startSession(db, ada, { stage: 2, state: { basics: { title: "Summer party" } } });
  bens = await startSession(db, ben);
});

const asUser = (sub: string, statement: string, ...values: unknown[]) =>
  db.asUser(sub, async (client) => (await client.query(statement, values)).rows);
const asAnon = (statement: string, ...values: unknown[]) =>
  db.asAnon(async (client) => (await client.query(statement, values)).rows);
const asService = (statement: string, ...values: unknown[]) =>
  db.asService(async (client) => (await client.query(statement, values)).rows);

describe("the policies on wizard_sessions", () => {
  it("are the two required ones, and a restrictive one about events", async () => {
    const own = "(user_id = ( SELECT auth.uid() AS uid))";
    const { rows } = await db.root.query(
      `select policyname as name, permissive, cmd, roles::text[] as roles, qual as using, with_check
         from pg_policies where schemaname = 'public' and tablename = 'wizard_sessions' order by policyname`,
    );
    const roles = ["authenticated"];
    expect(rows).toEqual([
      {
        name: "wizard_sessions_event_policy",
        permissive: "RESTRICTIVE",
        cmd: "ALL",
        roles,
        using: "true",
        with_check: expect.stringContaining("events.owner_id = ( SELECT auth.uid() AS uid)"),
      },
      {
        name: "wizard_sessions_insert_policy",
        permissive: "PERMISSIVE",
        cmd: "INSERT",
        roles,
        using: null,
        with_check: own,
      },
      { name: "wizard_sessions_policy", permissive: "PERMISSIVE", cmd: "ALL", roles, using: own, with_check: own },
    ]);
  });
});

describe("reading a session", () => {
  it("is allowed for its owner", async () => {
    expect(await asUser(ada, SELECT, session.id)).toEqual([{ id: session.id }]);
    expect(await asUser(ada, "select id from wizard_sessions")).toEqual([{ id: session.id }]);
  });

  it("returns nothing to another user", async () => {
    expect(await asUser(ben, SELECT, session.id)).toEqual([]);
    expect(await asUser(ben, "select user_id from wizard_sessions")).toEqual([{ user_id: ben }]);
    expect(await storedSession(db, session.id)).toEqual(session);
  });

  it("for update returns nothing to another user", async () => {
    expect(await asUser(ben, `${SELECT} for update`, session.id)).toEqual([]);
    expect(await asUser(ada, `${SELECT} for update`, session.id)).toEqual([{ id: session.id }]);
  });

  it("is denied to an anonymous client", async () => {
    expect(await refusal(asAnon(SELECT, session.id))).toMatchObject(NO_PERMISSION);
    expect(await refusal(asAnon("select count(*) from wizard_sessions"))).toMatchObject(NO_PERMISSION);
  });

  it("is allowed for service_role, whichever user owns it", async () => {
    expect(await asService(SELECT, session.id)).toEqual([{ id: session.id }]);
  });

  it("returns nothing without a user id in the claims", async () => {
    const rows = await db.asUser(ada, async (client) => {
      await client.query("select set_config('request.jwt.claims', '', true)");
      return (await client.query("select id from wizard_sessions")).rows;
    });
    expect(rows).toEqual([]);
  });
});

describe("creating a session", () => {
  it("is allowed for the user who will own it", async () => {
    await asUser(ada, INSERT_FOR, ada);
    expect(await countSessions(db, ada)).toBe(2);
  });

  it("is denied for a session that another user will own", async () => {
    expect(await refusal(asUser(ben, INSERT_FOR, ada))).toMatchObject(BY_POLICY);
    expect(await countSessions(db, ada)).toBe(1);
    expect(await countSessions(db, ben)).toBe(1);
  });

  it("is denied to an anonymous client", async () => {
    expect(await refusal(asAnon(INSERT_FOR, ada))).toMatchObject(NO_PERMISSION);
    expect(await refusal(asAnon("insert into wizard_sessions default values"))).toMatchObject(NO_PERMISSION);
    expect(await countSessions(db, ada)).toBe(1);
  });

  it("is allowed for service_role, whichever user will own it", async () => {
    await asService(INSERT_FOR, ada);
    expect(await countSessions(db, ada)).toBe(2);
  });
});

describe("updating a session", () => {
  it("is allowed for its owner", async () => {
    expect(await asUser(ada, UPDATE, session.id)).toEqual([{ id: session.id }]);
    expect(await storedSession(db, session.id)).toMatchObject({ stage: 4 });
  });

  it("has no effect on the session of another user", async () => {
    expect(await asUser(ben, UPDATE, session.id)).toEqual([]);
    expect(await storedSession(db, session.id)).toEqual(session);
  });

  it("has no effect on the session of another user in a statement without a condition", async () => {
    await asUser(ben, "update wizard_sessions set stage = 4");
    expect(await storedSession(db, bens.id)).toMatchObject({ stage: 4 });
    expect(await storedSession(db, session.id)).toEqual(session);
  });

  it("is denied to another user who inserts its id with on conflict do update", async () => {
    const upsert =
      "insert into wizard_sessions (id) values ($1) on conflict (id) do update set stage = 4 returning revision";
    expect(await refusal(asUser(ben, upsert, session.id))).toMatchObject({ code: "42501" });
    expect(await storedSession(db, session.id)).toEqual(session);
    expect(await asUser(ada, upsert, session.id)).toEqual([{ revision: 1 }]);
  });

  it("is denied to an anonymous client", async () => {
    expect(await refusal(asAnon(UPDATE, session.id))).toMatchObject(NO_PERMISSION);
    expect(await storedSession(db, session.id)).toEqual(session);
  });

  it("is allowed for service_role, whichever user owns it", async () => {
    expect(await asService(UPDATE, session.id)).toEqual([{ id: session.id }]);
    expect(await storedSession(db, session.id)).toMatchObject({ stage: 4 });
  });
});

describe("deleting a session", () => {
  it("is allowed for its owner", async () => {
    expect(await asUser(ada, DELETE, session.id)).toEqual([{ id: session.id }]);
    expect(await storedSession(db, session.id)).toBeUndefined();
  });

  it("has no effect on the session of another user", async () => {
    expect(await asUser(ben, DELETE, session.id)).toEqual([]);
    expect(await storedSession(db, session.id)).toEqual(session);
  });

  it("has no effect on the session of another user in a statement without a condition", async () => {
    await asUser(ben, "delete from wizard_sessions");
    expect(await storedSession(db, bens.id)).toBeUndefined();
    expect(await storedSession(db, session.id)).toEqual(session);
  });

  it("is denied to an anonymous client", async () => {
    expect(await refusal(asAnon(DELETE, session.id))).toMatchObject(NO_PERMISSION);
    expect(await storedSession(db, session.id)).toEqual(session);
  });

  it("is allowed for service_role, whichever user owns it", async () => {
    expect(await asService(DELETE, session.id)).toEqual([{ id: session.id }]);
    expect(await storedSession(db, session.id)).toBeUndefined();
  });
});

describe("the event of a session", () => {
  const ATTACH = "update wizard_sessions set event_id = $2 where id = $1";
  const INSERT_WITH = "insert into wizard_sessions (event_id) values ($1)";

  it("can be an event that the same user owns", async () => {
    const event = await createEvent(db, ada);
    await asUser(ada, ATTACH, session.id, event);
    expect(await storedSession(db, session.id)).toMatchObject({ event_id: event });
    await asUser(ada, INSERT_WITH, event);
    expect(await countSessions(db, ada)).toBe(2);
  });

  it.each([
    { which: "an event that another user owns", makeEvent: () => createEvent(db, ben) },
    // The same error, so that it does not reveal which ids exist.
    { which: "an unknown event", makeEvent: async () => randomUUID() },
  ])("can't be $which", async ({ makeEvent }) => {
    const event = await makeEvent();
    expect(await refusal(asUser(ada, ATTACH, session.id, event))).toMatchObject(BY_EVENT_POLICY);
    expect(await refusal(asUser(ada, INSERT_WITH, event))).toMatchObject(BY_EVENT_POLICY);
    expect(await storedSession(db, session.id)).toEqual(session);
    expect(await countSessions(db, ada)).toBe(1);
  });
});

describe("a column that only the database sets", () => {
  const forgery = (column: string, type: string, value: string) => ({ column, type, value });
  const past = "2001-01-01T00:00:00Z";

  describe.each([
    { writer: "a user", write: (statement: string, ...values: unknown[]) => asUser(ada, statement, ...values) },
    { writer: "service_role", write: asService },
  ])("can't be written by $writer", ({ write }) => {
    it.each([
      forgery("started_at", "timestamptz", past),
      forgery("last_saved_at", "timestamptz", past),
      forgery("completed_at", "timestamptz", past),
      forgery("revision", "integer", "7"),
    ])("in an insert: $column", async ({ column, type, value }) => {
      const statement = `insert into wizard_sessions (user_id, ${column}) values ($1, $2::${type})`;
      expect(await refusal(write(statement, ada, value))).toMatchObject(NO_PERMISSION);
      expect(await countSessions(db, ada)).toBe(1);
    });

    it.each([
      forgery("id", "uuid", randomUUID()),
      forgery("started_at", "timestamptz", past),
      forgery("last_saved_at", "timestamptz", past),
      forgery("completed_at", "timestamptz", past),
    ])("in an update: $column", async ({ column, type, value }) => {
      const statement = `update wizard_sessions set ${column} = $2::${type} where id = $1`;
      expect(await refusal(write(statement, session.id, value))).toMatchObject(NO_PERMISSION);
      expect(await storedSession(db, session.id)).toEqual(session);
    });

    it("in an update: user_id, even if the value is the same", async () => {
      const statement = "update wizard_sessions set user_id = $2 where id = $1";
      expect(await refusal(write(statement, session.id, ben))).toMatchObject(NO_PERMISSION);
      expect(await refusal(write(statement, session.id, ada))).toMatchObject(NO_PERMISSION);
      expect(await storedSession(db, session.id)).toEqual(session);
    });
  });

  it("can be written by the owner of the table, so the errors above come from the grants", async () => {
    const client = await db.root.connect();
    try {
      await client.query("begin; set local role stagekeep_owner");
      const { rows } = await client.query<{ year: number }>(
        "update wizard_sessions set started_at = $2 where id = $1 returning extract(year from started_at)::int as year",
        [session.id, past],
      );
      expect(singleRow(rows).year).toBe(2001);
    } finally {
      await client.query("rollback");
      client.release();
    }
  });
});

describe("truncating wizard_sessions", () => {
  it.each([
    { who: "a user", truncate: (statement: string) => asUser(ada, statement) },
    { who: "an anonymous client", truncate: (statement: string) => asAnon(statement) },
    { who: "service_role", truncate: (statement: string) => asService(statement) },
  ])("is denied to $who", async ({ truncate }) => {
    expect(await refusal(truncate("truncate wizard_sessions cascade"))).toMatchObject(NO_PERMISSION);
    expect(await storedSession(db, session.id)).toEqual(session);
  });
});
