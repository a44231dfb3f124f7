import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { refusal, useTestDatabase } from "../../testkit/database.ts";
import { complete, completeState, storedEvent } from "../../testkit/events.ts";
import { createEvent, singleRow, startSession } from "../../testkit/rows.ts";
import { BLANK_TEXTS, NOT_ONE_LINE, VISIBLE_TEXTS } from "../../wizard/testing/texts.ts";
import { isBlankText, isOneLine } from "../../wizard/texts.ts";

const db = useTestDatabase();
const ada = randomUUID();

async function isText(value: string | null, more = "") {
  const { rows } = await db.root.query(`select app_private.is_text($1, 50 ${more}) as valid`, [value]);
  return singleRow(rows).valid;
}

describe("app_private.is_text()", () => {
  it.each(BLANK_TEXTS)("refuses %s", async (_, text) => {
    expect(await isText(text)).toBe(false);
    expect(await isText(text, ", multiline => true")).toBe(false);
  });

  it.each(VISIBLE_TEXTS)("accepts %s", async (_, text) => expect(await isText(text)).toBe(true));

  it.each(NOT_ONE_LINE)("accepts %s in a multiline text only", async (_, text) => {
    expect(await isText(text)).toBe(false);
    expect(await isText(text, ", multiline => true")).toBe(true);
  });

  it("refuses the empty text and one that is too long, and leaves null alone", async () => {
    expect([await isText(""), await isText("x".repeat(50)), await isText("x".repeat(51))]).toEqual([
      false,
      true,
      false,
    ]);
    expect(await isText(null)).toBeNull();
  });

  it("decides every character as TypeScript does", async () => {
    const { rows } = await db.root.query<{ shown: number[]; one_line: number[] }>(
      `select array_agg(n order by n) filter (where app_private.is_text(chr(n), 1, multiline => true)) as shown,
              array_agg(n order by n) filter (where app_private.is_text('a' || chr(n), 2)) as one_line
         from generate_series(1, 1114111) n
        where n not between 55296 and 57343 and (n < 262144 or n between 917504 and 921600)`,
    );
    const all = Array.from({ length: 0x110000 }, (_, n) => n).filter(
      (n) => n > 0 && (n < 0xd800 || n > 0xdfff) && (n < 262144 || (n >= 917504 && n <= 921600)),
    );
    expect(singleRow(rows).shown).toEqual(all.filter((n) => !isBlankText(String.fromCodePoint(n))));
    expect(singleRow(rows).one_line).toEqual(all.filter((n) => isOneLine(String.fromCodePoint(n))));
  });
});

describe("an event", () => {
  it.each(["\u2060\u3164", "Summer\nparty", "\u202eParty"])("can't get the title %j", async (title) => {
    const id = await createEvent(db, ada);
    const rename = db.asUser(ada, (client) => client.query("update events set title = $2 where id = $1", [id, title]));
    expect(await refusal(rename)).toMatchObject({ code: "23514", constraint: "events_title_check" });
  });

  it("can't be published with a ticket whose name shows nothing", async () => {
    const tickets = { currency: "EUR", tickets: { t: { name: "\u200b", kind: "free", quantity: 1 } } };
    const state = completeState({ tickets });
    const session = await startSession(db, ada, { state });
    expect(await refusal(complete(db, ada, { id: session.id, base: 0, answers: state }))).toMatchObject({
      code: "23514",
      constraint: "event_tickets_name_check",
    });
  });

  it("can be published with texts of every script", async () => {
    const basics = { title: "می‌خواهم 👩‍👩‍👧‍👦", category: "music", organizerName: "❤️" };
    const state = completeState({ basics });
    const session = await startSession(db, ada, { state });
    const { event_id } = await complete(db, ada, { id: session.id, base: 0, answers: state });
    expect(await storedEvent(db, event_id)).toMatchObject({ title: basics.title, organizer_name: "❤️" });
  });
});
