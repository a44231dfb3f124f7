import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { backdate } from "../../testkit/backdating.ts";
import { useTestDatabase } from "../../testkit/database.ts";
import { readFunnel } from "../../testkit/funnel.ts";
import { singleRow, startSession } from "../../testkit/rows.ts";
import { revisionNumbers, save, update } from "../../testkit/saving.ts";
import { COMPLETE_STATE } from "../../wizard/testing/completeState.ts";

const db = useTestDatabase();
const DAY_MS = 24 * 60 * 60 * 1000;
const YEAR_AGO = new Date(Date.now() - 365 * DAY_MS).toISOString();
const TOMORROW = new Date(Date.now() + DAY_MS).toISOString();

const ada = randomUUID();
const funnel = () => db.asAnalyst((client) => readFunnel(client, YEAR_AGO, TOMORROW));
const thin = () => db.root.query("select app_private.thin_wizard_session_revisions(500)");
const purge = () => db.root.query("select app_private.purge_wizard_sessions('180 days', 500)");

/** Saves a session after a pause. */
async function saveAfter(pause: string, id: string, stage?: number) {
  await backdate(db, id, pause);
  const base = (await revisionNumbers(db, id)).at(-1) ?? 0;
  await save(db, ada, { id, base, patch: { n: base }, ...(stage !== undefined && { stage }) });
}

/** Returns the working time of a session at all stages, in minutes. */
async function minutesSpent(id: string): Promise<number> {
  const { rows } = await db.root.query<{ minutes: number }>(
    `select round(coalesce(sum(seconds), 0) / 60)::int as minutes
       from wizard_sessions cross join unnest(stage_seconds) seconds where id = $1`,
    [id],
  );
  return singleRow(rows).minutes;
}

beforeEach(() => db.root.query("truncate profiles cascade"));

describe("a save", () => {
  it("adds the time since the previous save, but at most half an hour", async () => {
    const { id } = await startSession(db, ada);
    expect(await minutesSpent(id)).toBe(0);
    for (const [pause, minutes] of [
      ["20 minutes", 20],
      ["25 minutes", 45],
      ["9 hours", 75],
      ["1 minute", 76],
    ] as const) {
      await saveAfter(pause, id);
      expect(await minutesSpent(id)).toBe(minutes);
    }
  });

  it.each([
    ["the sweep", () => db.root.query("select app_private.abandon_wizard_sessions('30 days', 500)")],
    ["its user", (id: string) => update(db, ada, id, { status: "abandoned" })],
  ])(
    "does not count the idle time before %s abandoned the session, or the time until it was resumed",
    async (_, abandon) => {
      const { id } = await startSession(db, ada);
      await saveAfter("20 minutes", id);
      await backdate(db, id, "31 days");
      await abandon(id);
      expect(await minutesSpent(id)).toBe(20);
      await saveAfter("10 minutes", id);
      expect(await minutesSpent(id)).toBe(20);
      await saveAfter("5 minutes", id);
      expect(await minutesSpent(id)).toBe(25);
    },
  );
});

describe("the funnel", () => {
  it("returns the same numbers after old history has been thinned", async () => {
    for (let n = 0; n < 5; n++) {
      const { id } = await startSession(db, ada);
      for (let saves = 0; saves < 6; saves++) await saveAfter("20 minutes", id);
      await saveAfter("9 hours", id, 2);
      await saveAfter("10 minutes", id);
      await backdate(db, id, "10 minutes");
      // The null makes the last revision a checkpoint, so that those before it are thinned.
      await update(db, ada, id, { stage: 3, state: { none: null } });
      await backdate(db, id, "91 days");
    }
    const before = await funnel();
    expect(before.map(({ median_seconds }) => median_seconds && Math.round(median_seconds / 60))).toEqual([
      ...[150, 20, null, null, null, null],
    ]);
    await thin();
    const { rows } = await db.root.query("select distinct revision from wizard_session_revisions order by 1");
    expect(rows.map(({ revision }) => revision)).toEqual([0, 9]);
    expect(await funnel()).toEqual(before);
  });

  it("excludes purged sessions: an old period has only completed sessions and no drop-off", async () => {
    const [completed, abandoned] = [await startSession(db, ada), await startSession(db, ada)];
    await update(db, ada, completed.id, { state: COMPLETE_STATE, status: "completed" });
    await update(db, ada, abandoned.id, { status: "abandoned" });
    for (const { id } of [completed, abandoned]) await backdate(db, id, "181 days");
    expect((await funnel())[0]).toMatchObject({ reached: 2, completed: 1, abandoned: 1, drop_off: 1 });
    await purge();
    expect((await funnel())[0]).toMatchObject({ reached: 1, completed: 1, abandoned: 0, drop_off: 0 });
  });
});
