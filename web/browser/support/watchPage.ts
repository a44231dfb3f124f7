import type { JournalRecord } from "../../../client/autosave/journal.ts";

/** What happened in a page, in its order. */
export type PageRecord = { readonly at: number; readonly session: string | undefined } & (
  | { readonly kind: "typed"; readonly pointer: string; readonly value?: string | number | boolean }
  /** What it said of saving, whenever that, what was typed or what is journaled has changed. */
  | { readonly kind: "said"; readonly shown: string; readonly told: string }
  /** What its journal held from then on: written and committed. */
  | { readonly kind: "journaled"; readonly key: string; readonly record?: JournalRecord }
);

/** The function that a page finds under this name takes its records, as JSON. */
export const REPORT = "stagekeepTestReport";

/**
 * Runs in each page before its own scripts, so it may use nothing from here but its arguments: looks at what is typed
 * and what is said of it, all the time, and at what IndexedDB has committed.
 */
export function watchPage(reportName: string): void {
  const LOOK_EVERY_MS = 50;
  type Happened<R = PageRecord> = R extends PageRecord ? Omit<R, "at" | "session"> : never;
  const send = Reflect.get(window, reportName) as (record: string) => Promise<void>;
  let happened = 0;
  const report = (record: Happened) => {
    happened += 1;
    const session = /^\/sessions\/([^/]+)/.exec(location.pathname)?.[1];
    // A page that is being left can't tell any more.
    send(JSON.stringify({ at: Date.now(), session, ...record })).catch(() => {});
  };

  // Before the page itself hears of it. Dates, amounts and lists to search in are kept otherwise than they are typed.
  const typedInto = (field: EventTarget | null) => {
    if (field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement) return field.value;
    if (!(field instanceof HTMLInputElement) || field.role === "combobox" || field.inputMode === "decimal") return;
    if (field.type === "checkbox") return field.checked;
    if (field.inputMode === "numeric" && field.value !== "" && !Number.isNaN(Number(field.value))) {
      return Number(field.value);
    }
    return ["text", "email", "url", "radio", "color"].includes(field.type) ? field.value : undefined;
  };
  window.addEventListener(
    "input",
    ({ target }) => {
      const value = typedInto(target);
      const pointer = (target as Element).closest<HTMLElement>('[data-pointer^="/"]')?.dataset.pointer;
      if (value === undefined || pointer === undefined) return;
      report({ kind: "typed", pointer, ...(value !== "" && { value }) });
    },
    { capture: true },
  );

  let last = "";
  const look = () => {
    const line = document.querySelector('[data-testid="save-status"]');
    if (!line) return;
    const shown = line.textContent ?? "";
    const told = line.parentElement?.querySelector('[role="status"]')?.textContent ?? "";
    const now = JSON.stringify([shown, told, happened]);
    if (now === last) return;
    report({ kind: "said", shown, told });
    last = JSON.stringify([shown, told, happened]);
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
  setInterval(look, LOOK_EVERY_MS);

  const written = new WeakMap<IDBTransaction, Happened[]>();
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (...args) {
    const made = transaction.apply(this, args);
    written.set(made, []);
    // The first to be told: before whoever waits for it goes on.
    made.addEventListener("complete", () => written.get(made)?.forEach(report));
    return made;
  };
  const { put, delete: remove } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (record: JournalRecord, ...more) {
    written
      .get(this.transaction)
      ?.push({ kind: "journaled", key: `${record.owner} ${record.tab}`, record: structuredClone(record) });
    return put.call(this, record, ...more);
  };
  IDBObjectStore.prototype.delete = function (key) {
    if (Array.isArray(key)) written.get(this.transaction)?.push({ kind: "journaled", key: key.join(" ") });
    return remove.call(this, key);
  };
}
