import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { complete, completeState, publish, storedEvent } from "../../testkit/events.ts";
import { startSession } from "../../testkit/rows.ts";
import { COMPLETE_STATE } from "../../wizard/testing/completeState.ts";

const db = useTestDatabase();
let ada: string;
let ben: string;
let slug: string;
beforeEach(() => {
  [ada, ben] = [randomUUID(), randomUUID()];
  slug = `party-${randomUUID().slice(0, 8)}`;
});

const answers = (visibility: string) =>
  completeState({ page: { ...COMPLETE_STATE.page, slug }, publish: { visibility, acceptTerms: true } });
const publishAs = (sub: string, visibility: string) => publish(db, sub, answers(visibility));
const refusedAs = async (sub: string, visibility: string) => {
  const { code, detail = "" } = await refusal(publishAs(sub, visibility));
  return { code, ...JSON.parse(detail) };
};
const taken = {
  code: "WZ422",
  problems: [expect.objectContaining({ stage: 5, pointer: "/page/slug", code: "taken" })],
};
const asUser = (sub: string, statement: string, ...values: unknown[]) =>
  db.asUser(sub, (client) => client.query(statement, values));
const shown = async () => {
  const { rows } = await db.asAnon((client) => client.query("select (published_event($1)).id", [slug]));
  return rows[0]?.id;
};

describe.each(["public", "unlisted"])("a published event that is %s", (visibility) => {
  it("has its page address for itself, against both kinds of events with an event page", async () => {
    const { id } = await publishAs(ada, visibility);
    expect(await refusedAs(ben, "public")).toEqual(taken);
    expect(await refusedAs(ben, "unlisted")).toEqual(taken);
    expect(await shown()).toBe(id);
  });

  it("has it before its time of publication too", async () => {
    const state = answers(visibility);
    await publish(db, ada, { ...state, publish: { ...state.publish, publishAt: COMPLETE_STATE.publish.publishAt } });
    expect(await shown()).toBeNull();
    expect(await refusedAs(ben, "public")).toEqual(taken);
  });

  it.each(["unpublish_event", "cancel_event"])("gives it up with %s", async (name) => {
    const { id } = await publishAs(ada, visibility);
    await asUser(ada, `select ${name}($1)`, id);
    const { id: next } = await publishAs(ben, visibility);
    expect(await shown()).toBe(next);
    expect(await storedEvent(db, id)).toMatchObject({ slug });
  });

  it("can be published again if the address is still free, and needs another one if it is not", async () => {
    const { id } = await publishAs(ada, visibility);
    await asUser(ada, "select unpublish_event($1)", id);
    const again = async (state: object) => {
      const session = await startSession(db, ada, { event_id: id, state });
      return complete(db, ada, { id: session.id, base: 0, answers: state });
    };
    expect(await again(answers(visibility))).toMatchObject({ event_id: id });
    await asUser(ada, "select unpublish_event($1)", id);
    await publishAs(ben, visibility);
    const { code, detail = "" } = await refusal(again(answers(visibility)));
    expect({ code, ...JSON.parse(detail) }).toEqual(taken);
    const other = { ...answers(visibility), page: { ...COMPLETE_STATE.page, slug: `${slug}-2` } };
    expect(await again(other)).toMatchObject({ event_id: id });
  });
});

describe("a private event", () => {
  it("reveals nothing: others publish at the same address, and it stays unchanged", async () => {
    const { id } = await publishAs(ada, "private");
    const before = await storedEvent(db, id);
    const { id: open } = await publishAs(ben, "public");
    await publishAs(ben, "private");
    expect(await shown()).toBe(open);
    expect(await storedEvent(db, id)).toEqual(before);
  });

  it("can have the address of a public event, and must choose another one to become public", async () => {
    await publishAs(ben, "public");
    const { id } = await publishAs(ada, "private");
    const state = answers("public");
    const session = await startSession(db, ada, { event_id: id, state });
    const { code, detail = "" } = await refusal(complete(db, ada, { id: session.id, base: 0, answers: state }));
    expect({ code, ...JSON.parse(detail) }).toEqual(taken);
    expect(await storedEvent(db, id)).toMatchObject({ visibility: "private" });
  });
});

describe("a draft", () => {
  it("reserves no page address, neither as an event nor as a session", async () => {
    const { id } = await publishAs(ada, "public");
    await asUser(ada, "select unpublish_event($1)", id);
    await startSession(db, ada, { state: answers("public") });
    const { id: next } = await publishAs(ben, "public");
    expect(await shown()).toBe(next);
  });

  it.each(["insert into events (title, slug) values ('Party', $1)", "update events set slug = $1"])(
    "can't be given one directly: %s",
    async (statement) => {
      expect(await refusal(asUser(ada, statement, slug))).toMatchObject({ code: "42501" });
    },
  );
});

describe("the event page", () => {
  it("is found with the index", async () => {
    const client = await db.root.connect();
    try {
      await client.query("begin; set local enable_seqscan = off");
      const { rows } = await client.query(
        "explain select from events where slug = 'a' and status = 'published' and visibility in ('public', 'unlisted')",
      );
      expect(JSON.stringify(rows)).toContain("events_slug_key");
    } finally {
      await client.query("rollback");
      client.release();
    }
  });
});
