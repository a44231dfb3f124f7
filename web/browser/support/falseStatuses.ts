import { shownState } from "../../../client/autosave/pending.ts";
import { isEqual } from "../../../json/equality.ts";
import { valueAt } from "../../../json/pointer.ts";
import type { Acknowledged } from "./fakeNetwork.ts";
import type { PageRecord } from "./watchPage.ts";

/** A page from its opening to its end, including reloads. */
export interface PageLife {
  readonly name: string;
  readonly records: readonly PageRecord[];
}

type Typed = Extract<PageRecord, { kind: "typed" }>;

/**
 * The false save statuses of a page, one sentence each. `before` are the pages of the same browser that had ended when
 * this one was opened: what was typed there counts too.
 *
 * - "Saved" is true if the server has returned a revision with everything that was typed until then.
 * - "kept on this device" is true if the journal has everything that no such revision has.
 */
export function falseStatuses(
  page: PageLife,
  before: readonly PageLife[],
  acknowledged: readonly Acknowledged[],
): string[] {
  const found = new Set<string>();
  const typed = new Map<string, Typed>();
  const journal = new Map<string, Extract<PageRecord, { kind: "journaled" }>>();
  let statuses = 0;

  const isAcknowledged = (entry: Typed, by: number) => {
    const known = acknowledged.filter(({ session, at }) => session === entry.session && at <= by);
    const since = known.filter(({ at }) => at >= entry.at);
    const latest = known.filter(({ at }) => at < entry.at).reduce<Acknowledged | undefined>(newer, undefined);
    return [latest, ...since].some((answer) => answer && isEqual(valueAt(answer.state, entry.pointer), entry.value));
  };
  const isJournaled = (entry: Typed) =>
    [...journal.values()].some(
      ({ record }) => record && isEqual(valueAt(shownState(record.pending), entry.pointer), entry.value),
    );
  const missingFor = (text: string, unsaved: readonly Typed[]) => {
    if (/^(?:Saved|Completed)/.test(text)) return unsaved;
    return text.includes("kept on this device") ? unsaved.filter((entry) => !isJournaled(entry)) : [];
  };

  const replay = (record: PageRecord) => {
    if (record.kind === "typed") typed.set(`${record.session} ${record.pointer}`, record);
    else if (record.kind === "journaled") journal.set(record.key, record);
    else {
      statuses += 1;
      const ofSession = [...typed.values()].filter((entry) => entry.session === record.session);
      const unsaved = ofSession.filter((entry) => !isAcknowledged(entry, record.at));
      for (const text of [record.shown, record.announced]) {
        for (const { pointer, value } of missingFor(text, unsaved)) {
          found.add(
            `${page.name} showed "${text}" although ${JSON.stringify(value)} at ${pointer} was not stored yet.`,
          );
        }
      }
    }
  };
  for (const record of before.flatMap(({ records }) => records)) if (record.kind !== "status") replay(record);
  for (const record of page.records) replay(record);
  if (statuses === 0 && page.records.some(({ kind }) => kind === "typed")) found.add(`${page.name} showed no status.`);
  return [...found];
}

function newer(one: Acknowledged | undefined, other: Acknowledged): Acknowledged {
  return one && one.revision > other.revision ? one : other;
}
