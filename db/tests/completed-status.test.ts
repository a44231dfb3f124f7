import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import pg from "pg";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { complete, completeState, publish } from "../../testkit/events.ts";
import { countSessions, createEvent, singleRow, startSession, storedSession } from "../../testkit/rows.ts";
import { update } from "../../testkit/saving.ts";
import { problemsOf } from "../../wizard/problems.ts";
import { COMPLETE_HYBRID_STATE, COMPLETE_ONLINE_STATE, COMPLETE_STATE } from "../../wizard/testing/completeState.ts";

const db = useTestDatabase();

interface Missing {
  readonly stage: number;
  readonly pointer: string;
  readonly code: string;
}

async function missingAnswers(state: unknown): Promise<Missing[] | null> {
  const { rows } = await db.root.query<{ missing: Missing[] | null }>(
    "select app_private.missing_answers($1) as missing",
    [JSON.stringify(state)],
  );
  return singleRow(rows).missing;
}

describe("the missing answers of a state", () => {
  const sorted = (problems: readonly Missing[] | null) =>
    problems?.map(({ stage, pointer, code }) => `${stage} ${pointer} ${code}`).sort();

  it.each([
    [{}],
    [{ location: { mode: "venue" } }],
    [{ location: { mode: "online" } }],
    [{ location: { mode: "hybrid" } }],
  ])("are those that the schemas require in %j", async (state) => {
    expect(sorted(await missingAnswers(state))).toEqual(sorted(problemsOf(state)));
  });

  it.each([
    ["at a venue", COMPLETE_STATE],
    ["online", COMPLETE_ONLINE_STATE],
    ["at a venue and online", COMPLETE_HYBRID_STATE],
  ])("are null if an event %s is complete", async (_, state) => {
    expect(await missingAnswers(state)).toBeNull();
  });

  it.each([
    ["null", { basics: { ...COMPLETE_STATE.basics, title: null } }, "/basics/title"],
    ["only spaces", { basics: { ...COMPLETE_STATE.basics, title: " \n\u200b" } }, "/basics/title"],
    ["no ticket", { tickets: { tickets: {} } }, "/tickets/tickets"],
    ["tickets that are not an object", { tickets: { tickets: [1] } }, "/tickets/tickets"],
    [
      "terms that are not accepted",
      { publish: { ...COMPLETE_STATE.publish, acceptTerms: false } },
      "/publish/acceptTerms",
    ],
  ])("include an answer that is %s", async (_, stages, pointer) => {
    expect(await missingAnswers({ ...COMPLETE_STATE, ...stages })).toMatchObject([{ pointer, code: "required" }]);
  });

  it.each([
    ["a number", 5],
    ["a text", "basics"],
    ["an array", [{}]],
    ["null", null],
  ])("are all answers if the state is %s", async (_, state) => {
    expect(await missingAnswers(state)).toEqual(await missingAnswers({}));
  });
});

const INCOMPLETE = { basics: { title: "Summer party" } };
const REFUSED = { code: "WZ422", message: "The session can't be completed yet: required answers are missing." };

async function refusedProblems(attempt: Promise<unknown>) {
  const { code, message, detail } = await refusal(attempt);
  expect({ code, message }).toEqual(REFUSED);
  return JSON.parse(detail ?? "").problems;
}

describe("the status completed", () => {
  it("is refused with the missing answers if its user or service_role sets it in a session that lacks some", async () => {
    const ada = randomUUID();
    const session = await startSession(db, ada, { state: INCOMPLETE });
    const complete = (client: pg.ClientBase) =>
      client.query("update wizard_sessions set status = 'completed', stage = 6 where id = $1", [session.id]);
    for (const attempt of [() => db.asUser(ada, complete), () => db.asService(complete)]) {
      expect(await refusedProblems(attempt())).toEqual(await missingAnswers(INCOMPLETE));
      expect(await storedSession(db, session.id)).toEqual(session);
    }
  });

  it("is refused in a new session that lacks answers", async () => {
    const { user_id: ada } = await startSession(db, randomUUID());
    const insert = (client: pg.ClientBase) =>
      client.query("insert into wizard_sessions (user_id, status) values ($1, 'completed')", [ada]);
    for (const attempt of [() => db.asUser(ada, insert), () => db.asService(insert)]) {
      expect(await refusedProblems(attempt())).toEqual(await missingAnswers({}));
    }
    expect(await countSessions(db, ada)).toBe(1);
  });

  it("is refused in an abandoned session that lacks answers, which stays abandoned", async () => {
    const ada = randomUUID();
    const session = await startSession(db, ada, { status: "abandoned" });
    await refusedProblems(update(db, ada, session.id, { stage: 2, status: "completed" }));
    expect(await storedSession(db, session.id)).toEqual(session);
  });

  it("depends on the state that the same update writes", async () => {
    const ada = randomUUID();
    const empty = await startSession(db, ada);
    await update(db, ada, empty.id, { state: COMPLETE_STATE, status: "completed" });
    expect(await storedSession(db, empty.id)).toMatchObject({ state: COMPLETE_STATE, status: "completed" });

    const full = await startSession(db, ada, { state: COMPLETE_STATE });
    await refusedProblems(update(db, ada, full.id, { state: INCOMPLETE, status: "completed" }));
    expect(await storedSession(db, full.id)).toEqual(full);
  });

  it("is refused as locked, and not as incomplete, if the session is completed already", async () => {
    const ada = randomUUID();
    const session = await startSession(db, ada, { status: "completed" });
    const attempt = update(db, ada, session.id, { state: {}, status: "completed" });
    expect(await refusal(attempt)).toMatchObject({ code: "WZ423" });
    expect(await storedSession(db, session.id)).toEqual(session);
  });

  it("is refused for an old revision before the answers are checked", async () => {
    const ada = randomUUID();
    const session = await startSession(db, ada);
    const attempt = update(db, ada, session.id, { revision: 7, status: "completed" });
    expect(await refusal(attempt)).toMatchObject({ code: "WZ409" });
    expect(await storedSession(db, session.id)).toEqual(session);
  });

  it("stays when the event of a completed session that lacks answers is deleted", async () => {
    const ada = randomUUID();
    const event_id = await createEvent(db, ada);
    const { id } = await startSession(db, ada, { event_id });
    await db.root.query("update wizard_sessions set status = 'completed' where id = $1", [id]);
    await db.asUser(ada, (client) => client.query("delete from events where id = $1", [event_id]));
    expect(await storedSession(db, id)).toMatchObject({ event_id: null, status: "completed", state: {} });
  });

  it("can be set by the owner in any session, to import sessions that were completed elsewhere", async () => {
    const { user_id, id } = await startSession(db, randomUUID());
    const owner = new pg.Client({ connectionString: db.ownerUrl });
    await owner.connect();
    try {
      await owner.query("update wizard_sessions set status = 'completed' where id = $1", [id]);
      await owner.query("insert into wizard_sessions (user_id, status) values ($1, 'completed')", [user_id]);
    } finally {
      await owner.end();
    }
    const { rows } = await db.root.query("select status, state from wizard_sessions where user_id = $1", [user_id]);
    expect(rows).toEqual([1, 2].map(() => ({ status: "completed", state: {} })));
  });

  it("is set by complete_wizard_session if only the merge with the event has all answers", async () => {
    const ada = randomUUID();
    const { id: event_id } = await publish(db, ada);
    const base = singleRow((await db.root.query("select app_private.event_answers($1) as answers", [event_id])).rows);
    const { acceptTerms } = COMPLETE_STATE.publish;
    const state = {
      ...base.answers,
      location: { ...base.answers.location, mode: "hybrid" },
      publish: { ...base.answers.publish, acceptTerms },
    };
    const { id } = await startSession(db, ada, { event_id, state });
    const joinUrl = "https://meet.example.com/summer-party";
    await db.root.query("update event_private_details set join_url = $2 where event_id = $1", [event_id, joinUrl]);

    expect(await missingAnswers(state)).toMatchObject([{ pointer: "/location/joinUrl" }]);
    const answers = { ...state, location: { ...state.location, joinUrl } };
    expect(await complete(db, ada, { id, base: 0, answers })).toMatchObject({ status: "completed", event_id });
  });
});

it("a session with all answers can be completed by a plain update, which publishes nothing", async () => {
  const ada = randomUUID();
  const { id } = await startSession(db, ada, { state: completeState() });
  await update(db, ada, id, { status: "completed" });
  expect(await storedSession(db, id)).toMatchObject({ status: "completed", revision: 1, event_id: null });
});
