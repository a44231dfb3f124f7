import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { complete, completeState } from "../../testkit/events.ts";
import { createEvent, singleRow, startSession } from "../../testkit/rows.ts";
import { COMPLETE_STATE } from "../../wizard/testing/completeState.ts";

const db = useTestDatabase();
const ada = randomUUID();

const FIRST = "0001-01-01 00:00:00+00";
const LAST = "9999-12-31 23:59:59.999999+00";
const REFUSED = [
  "infinity",
  "-infinity",
  "4000-01-01 00:00:00+00 BC",
  "0001-12-31 23:59:59+00 BC",
  "10000-01-01 00:00:00+00",
];

it("every column for times that users can set, by grants or by completing, has a check of its range", async () => {
  const { rows } = await db.root.query<{ column: string; checked: boolean }>(
    `select attrelid::regclass || '.' || attname as column, exists (
       select from pg_constraint c where c.conrelid = attrelid and c.contype = 'c' and c.conkey = array[attnum]
          and pg_get_constraintdef(c.oid) like '%app_private.is_time(%'
     ) as checked
       from pg_attribute where atttypid = 'timestamptz'::regtype and attnum > 0
        and attrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r') order by 1`,
  );
  // Set by triggers and defaults singleRow.
  const own = /created_at|started_at|last_saved_at|completed_at|saved_at|forget_after|deleted_at|updated_at/;
  expect(rows.filter(({ column, checked }) => !checked && !own.test(column))).toEqual([]);
  expect(rows.filter(({ checked }) => checked).map(({ column }) => column)).toEqual([
    ...["event_tickets.sales_end", "event_tickets.sales_start"],
    ...["events.doors_at", "events.ends_at", "events.publish_at", "events.starts_at"],
  ]);
});

describe.each(["starts_at", "ends_at"])("events.%s", (column) => {
  const write = async (time: string) => {
    const id = await createEvent(db, ada);
    await db.asUser(ada, (client) =>
      client.query("update events set starts_at = null, ends_at = null where id = $1", [id]),
    );
    return db.asUser(ada, (client) => client.query(`update events set ${column} = $2 where id = $1`, [id, time]));
  };

  it.each(REFUSED)("can't be %s", async (time) => {
    expect(await refusal(write(time))).toMatchObject({ code: "23514", constraint: `events_${column}_range_check` });
  });

  it.each([FIRST, LAST])("can be %s", async (time) => {
    await expect(write(time)).resolves.toMatchObject({ rowCount: 1 });
  });
});

describe("completing", () => {
  const { schedule } = COMPLETE_STATE;
  const ticket = { name: "Seat", kind: "free", quantity: 1 };
  const withTicket = (more: object) => ({ tickets: { currency: "EUR", tickets: { t: { ...ticket, ...more } } } });
  it.each<[string, Parameters<typeof completeState>[0]]>([
    ["events_ends_at_range_check", { schedule: { ...schedule, endsAt: "infinity" } }],
    ["events_doors_at_range_check", { schedule: { ...schedule, doorsAt: "-infinity" } }],
    ["events_publish_at_range_check", { publish: { ...COMPLETE_STATE.publish, publishAt: "-infinity" } }],
    ["event_tickets_sales_start_range_check", withTicket({ salesStart: "4000-01-01 00:00:00Z BC" })],
    ["event_tickets_sales_end_range_check", withTicket({ salesStart: null, salesEnd: "-infinity" })],
  ])("is refused by %s, although SQL reads the answers of any caller", async (constraint, stages) => {
    const state = completeState(stages);
    const { id } = await startSession(db, ada, { state });
    expect(await refusal(complete(db, ada, { id, base: 0, answers: state }))).toMatchObject({
      code: "23514",
      constraint,
    });
  });
});

it("app_private.is_time leaves null alone", async () => {
  const { rows } = await db.root.query("select app_private.is_time(null) as valid");
  expect(singleRow(rows).valid).toBeNull();
});
