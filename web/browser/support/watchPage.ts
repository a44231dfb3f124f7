import type { JournalRecord } from "../../../client/autosave/journal.ts";

/** An event in a page. */
export type PageRecord = { readonly at: number; readonly session: string | undefined } & (
  | { readonly kind: "typed"; readonly pointer: string; readonly value?: string | number | boolean }
  /** The save status, visible and announced. Recorded when it changes, and after each edit and journal write. */
  | { readonly kind: "status"; readonly shown: string; readonly announced: string }
  /** A committed change of the journal. Without `record`, the entry was deleted. */
  | { readonly kind: "journaled"; readonly key: string; readonly record?: JournalRecord }
);

/** The name of the global function through which a page sends its records, as JSON. */
export const REPORT = "stagekeepTestReport";

/**
 * Records what is typed, which save status the page shows, and what IndexedDB commits. It runs in each page before the
 * scripts of the page, so it can only use its arguments.
 */
export function watchPage(reportName: string): void {
  const CHECK_EVERY_MS = 50;
  type NewRecord<R = PageRecord> = R extends PageRecord ? Omit<R, "at" | "session"> : never;
  const send = Reflect.get(window, reportName) as (record: string) => Promise<void>;
  let recorded = 0;
  const report = (record: NewRecord) => {
    recorded += 1;
    const session = /^\/sessions\/([^/]+)/.exec(location.pathname)?.[1];
    // Fails while the page is being unloaded.
    send(JSON.stringify({ at: Date.now(), session, ...record })).catch(() => {});
  };

  // Dates, amounts and searchable lists are left out: the page stores them in another form than they are typed.
  const typedInto = (field: EventTarget | null) => {
    if (field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement) return field.value;
    if (!(field instanceof HTMLInputElement) || field.role === "combobox" || field.inputMode === "decimal") return;
    if (field.type === "checkbox") return field.checked;
    if (field.inputMode === "numeric" && field.value !== "" && !Number.isNaN(Number(field.value))) {
      return Number(field.value);
    }
    return ["text", "email", "url", "radio", "color"].includes(field.type) ? field.value : undefined;
  };
  // The capture phase comes before the handlers of the page.
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
  const checkStatus = () => {
    const line = document.querySelector('[data-testid="save-status"]');
    if (!line) return;
    const shown = line.textContent ?? "";
    const announced = line.parentElement?.querySelector('[role="status"]')?.textContent ?? "";
    const now = JSON.stringify([shown, announced, recorded]);
    if (now === last) return;
    report({ kind: "status", shown, announced });
    last = JSON.stringify([shown, announced, recorded]);
  };
  new MutationObserver(checkStatus).observe(document, { subtree: true, childList: true, characterData: true });
  setInterval(checkStatus, CHECK_EVERY_MS);

  const written = new WeakMap<IDBTransaction, NewRecord[]>();
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (...args) {
    const made = transaction.apply(this, args);
    written.set(made, []);
    // Added first, so it runs before the listeners of the page.
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
