import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { useTestDatabase } from "../../testkit/database.ts";
import { interleave } from "../../testkit/locks.ts";
import { countSessions, startSession } from "../../testkit/rows.ts";

const db = useTestDatabase();
let ada: string;
beforeEach(() => {
  ada = randomUUID();
});

const erase = () => db.asUser(ada, (client) => client.query("select erase_me($1)", [ada]));
const start = (id = randomUUID(), event: string | null = null) =>
  db.asUser(ada, (client) => client.query("select start_wizard_session($1, $2)", [id, event]));

// erase_me counts the user's revisions after it has locked the profile; a new session writes its first one.
const PAUSE = "lock table wizard_session_revisions";
const done = expect.objectContaining({ rowCount: 1 });

describe("starting a session while the user's data is erased", () => {
  it("waits, and then creates a new profile", async () => {
    await startSession(db, ada);
    expect(await interleave(db, PAUSE, [erase, () => start()])).toEqual([done, done]);
    expect(await countSessions(db, ada)).toBe(1);
  });

  it("has its session erased when it was first", async () => {
    await startSession(db, ada);
    expect(await interleave(db, PAUSE, [() => start(), erase])).toEqual([done, done]);
    expect(await countSessions(db, ada)).toBe(0);
  });
});
