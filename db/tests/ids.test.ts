import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { publish } from "../../testkit/events.ts";
import { createEvent } from "../../testkit/rows.ts";

const db = useTestDatabase();
const VERSION_7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const timeOf = (id: string) => Number.parseInt(id.slice(0, 13).replace("-", ""), 16);

describe("app_private.uuid_v7", () => {
  it("makes UUIDs of version 7 that begin with the time and end with random bits", async () => {
    const { rows } = await db.root.query<{ id: string; before: string; after: string }>(
      `select app_private.uuid_v7() as id, floor(extract(epoch from now()) * 1000)::text as before,
              floor(extract(epoch from clock_timestamp()) * 1000)::text as after
         from generate_series(1, 1000)`,
    );
    for (const { id, before, after } of rows) {
      expect(id).toMatch(VERSION_7);
      expect(timeOf(id)).toBeGreaterThanOrEqual(Number(before));
      expect(timeOf(id)).toBeLessThanOrEqual(Number(after));
    }
    const ends = rows.map(({ id }) => id.slice(19));
    expect(new Set(ends).size).toBe(1000);
    expect(new Set(ends.map(([first]) => first))).toEqual(new Set("89ab"));
  });

  it("can't be called by anonymous clients", async () => {
    const call = db.asAnon((client) => client.query("select app_private.uuid_v7()"));
    expect(await refusal(call)).toMatchObject({ code: "42501" });
  });
});

it("makes the ids of events, both of drafts and of published ones", async () => {
  const ada = randomUUID();
  const ids = [await createEvent(db, ada), (await publish(db, ada)).id];
  for (const id of ids) {
    expect(id).toMatch(VERSION_7);
    expect(Math.abs(timeOf(id) - Date.now())).toBeLessThan(60_000);
  }
});
