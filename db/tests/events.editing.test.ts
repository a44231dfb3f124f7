import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { createEvent, storedSession } from "../../testkit/rows.ts";

const db = useTestDatabase();
let ada: string;
beforeEach(() => {
  ada = randomUUID();
});

const start = (id: string, event: string) =>
  db.asUser(ada, (client) => client.query("select start_wizard_session($1, $2)", [id, event]));
const deleteEvent = (id: string) => db.asUser(ada, (client) => client.query("delete from events where id = $1", [id]));

describe("starting a session for an event", () => {
  it("returns the session when it exists, also after the event was deleted", async () => {
    const [id, event] = [randomUUID(), await createEvent(db, ada)];
    await start(id, event);
    await deleteEvent(event);
    const before = await storedSession(db, id);
    expect(await start(id, event)).toMatchObject({ rowCount: 1 });
    expect(await storedSession(db, id)).toEqual(before);
    expect(before).toMatchObject({ event_id: null });
  });

  it("is refused for a new session when the event does not exist", async () => {
    const id = randomUUID();
    expect(await refusal(start(id, randomUUID()))).toMatchObject({ code: "42501" });
    expect(await storedSession(db, id)).toBeUndefined();
  });
});
