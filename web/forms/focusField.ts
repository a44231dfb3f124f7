const FOCUSABLE = "input:not([type=color]), select, textarea, button";

/** Brings a field into view, and the keyboard to it. False where the form does not show it. */
export function focusField(pointer: string): boolean {
  const field = document.querySelector(`[data-pointer="${CSS.escape(pointer)}"]`);
  const input =
    field?.querySelector<HTMLElement>("input:checked:not([disabled])") ?? field?.querySelector<HTMLElement>(FOCUSABLE);
  if (!input) return false;
  input.focus({ preventScroll: true });
  field?.scrollIntoView({ block: "center" });
  return true;
}
