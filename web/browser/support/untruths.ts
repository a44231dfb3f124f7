import { shownState } from "../../../client/autosave/pending.ts";
import { isEqual } from "../../../json/equality.ts";
import { valueAt } from "../../../json/pointer.ts";
import type { Acknowledged } from "./between.ts";
import type { PageRecord } from "./watchPage.ts";

/** One page from its opening to its end, reloads included. */
export interface PageLife {
  readonly name: string;
  readonly records: readonly PageRecord[];
}

type Typed = Extract<PageRecord, { kind: "typed" }>;

/**
 * What a page has said of saving and was not so, each as a sentence. `before` are the pages of the same browser that
 * had ended when it was opened: it answers for what was typed there, too.
 *
 * - «Saved»: the server has handed out a revision with everything that was typed by then.
 * - «Kept on this device»: what it has not, the journal has.
 */
export function untruths(page: PageLife, before: readonly PageLife[], acknowledged: readonly Acknowledged[]): string[] {
  const found = new Set<string>();
  const typed = new Map<string, Typed>();
  const journal = new Map<string, Extract<PageRecord, { kind: "journaled" }>>();
  let heard = 0;

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

  const hear = (record: PageRecord) => {
    if (record.kind === "typed") typed.set(`${record.session} ${record.pointer}`, record);
    else if (record.kind === "journaled") journal.set(record.key, record);
    else {
      heard += 1;
      const open = [...typed.values()].filter((entry) => entry.session === record.session);
      const unsaved = open.filter((entry) => !isAcknowledged(entry, record.at));
      for (const words of [record.shown, record.told]) {
        const lacking = /^(?:Saved|Completed)/.test(words)
          ? unsaved
          : words.startsWith("Kept on this device")
            ? unsaved.filter((entry) => !isJournaled(entry))
            : [];
        for (const { pointer, value } of lacking) {
          found.add(
            `${page.name} said «${words}» when ${pointer} was ${JSON.stringify(value)}, which was nowhere yet.`,
          );
        }
      }
    }
  };
  for (const record of before.flatMap(({ records }) => records)) if (record.kind !== "said") hear(record);
  for (const record of page.records) hear(record);
  if (heard === 0 && page.records.some(({ kind }) => kind === "typed")) found.add(`${page.name} said nothing at all.`);
  return [...found];
}

function newer(one: Acknowledged | undefined, other: Acknowledged): Acknowledged {
  return one && one.revision > other.revision ? one : other;
}
